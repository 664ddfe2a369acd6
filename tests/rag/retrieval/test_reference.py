"""What a model's folder may hold before anything of it is loaded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag.errors import ConfigError
from rag.retrieval.prepared import BUNDLED
from rag.retrieval.reference import BUNDLED_SHA256, check_model, find_model

POOLING = "sentence_transformers.models.Pooling"
TRANSFORMER = "sentence_transformers.models.Transformer"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder that passes: weights and two known modules. Nothing in it is ever loaded."""
    folder = tmp_path / "model"
    (folder / "1_Pooling").mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "config.json").write_text("{}")
    write_modules(folder, [("", TRANSFORMER), ("1_Pooling", POOLING)])
    return folder


def write_modules(folder: Path, modules: list[tuple[str, str]]) -> None:
    entries = [{"idx": at, "name": str(at), "path": path, "type": kind} for at, (path, kind) in enumerate(modules)]
    (folder / "modules.json").write_text(json.dumps(entries))


def test_the_bundled_model_passes_with_the_published_hash() -> None:
    assert check_model(BUNDLED, find_model(BUNDLED)) == BUNDLED_SHA256


def test_other_weights_under_the_bundled_name_are_refused(model: Path) -> None:
    assert len(check_model("mine", model)) == 64
    with pytest.raises(ConfigError, match="not the published ones"):
        check_model(BUNDLED, model)


def test_the_digest_follows_the_weights(model: Path) -> None:
    before = check_model("mine", model)
    (model / "1_Pooling" / "model.safetensors").write_bytes(b"more")
    assert check_model("mine", model) != before


@pytest.mark.parametrize(
    "kind",
    [
        "os.system",
        "evil.Module",
        "sentence_transformers.util.misc.import_from_string",
        "sentence_transformers.models.Router",
        "modeling_evil.Transformer",
        "",
    ],
)
def test_a_module_that_is_not_known_is_refused(model: Path, kind: str) -> None:
    write_modules(model, [("", TRANSFORMER), ("1_Pooling", kind)])
    with pytest.raises(ConfigError, match="not a known one"):
        check_model("mine", model)


@pytest.mark.parametrize("path", ["../elsewhere", "/etc", "a/../../b"])
def test_a_module_outside_the_folder_is_refused(model: Path, path: str) -> None:
    write_modules(model, [("", TRANSFORMER), (path, POOLING)])
    with pytest.raises(ConfigError, match="leads outside"):
        check_model("mine", model)


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json", "1_Pooling/config.json"])
def test_a_model_that_brings_code_is_refused(model: Path, name: str) -> None:
    (model / name).write_text(json.dumps({"auto_map": {"AutoModel": "modeling_evil.Evil"}}))
    with pytest.raises(ConfigError, match="code of its own"):
        check_model("mine", model)


def test_weights_that_are_pickles_are_refused(model: Path) -> None:
    (model / "model.safetensors").rename(model / "pytorch_model.bin")
    with pytest.raises(ConfigError, match="no safetensors weights"):
        check_model("mine", model)


def test_a_dense_layer_without_safetensors_is_refused(model: Path) -> None:
    (model / "2_Dense").mkdir()
    (model / "2_Dense" / "pytorch_model.bin").write_bytes(b"pickle")
    write_modules(model, [("", TRANSFORMER), ("2_Dense", "sentence_transformers.models.Dense")])
    with pytest.raises(ConfigError, match="2_Dense holds no safetensors"):
        check_model("mine", model)


@pytest.mark.parametrize("content", ["{", "3", '{"a": 1}', "[1]"])
def test_a_damaged_module_list_is_refused(model: Path, content: str) -> None:
    (model / "modules.json").write_text(content)
    with pytest.raises(ConfigError):
        check_model("mine", model)


def test_a_folder_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match="there is no folder /nowhere/at/all"):
        find_model("/nowhere/at/all")


def test_a_folder_is_found_by_its_path(model: Path) -> None:
    assert find_model(str(model)) == model
