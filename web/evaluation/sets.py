"""Reads a set of questions and what is expected of each: `queries.jsonl` and `qrels.tsv`. Asks nothing.

queries.jsonl   one object a line: id, text; and where known answers, unanswerable, expected_route, docs, spans
qrels.tsv       question id, document id, relevance, separated by tabs (or TREC's four columns)
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ingest.jsonl import read_rows, take_text
from rag.errors import NotFound, Unreadable

QUESTIONS_FILE = "queries.jsonl"
JUDGEMENTS_FILE = "qrels.tsv"

ROUTES = {
    "any": "any",
    "cloud": "cloud",
    "masked": "masked",
    "cloud allowed after masking": "masked",
    "local": "local",
    "local only": "local",
}
"""What a set may write under `expected_route`, and the rule it means. Other words expect nothing."""

Judgements = dict[str, dict[str, int]]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a document, in characters, that holds an answer."""

    document: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, repr=False)
class SetQuestion:
    """One question. `relevant` gives documents by id with their relevance, empty when nobody has judged it."""

    id: str
    text: str
    answers: tuple[str, ...] = ()
    unanswerable: bool = False
    expected_route: str | None = None
    relevant: Mapping[str, int] = field(default_factory=dict)
    spans: tuple[Span, ...] = ()

    def __repr__(self) -> str:
        return f"SetQuestion({self.id}, {len(self.text)} characters)"

    @property
    def scored(self) -> bool:
        """Whether it counts for the ranking: it can be answered, and somebody said by which documents."""
        return not self.unanswerable and any(grade > 0 for grade in self.relevant.values())


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """A folder's questions, or some of them: `total` counts all that it has."""

    name: str
    questions: tuple[SetQuestion, ...]
    total: int


def read_set(folder: Path, limit: int | None = None) -> QuestionSet:
    """The questions of `folder`; with `limit` that many of them, spread evenly over the file.

    Raises:
        NotFound: there is no such folder, or no `queries.jsonl` in it.
        Unreadable: a line is wrong; the message names it.
    """
    if not folder.is_dir():
        raise NotFound(f"there is no folder {folder}")
    judged = _read_judgements(folder / JUDGEMENTS_FILE)
    questions = [_read_question(row, place, judged) for place, row in read_rows(folder / QUESTIONS_FILE)]
    ids = [question.id for question in questions]
    if len(set(ids)) < len(ids):
        twice = next(id_ for at, id_ in enumerate(ids) if id_ in ids[:at])
        raise Unreadable(f"{folder / QUESTIONS_FILE}: the question id {twice} comes twice")
    if not questions:
        raise Unreadable(f"{folder / QUESTIONS_FILE}: there is no question in it")
    return QuestionSet(folder.resolve().name, tuple(spread(questions, limit)), len(questions))


def spread(questions: Sequence[SetQuestion], limit: int | None) -> Sequence[SetQuestion]:
    """`limit` of `questions` at even distances, always the same ones; all when there are no more."""
    if limit is None or limit >= len(questions):
        return questions
    return [questions[at * len(questions) // limit] for at in range(limit)]


def same_name(document: str) -> str:
    """A document's id in the form ids are compared in: file systems differ in how they compose characters."""
    return unicodedata.normalize("NFC", document)


def _read_question(row: Mapping[str, Any], place: str, judged: Judgements) -> SetQuestion:
    id_ = take_text(row, "id", place)
    listed = {same_name(document): 1 for document in _take_texts(row, "docs", place)}
    return SetQuestion(
        id=id_,
        text=take_text(row, "text", place),  # an empty one counts: nothing is found for it
        answers=_take_texts(row, "answers", place),
        unanswerable=bool(row.get("unanswerable")),
        expected_route=ROUTES.get(str(row.get("expected_route")).lower()),
        relevant=judged.get(id_) or listed,
        spans=tuple(_take_spans(row, place)),
    )


def _take_texts(row: Mapping[str, Any], key: str, place: str) -> tuple[str, ...]:
    values = row.get(key) or ()
    if isinstance(values, str):
        return (values,)
    if not isinstance(values, (list, tuple)):
        raise Unreadable(f"{place}: {key} must be a list")
    return tuple(str(value) for value in values)


def _take_spans(row: Mapping[str, Any], place: str) -> list[Span]:
    spans = row.get("spans") or ()
    try:
        return [Span(same_name(str(one["doc"])), int(one["start"]), int(one["end"])) for one in spans]
    except (KeyError, TypeError, ValueError):
        raise Unreadable(f"{place}: every one of spans needs doc, start and end") from None


def _read_judgements(table: Path) -> Judgements:
    """Relevance by question and document; empty when there is no table."""
    judged: Judgements = {}
    if not table.is_file():
        return judged
    for number, line in enumerate(table.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        cells = line.split("\t") if "\t" in line else line.split()
        if len(cells) == 4:
            del cells[1]
        try:
            question, document, grade = cells
            judged.setdefault(question, {})[same_name(document)] = int(float(grade))
        except ValueError:
            if number == 1:
                continue  # headings
            raise Unreadable(f"{table}, line {number}: expected question id, document id and a number") from None
    return judged
