"""`airlock eval` over a real store, with an embedder that needs no model."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from rag.store import Store
from tests.web import cli_shapes as shapes
from tests.web.commands.conftest import Run

DOCUMENTS = (
    {"id": "leave", "title": "Leave", "text": "Unused leave carries over, ten days at most."},
    {"id": "pay", "title": "Pay", "text": "Salaries are paid on the fifth of each month."},
    {"id": "otter", "title": "水獺", "text": "水獺在夜裡捕魚。"},
)
QUESTIONS: tuple[dict[str, Any], ...] = (
    {"id": "1", "text": "How many days of unused leave carries over?", "docs": ["leave"]},
    {"id": "2", "text": "When are salaries paid?"},
    {"id": "3", "text": "zzyzx quux", "unanswerable": True},
)


def check(value: Any, schema: shapes.Schema) -> Any:
    jsonschema.Draft202012Validator(schema).validate(value)
    return value


def write_lines(file: Path, rows: Any) -> None:
    file.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n", encoding="utf-8")


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    """A set with its own collection."""
    folder = tmp_path / "birds"
    folder.mkdir()
    write_lines(folder / "corpus.jsonl", DOCUMENTS)
    write_lines(folder / "queries.jsonl", QUESTIONS)
    (folder / "qrels.tsv").write_text("2\tpay\t1\n2\tgone\t1\n")
    return folder


def test_a_set_is_measured_in_the_documented_shape(run: Run, questions: Path) -> None:
    done = check(run("eval", questions, "--json").json, shapes.EVAL)
    results = {one["id"]: one for one in done["results"]}
    assert done["questions"] == {"in_set": 3, "asked": 3, "scored": 2, "unanswerable": 1}
    assert (done["metrics"]["hit@1"], done["metrics"]["recall@10"]) == (1.0, 0.75)
    assert (results["1"]["rank"], results["1"]["found"][0]["document"]) == (1, "leave")
    assert (results["3"]["metrics"], results["3"]["refused"]) == (None, True)
    assert done["refusal"]["recall"] == 1.0
    assert done["missing"] == ["gone"]
    assert done["latency"]["p95"] >= done["latency"]["p50"] > 0


def test_the_persons_own_documents_are_left_alone(run: Run, questions: Path, home: Path, handbook: Path) -> None:
    run("ingest", handbook, "--json")
    before = run("status", "--json").json["documents"]
    run("eval", questions, "--json")
    assert run("status", "--json").json["documents"] == before
    assert [one["path"] for one in run("search", "otter", "--json").json["passages"]] != ["otter"]


def test_the_store_is_kept_for_the_next_run_and_follows_the_collection(run: Run, questions: Path, home: Path) -> None:
    store = Path(run("eval", questions, "--json").json["store"])
    assert store.parent == home / "eval"
    with Store.open(store) as opened:
        ids = {one.path: one.id for one in opened.documents()}
    write_lines(questions / "corpus.jsonl", DOCUMENTS[:2])
    again = run("eval", questions, "--json").json
    with Store.open(store) as opened:
        assert {one.path: one.id for one in opened.documents()} == {path: ids[path] for path in ("leave", "pay")}
    assert (again["store"], again["documents"]) == (str(store), 2)


def test_a_fresh_store_forgets_the_old_one(run: Run, questions: Path) -> None:
    store = Path(run("eval", questions, "--json").json["store"])
    (store / "left.txt").write_text("from before")
    assert run("eval", questions, "--fresh", "--json").code == 0
    assert not (store / "left.txt").exists()


def test_a_folder_is_a_collection_by_path_and_a_table_labels_it(run: Run, handbook: Path, tmp_path: Path) -> None:
    folder = tmp_path / "questions"
    folder.mkdir()
    rows = [
        {"id": "1", "text": "Unused leave carries over?", "docs": ["leave.md"], "expected_route": "local only"},
        {"id": "2", "text": "Salaries paid on the fifth?", "docs": ["deep/pay.txt"], "expected_route": "any"},
    ]
    write_lines(folder / "queries.jsonl", rows)
    table = tmp_path / "labels.tsv"
    table.write_text("path\tlabel\tnote\nleave.md\tconfidential\tx\ndeep/pay.txt\tpublic\n")
    done = check(run("eval", folder, "--corpus", handbook, "--labels", table, "--json").json, shapes.EVAL)
    assert {one["id"]: (one["rank"], one["label"]) for one in done["results"]} == {
        "1": (1, "confidential"),
        "2": (1, "public"),
    }
    assert (done["failed"], done["routes"]["agreement"]) == (["broken.pdf"], 1.0)
    bare = run("eval", folder, "--corpus", handbook, "--json").json
    assert {one["id"]: one["label"] for one in bare["results"]} == {"1": "public", "2": "confidential"}


def test_the_table_in_the_terminal_names_the_metrics_and_what_was_missed(run: Run, questions: Path) -> None:
    rows = [*QUESTIONS, {"id": "4", "text": "Unused leave?", "docs": ["otter"]}]
    write_lines(questions / "queries.jsonl", rows)
    done = run("eval", questions, "--report", questions / "report.html")
    assert done.code == 0
    for name in shapes.METRICS["properties"]:
        assert name in done.out
    assert "1 expected documents are not there" in done.out
    assert "Unused leave?" in done.out
    assert "<title>Retrieval on birds</title>" in (questions / "report.html").read_text()


def test_a_limit_asks_fewer(run: Run, questions: Path) -> None:
    done = run("eval", questions, "--limit", "1", "--json").json
    assert (done["questions"]["asked"], done["questions"]["in_set"]) == (1, 3)


def test_two_evaluations_are_compared(run: Run, questions: Path, tmp_path: Path) -> None:
    before, after = tmp_path / "before.json", tmp_path / "after.json"
    before.write_text(run("eval", questions, "--json").out)
    write_lines(questions / "corpus.jsonl", [*DOCUMENTS[1:], {"id": "leave", "title": "", "text": "Nothing here."}])
    after.write_text(run("eval", questions, "--json").out)
    done = check(run("eval", "--compare", before, after, "--json").json, shapes.EVAL_COMPARISON)
    assert [one["id"] for one in done["lost"] if one["what"] == "ranking"] == ["1"]
    assert done["metrics"]["hit@1"]["difference"] < 0
    shown = run("eval", "--compare", before, after)
    assert shown.code == 0
    assert "How many days of unused leave" in shown.out


@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_without_a_set_it_says_what_to_give(run: Run, arguments: tuple[str, ...]) -> None:
    done = run("eval", *arguments)
    assert (done.code, done.out) == (2, "")
    assert "--compare A.json B.json" in done.err


def test_without_documents_it_says_where_they_could_be(run: Run, questions: Path) -> None:
    (questions / "corpus.jsonl").unlink()
    done = run("eval", questions)
    assert done.code == 2
    assert "--corpus FOLDER" in done.err
    gone = run("eval", questions, "--corpus", questions / "none")
    assert gone.code == 4


def test_what_is_no_evaluation_cannot_be_compared(run: Run, questions: Path) -> None:
    shutil.copy(questions / "corpus.jsonl", questions / "a.json")
    (questions / "b.json").write_text('{"format": "other"}')
    for first in ("a.json", "b.json"):
        done = run("eval", "--compare", questions / first, questions / first)
        assert done.code == 3
        assert first in done.err


def test_without_its_library_it_gives_the_install_line(
    run: Run, questions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.evaluation.run.can_score", lambda: False)
    done = run("eval", questions)
    assert done.code == 2
    assert "pip install 'airlock-rag[eval]'" in done.err
