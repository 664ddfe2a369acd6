"""Sets of questions as people write them are read, and wrong ones are refused by name."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from rag.errors import NotFound, Unreadable
from web.evaluation.sets import Span, read_set


def write(folder: Path, *rows: dict[str, Any], qrels: str | None = None) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "queries.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    if qrels is not None:
        (folder / "qrels.tsv").write_text(qrels)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "birds"


@pytest.mark.parametrize(
    "qrels",
    ["q1\td1\t1\nq1\td 2\t2\n", "query-id\tcorpus-id\tscore\nq1\td1\t1\nq1\td 2\t2.0\n", "q1\t0\td1\t1\nq1\t0\td 2\t2"],
)
def test_judgements_are_read_with_and_without_headings_and_in_trec_form(folder: Path, qrels: str) -> None:
    one = read_set(write(folder, {"id": "q1", "text": "Heron?"}, qrels=qrels))
    assert (one.name, one.questions[0].relevant) == ("birds", {"d1": 1, "d 2": 2})


def test_documents_listed_with_a_question_count_where_the_table_says_nothing(folder: Path) -> None:
    rows = ({"id": "q1", "text": "a", "docs": ["x"]}, {"id": "q2", "text": "b", "docs": ["y"]})
    first, second = read_set(write(folder, *rows, qrels="q1\tz\t1\n")).questions
    assert (dict(first.relevant), dict(second.relevant)) == ({"z": 1}, {"y": 1})


def test_names_composed_differently_are_the_same_document(folder: Path) -> None:
    rows = {"id": "q1", "text": "a", "docs": [unicodedata.normalize("NFD", "café.md")]}
    assert list(read_set(write(folder, rows)).questions[0].relevant) == ["café.md"]


def test_an_unanswerable_question_and_one_nobody_judged_are_not_scored(folder: Path) -> None:
    rows = (
        {"id": "1", "text": "a", "docs": ["x"], "unanswerable": True},
        {"id": "2", "text": "b"},
        {"id": "3", "text": "c", "docs": ["x"]},
    )
    assert [one.scored for one in read_set(write(folder, *rows)).questions] == [False, False, True]


def test_routes_and_spans_are_read(folder: Path) -> None:
    spans = [{"doc": "x", "start": 3, "end": 9, "text": "ignored"}]
    rows = [
        {"id": str(at), "text": "a", "expected_route": word, "spans": spans}
        for at, word in enumerate(("local only", "cloud allowed after masking", "any", "moon", None))
    ]
    questions = read_set(write(folder, *rows)).questions
    assert [one.expected_route for one in questions] == ["local", "masked", "any", None, None]
    assert questions[0].spans == (Span("x", 3, 9),)


def test_a_limit_takes_the_same_questions_spread_over_the_file(folder: Path) -> None:
    write(folder, *({"id": str(at), "text": "a"} for at in range(10)))
    assert [one.id for one in read_set(folder, 4).questions] == ["0", "2", "5", "7"]
    assert len(read_set(folder, 50).questions) == read_set(folder, 4).total == 10


def test_an_empty_question_is_a_question(folder: Path) -> None:
    assert read_set(write(folder, {"id": "1", "text": ""})).questions[0].text == ""


@pytest.mark.parametrize(
    ("rows", "qrels", "message"),
    [
        ([{"id": "1"}], None, "line 1: text must be a text"),
        ([{"id": "1", "text": "a"}, {"id": "1", "text": "b"}], None, "question id 1 comes twice"),
        ([{"id": "1", "text": "a", "docs": {"x": 1}}], None, "line 1: docs must be a list"),
        ([{"id": "1", "text": "a", "spans": [{"doc": "x"}]}], None, "line 1: every one of spans"),
        ([{"id": "1", "text": "a"}], "1\tx\t1\n1\ty\n", "qrels.tsv, line 2"),
        ([], None, "there is no question in it"),
    ],
)
def test_a_wrong_set_is_refused_by_name(folder: Path, rows: list[Any], qrels: str | None, message: str) -> None:
    with pytest.raises(Unreadable, match=message):
        read_set(write(folder, *rows, qrels=qrels))


def test_a_folder_without_questions_is_not_a_set(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"queries\.jsonl"):
        read_set(tmp_path)
    with pytest.raises(NotFound, match="no folder"):
        read_set(tmp_path / "none")
