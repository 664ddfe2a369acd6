"""The record of a prepared model, and where models are kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rag.errors import IndexStale
from rag.retrieval.prepared import (
    BUNDLED,
    Agreement,
    Prepared,
    model_folder,
    prepare_command,
    read_report,
)

PREPARED = Prepared(
    name="some/model",
    reference="/models/some",
    weights_sha256="0123456789abcdef" * 4,
    served_by="onnxruntime",
    precision="int8",
    dim=384,
    max_tokens=256,
    pad_id=0,
    pad_token="[PAD]",
    query_prompt="query: ",
    passage_prompt="passage: ",
    model_sha256="ff" * 32,
    agreement={"int8": Agreement(0.991, 0.968)},
    seconds=12.5,
)


def test_a_report_reads_back_as_written(tmp_path: Path) -> None:
    PREPARED.write(tmp_path)
    assert read_report(tmp_path, "some/model") == PREPARED


def test_the_identity_names_model_weights_precision_and_dimension() -> None:
    assert PREPARED.identity == "model@0123456789ab/int8/384"
    assert replace(PREPARED, name="/elsewhere/model/").identity == PREPARED.identity
    assert replace(PREPARED, precision="fp32").identity != PREPARED.identity


def test_a_missing_report_gives_the_command(tmp_path: Path) -> None:
    with pytest.raises(IndexStale, match=r"not prepared; run: python -m rag\.retrieval\.prepare --model 'a b'$"):
        read_report(tmp_path, "a b")
    assert prepare_command(BUNDLED) == "python -m rag.retrieval.prepare"


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"agreement": {}, "surprise": 1}', '{"agreement": 3}'])
def test_a_damaged_report_gives_the_command(tmp_path: Path, content: str) -> None:
    (tmp_path / "report.json").write_text(content)
    with pytest.raises(IndexStale, match="cannot be read; run: "):
        read_report(tmp_path, BUNDLED)


@pytest.mark.parametrize("name", ["../../etc", "/", "..", "a/b", "b", "~/x", "多語", "x" * 300])
def test_every_model_has_one_folder_below_models(tmp_path: Path, name: str) -> None:
    folder = model_folder(tmp_path, name)
    assert folder.parent == tmp_path / "models"
    assert folder.resolve().parent == (tmp_path / "models").resolve()
    assert len(folder.name) < 80


def test_two_models_of_one_last_name_do_not_share_a_folder(tmp_path: Path) -> None:
    assert model_folder(tmp_path, "a/model") != model_folder(tmp_path, "b/model")


def test_the_bundled_model_has_a_plain_folder(tmp_path: Path) -> None:
    assert model_folder(tmp_path, BUNDLED) == tmp_path / "models" / BUNDLED
    assert model_folder(tmp_path, "sentence-transformers/all-MiniLM-L6-v2") == tmp_path / "models" / BUNDLED
