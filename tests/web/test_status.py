"""What answers and why, as the page's status says it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rag.config import load_settings
from rag.gate.wire import GateStatus
from rag.models.local import ModelInfo
from rag.store import Store
from tests.fakes.airlock import ScriptedGate, fake_airlock
from tests.web.conftest import Page
from web.guards import Guard
from web.jobs import Progress
from web.sample import read_questions
from web.status import describe, progress_shape

MODEL = ModelInfo("ollama", "qwen3:4b", 3_000_000_000, True, 32768)
GUARD = Guard("network", False, {"en": "Open.", "zh-TW": "開放。"})


def status(store: Store, gate: ScriptedGate | None, *models: ModelInfo) -> dict[str, Any]:
    airlock, _ = fake_airlock(load_settings(), store, gate=gate, models=models)
    return describe(airlock.settings, store, airlock.local_models, airlock.gate, (GUARD,))


def test_without_any_model_extracts_answer_and_the_reason_is_given(store: Store) -> None:
    answers = status(store, None)["answers"]
    assert answers["kind"] == "quotes"
    assert "Ollama does not answer at 127.0.0.1:11434." in answers["why"]["en"]
    assert "原文摘錄" in answers["why"]["zh-TW"]


def test_a_local_model_answers_when_it_is_the_only_one(store: Store) -> None:
    shape = status(store, None, MODEL)
    assert shape["answers"]["kind"] == "local"
    assert shape["answers"]["why"]["en"] == "ollama (qwen3:4b) on this computer answers."
    assert shape["models"]["local"] == [{"provider": "ollama", "name": "qwen3:4b", "note": "", "fits": True}]


def test_a_ready_cloud_answers_and_what_answers_the_rest_is_said(store: Store) -> None:
    why = status(store, ScriptedGate(), MODEL)["answers"]["why"]
    assert why["en"] == (
        "Where the sensitivity allows it, openai (gpt-test) answers; the rest is answered by qwen3:4b on this computer."
    )
    assert status(store, ScriptedGate())["answers"]["why"]["zh-TW"].endswith("其餘以原文摘錄回答。")


@pytest.mark.parametrize(
    ("name", "value"),
    [("AIRLOCK_PREFER", "local"), ("AIRLOCK_RULES__PUBLIC", "local"), ("AIRLOCK_MODE", "local-only")],
)
def test_the_cloud_is_not_named_where_nothing_would_go_there(
    store: Store, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    if "RULES" in name:
        for label in ("INTERNAL", "CONFIDENTIAL", "RESTRICTED"):
            monkeypatch.setenv(f"AIRLOCK_RULES__{label}", "local")
    assert status(store, ScriptedGate(), MODEL)["answers"]["kind"] == "local"


def test_in_cloud_mode_no_local_model_is_promised(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRLOCK_MODE", "cloud")
    assert status(store, None, MODEL)["answers"]["kind"] == "quotes"


def test_a_gate_that_is_not_ready_says_why(store: Store) -> None:
    gate = ScriptedGate(GateStatus("openai", "gpt-test", "", ready=False, why="no_key"))
    shape = status(store, gate)
    assert shape["answers"]["kind"] == "quotes"
    assert shape["models"]["cloud"]["why"]["en"] == "No key was found for the cloud."


def test_counts_failures_and_unlabelled_folders_are_given(store: Store) -> None:
    shape = status(store, None)
    assert (shape["documents"], shape["chunks"], shape["failed"]) == (2, 3, 1)
    assert shape["unlabelled"] == [{"source_id": store.sources()[0].id, "name": "handbook", "count": 1}]
    assert shape["guards"][0]["in_force"] is False


def test_the_sample_is_named_so_that_it_can_be_removed(store: Store) -> None:
    assert status(store, None)["sample"] == {"present": False, "source_id": None}
    sample = store.add_source("corpus", "/corpus", sample=True)
    assert status(store, None)["sample"] == {"present": True, "source_id": sample.id}


def test_badly_read_documents_bring_a_notice_with_the_command_that_helps(store: Store) -> None:
    assert status(store, None)["notices"] == []
    store.set_meta("unknown_share", "0.6512")
    notice = status(store, None)["notices"][0]
    assert "65%" in notice["text"]["en"]
    assert "65%" in notice["text"]["zh-TW"]
    assert notice["command"].startswith("airlock models prepare ")


def test_the_page_offers_four_questions_about_the_sample_and_none_without_it(page: Page) -> None:
    assert page.client.get("/api/status").json()["questions"] == []
    page.store.add_source("corpus", str(Path(__file__).parents[2] / "corpus"), sample=True)
    questions = page.client.get("/api/status").json()["questions"]
    assert [set(one) for one in questions] == [{"en", "zh-TW"}] * 4


def test_a_sample_whose_questions_are_gone_or_broken_offers_none(tmp_path: Path) -> None:
    assert read_questions(tmp_path) == []
    for text in ("questions = 1", "[[questions]]\nfeatured = true\nen = 'only'", "no toml"):
        (tmp_path / "questions.toml").write_text(text, encoding="utf-8")
        assert read_questions(tmp_path) == []


def test_progress_is_none_before_the_first_ingest() -> None:
    assert progress_shape(None) is None
    shape = progress_shape(Progress(running=True, folder="/x", files_done=1, files_total=4))
    assert shape is not None
    assert (shape["running"], shape["files_done"], shape["files_total"], shape["seconds_left"]) == (True, 1, 4, None)
