"""Serves the embedding model with onnxruntime and tokenizers; never trains, exports, downloads or imports torch.

The model was made ready by `rag.retrieval.prepare`. Where the exported model did not agree with its
reference, or a GPU is there, sentence-transformers itself serves (`rag.retrieval.reference`), imported only then.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from rag.config import Settings
from rag.errors import IndexStale
from rag.retrieval.prepared import MODEL_FILE, REPORT_FILE, TOKENIZER_FILE, Prepared, model_folder, read_report
from rag.retrieval.runtime import load_onnxruntime

Vectors = npt.NDArray[np.float32]

BATCH = 8
"""Texts run at once: on two cores 8 is as fast as 32 and takes half the memory."""

THREADS = 2
"""Threads of one model run; more did not help on the two cores measured, and the page needs some too."""


class Embedder(Protocol):
    """Turns texts into unit vectors.

    Attributes:
        identity: names model, weights, precision and dimension; vectors of different identities do not mix.
        dim: length of a vector.
    """

    @property
    def identity(self) -> str: ...

    @property
    def dim(self) -> int: ...

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of stored texts: float32 of shape (len(texts), dim), each of length 1, in the order given."""
        ...

    def embed_query(self, text: str) -> Vectors:
        """The vector of a question: float32 of shape (dim,), of length 1."""
        ...

    def count_tokens(self, text: str) -> int:
        """How many tokens of the model `text` is, without the special ones, before any truncation."""
        ...

    def unknown_share(self, texts: Sequence[str]) -> float:
        """The share, 0 to 1, of the tokens of `texts` that the model does not know; 0 when there are none."""
        ...


class TokenCounter:
    """Counts tokens with the model's own tokenizer, without truncation. Safe to share between threads."""

    def __init__(self, tokenizer_file: Path) -> None:
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(str(tokenizer_file))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._unknown = _unknown_id(tokenizer_file)

    def count_tokens(self, text: str) -> int:
        """How many tokens `text` is, without the special ones."""
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def unknown_share(self, texts: Sequence[str]) -> float:
        """The share of the tokens of `texts` that are the unknown token; 0 for a tokenizer that has none."""
        if self._unknown is None:
            return 0.0
        total = unknown = 0
        for encoding in self._tokenizer.encode_batch(list(texts), add_special_tokens=False):
            total += len(encoding.ids)
            unknown += encoding.ids.count(self._unknown)
        return unknown / total if total else 0.0


class OnnxEmbedder:
    """The prepared model in onnxruntime. Safe to share between threads."""

    def __init__(self, model_file: Path, tokenizer_file: Path, prepared: Prepared) -> None:
        """Load the model.

        Raises:
            IndexStale: the file is not the one that was prepared.
        """
        from tokenizers import Tokenizer

        onnxruntime = load_onnxruntime()
        self.identity = prepared.identity
        self.dim = prepared.dim
        self._prepared = prepared
        self._counter = TokenCounter(tokenizer_file)
        self._tokenizer = Tokenizer.from_file(str(tokenizer_file))
        self._tokenizer.enable_truncation(prepared.max_tokens)
        self._tokenizer.enable_padding(pad_id=prepared.pad_id, pad_token=prepared.pad_token)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = THREADS
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Spinning threads cost a third of the throughput whenever anything else runs on the machine.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        model = model_file.read_bytes()
        if hashlib.sha256(model).hexdigest() != prepared.model_sha256:
            raise IndexStale(f"{model_file} is damaged; run: {prepared.command}")
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._inputs = tuple(value.name for value in self._session.get_inputs())

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """See Embedder. Texts are run in batches of like length, so that little is padding."""
        vectors = np.empty((len(texts), self.dim), dtype=np.float32)
        prompted = [self._prepared.passage_prompt + text for text in texts]
        for positions in by_length(prompted, BATCH):
            vectors[positions] = self._run([prompted[at] for at in positions])
        return vectors

    def embed_query(self, text: str) -> Vectors:
        """See Embedder."""
        vector: Vectors = self._run([self._prepared.query_prompt + text])[0]
        return vector

    def count_tokens(self, text: str) -> int:
        """See Embedder."""
        return self._counter.count_tokens(text)

    def unknown_share(self, texts: Sequence[str]) -> float:
        """See Embedder."""
        return self._counter.unknown_share(texts)

    def _run(self, texts: list[str]) -> Vectors:
        encodings = self._tokenizer.encode_batch(texts)
        columns = {
            "input_ids": [encoding.ids for encoding in encodings],
            "attention_mask": [encoding.attention_mask for encoding in encodings],
            "token_type_ids": [encoding.type_ids for encoding in encodings],
        }
        feed = {name: np.array(columns[name], dtype=np.int64) for name in self._inputs}
        return unit(np.asarray(self._session.run(None, feed)[0], dtype=np.float32))


def by_length(texts: Sequence[str], batch: int) -> Iterator[list[int]]:
    """Positions of `texts` in batches of like length, longest first, so that a lack of memory shows at once."""
    order = sorted(range(len(texts)), key=lambda at: -len(texts[at]))
    for start in range(0, len(order), batch):
        yield order[start : start + batch]


def unit(vectors: Vectors) -> Vectors:
    """`vectors` scaled to length 1 along the last axis; a zero vector stays zero."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: Vectors = vectors / np.maximum(lengths, np.float32(1e-12))
    return scaled


def is_prepared(settings: Settings) -> bool:
    """Whether the configured model has been made ready in the home folder."""
    return (model_folder(settings.home, settings.retrieval.model) / REPORT_FILE).is_file()


def open_embedder(settings: Settings) -> Embedder:
    """Open the configured model for serving.

    Raises:
        IndexStale: the model has not been prepared, or its files are damaged; the message gives the command.
    """
    folder = model_folder(settings.home, settings.retrieval.model)
    prepared = read_report(folder, settings.retrieval.model)
    if prepared.served_by == "onnxruntime":
        return OnnxEmbedder(folder / MODEL_FILE, folder / TOKENIZER_FILE, prepared)
    from rag.retrieval.reference import SentenceTransformersEmbedder

    return SentenceTransformersEmbedder.open(folder, prepared)


def _unknown_id(tokenizer_file: Path) -> int | None:
    """The id of the unknown token as `tokenizer.json` states it, None for byte-level models, which have none."""
    model: dict[str, Any] = json.loads(tokenizer_file.read_bytes())["model"]
    if model.get("unk_id") is not None:
        return int(model["unk_id"])
    token, vocabulary = model.get("unk_token"), model.get("vocab")
    if token is None or not isinstance(vocabulary, dict) or token not in vocabulary:
        return None
    return int(vocabulary[token])
