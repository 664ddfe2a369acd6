"""Preparing models for real: the bundled one, and any other."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rag.config import Retrieval, Settings
from rag.errors import ConfigError
from rag.retrieval import prepare as preparing
from rag.retrieval.embed import is_prepared, open_embedder
from rag.retrieval.prepared import BUNDLED, Prepared, model_folder, read_report
from rag.retrieval.reference import BUNDLED_SHA256
from tests.fakes.retrieval import prepare_home

pytestmark = pytest.mark.filterwarnings("default")  # torch and transformers warn about themselves


def report(home: Path, name: str) -> Prepared:
    return read_report(model_folder(home, name), name)


def test_the_bundled_model_is_served_by_onnxruntime_and_agrees_with_its_reference(bundled_home: Path) -> None:
    found = report(bundled_home, BUNDLED)
    assert (found.served_by, found.dim, found.max_tokens) == ("onnxruntime", 384, 256)
    assert found.weights_sha256 == BUNDLED_SHA256
    assert found.agreement["fp32"].least > 0.9999
    if "int8" in found.agreement:
        assert found.agreement["int8"].mean > 0.985
        assert found.agreement["int8"].least > 0.95


def test_only_what_serves_is_kept_and_is_private(bundled_home: Path) -> None:
    folder = model_folder(bundled_home, BUNDLED)
    assert {path.name for path in folder.iterdir()} == {"model.onnx", "tokenizer.json", "report.json"}
    assert [path.name for path in folder.parent.iterdir()] == [BUNDLED]
    assert folder.parent.stat().st_mode & 0o077 == 0


def test_a_model_is_prepared_once_it_has_a_report(bundled_home: Path, tmp_path: Path) -> None:
    assert is_prepared(Settings(home=bundled_home))
    assert not is_prepared(Settings(home=tmp_path))


def test_another_model_by_its_path_serves_like_its_reference(tiny_home: Path, tiny_model: Path) -> None:
    from rag.retrieval.reference import SentenceTransformersEmbedder, load_reference

    settings = Settings(home=tiny_home, retrieval=Retrieval(model=str(tiny_model)))
    served, found = open_embedder(settings), report(tiny_home, str(tiny_model))
    assert (served.dim, found.dim, found.max_tokens) == (32, 32, 48)
    texts = ["the warranty of a device", "保固三年", "calibration takes days"]
    tokenizer_file = model_folder(tiny_home, str(tiny_model)) / "tokenizer.json"
    reference = SentenceTransformersEmbedder(load_reference(tiny_model, "cpu"), found, tokenizer_file)
    wanted = reference.embed_passages(texts)
    assert np.einsum("nd,nd->n", served.embed_passages(texts), wanted).min() > 0.999
    assert served.embed_query(texts[0]) @ wanted[0] > 0.999
    assert reference.embed_query(texts[0]) @ wanted[0] > 0.999
    assert reference.embed_passages([]).shape == (0, 32)
    assert reference.count_tokens("the warranty") == served.count_tokens("the warranty") == 2
    assert reference.unknown_share(["the zebra"]) == 0.5


def test_where_nothing_agrees_sentence_transformers_serves(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "agrees", lambda *_: False)
    settings = Settings(home=tmp_path, retrieval=Retrieval(model=str(tiny_model)))
    prepared = preparing.prepare(settings)
    assert (prepared.served_by, prepared.precision) == ("sentence-transformers", "torch")
    assert prepared.note == "the exported model does not agree with its reference"
    assert prepared.agreement["fp32"].least > 0.9999
    assert not (model_folder(tmp_path, str(tiny_model)) / "model.onnx").exists()
    vector = open_embedder(settings).embed_query("the warranty")
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5)


def test_where_the_export_fails_sentence_transformers_serves(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("an operator is missing")

    monkeypatch.setattr(preparing, "export_candidates", fail)
    prepared = preparing.prepare(Settings(home=tmp_path), str(tiny_model))
    assert (prepared.served_by, prepared.note) == ("sentence-transformers", "the export failed with RuntimeError")


def test_on_a_gpu_sentence_transformers_serves(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "has_gpu", lambda: True)
    prepared = preparing.prepare(Settings(home=tmp_path), str(tiny_model))
    assert prepared.served_by == "sentence-transformers"
    assert "GPU" in prepared.note


def test_a_failed_preparation_leaves_the_old_model(tiny_model: Path, tmp_path: Path) -> None:
    folder = model_folder(tmp_path, BUNDLED)
    folder.mkdir(parents=True)
    (folder / "report.json").write_text("old")
    with pytest.raises(ConfigError, match="there is no folder"):
        preparing.prepare(Settings(home=tmp_path), "/nowhere/model")
    assert [path.name for path in folder.parent.iterdir()] == [BUNDLED]
    assert (folder / "report.json").read_text() == "old"


def test_preparing_again_replaces_the_folder_whole(tmp_path: Path) -> None:
    building, folder = tmp_path / ".building", tmp_path / "model"
    for made, name in ((building, "new"), (folder, "old")):
        made.mkdir()
        (made / name).write_text(name)
    preparing._swap(building, folder)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    assert [path.name for path in folder.iterdir()] == ["new"]


def test_an_evil_model_is_refused_before_it_is_loaded(tiny_model: Path, tmp_path: Path) -> None:
    evil = tmp_path / "evil"
    evil.mkdir()
    (evil / "model.safetensors").write_bytes((tiny_model / "model.safetensors").read_bytes())
    (evil / "modeling_evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    modules = [{"idx": 0, "name": "0", "path": "", "type": "modeling_evil.Evil"}]
    (evil / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(RuntimeError, match=r"^2: .*not a known one"):
        prepare_home(tmp_path / "home", "--model", str(evil))
    assert not (tmp_path / "ran").exists()


def test_serving_and_searching_import_no_torch_and_no_langchain(bundled_home: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from rag.config import Settings
import rag.retrieval.retrieve, rag.retrieval.condense, rag.retrieval.prepared, rag.retrieval.identity
assert not {{"onnxruntime", "tokenizers", "faiss", "tantivy", "opencc"}} & set(sys.modules)
from rag.retrieval.embed import open_embedder
open_embedder(Settings(home=Path({str(bundled_home)!r}))).embed_query("hello")
bad = {{"torch", "transformers", "sentence_transformers", "langchain_core", "langchain", "onnx"}} & set(sys.modules)
assert not bad, bad
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
