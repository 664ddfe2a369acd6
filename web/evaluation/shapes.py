"""One evaluation as JSON values: what `airlock eval --json` prints and `--compare` reads. docs/cli.md describes it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import NotFound, Unreadable
from web.evaluation.asking import Found, Outcome
from web.evaluation.scores import (
    METRICS,
    Figures,
    judge_route,
    mean_of,
    measure_latency,
    score_rankings,
    score_refusals,
    score_routes,
    score_spans,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from web.evaluation.sets import QuestionSet
    from web.evaluation.shelf import Shelf

FORMAT = "airlock eval 1"
"""Says what a file is; changes with the shape."""

SHOWN_FOUND = 10
"""Documents listed for each question."""


def shape_of(questions: QuestionSet, corpus: Path, shelf: Shelf, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The whole evaluation."""
    figures = score_rankings({one.question.id: (one.question, one.ranking) for one in outcomes})
    counts = shelf.store.counts()
    retrieval = shelf.settings.retrieval
    return {
        "format": FORMAT,
        "airlock": version("airlock-rag"),
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "set": questions.name,
        "corpus": str(corpus),
        "store": str(shelf.settings.home),
        "embedding_model": shelf.embedder.identity,
        "settings": {
            "candidates": retrieval.candidates,
            "passages": retrieval.passages,
            "cut_ratio": retrieval.cut_ratio,
            "chunk_tokens": shelf.settings.ingest.chunk_tokens,
        },
        "documents": counts.documents - counts.failed,
        "chunks": counts.chunks,
        "failed": list(shelf.failed),
        "missing": find_missing(shelf, outcomes),
        "questions": {
            "in_set": questions.total,
            "asked": len(outcomes),
            "scored": len(figures),
            "unanswerable": sum(one.question.unanswerable for one in outcomes),
        },
        "metrics": mean_of(figures),
        "spans": score_spans(outcomes),
        "refusal": score_refusals(outcomes),
        "routes": score_routes(outcomes),
        "latency": measure_latency(outcomes),
        "results": [result_shape(one, figures.get(one.question.id)) for one in outcomes],
    }


def result_shape(outcome: Outcome, figures: Figures | None) -> dict[str, Any]:
    """One question: what was expected, what was found instead, and how it scored."""
    question = outcome.question
    relevant = [document for document, grade in question.relevant.items() if grade > 0]
    places = [place for place, found in enumerate(outcome.ranking, 1) if found.document in relevant]
    return {
        "id": question.id,
        "text": question.text,
        "unanswerable": question.unanswerable,
        "expected": relevant,
        "rank": places[0] if places else None,
        "metrics": None if figures is None else {name: round(figures[name], 4) for name in METRICS},
        "found": [found_shape(one) for one in outcome.ranking[:SHOWN_FOUND]],
        "refused": outcome.refused,
        "expected_route": question.expected_route,
        "rule": None if outcome.rule is None else outcome.rule.value,
        "label": None if outcome.label is None else outcome.label.word,
        "route": judge_route(outcome),
        "spans": {name: round(value, 4) for name, value in outcome.span_recall.items()} or None,
        "seconds": round(outcome.seconds, 6),
    }


def found_shape(found: Found) -> dict[str, Any]:
    """One document of a ranking."""
    return {"document": found.document, "title": found.title, "score": found.score}


def find_missing(shelf: Shelf, outcomes: Sequence[Outcome]) -> list[str]:
    """Documents that the set calls relevant and that cannot be found, because the store does not hold them."""
    from rag.records import DocumentStatus
    from web.evaluation.sets import same_name

    held = {same_name(document.path) for document in shelf.store.documents(status=DocumentStatus.READY)}
    wanted = {document for one in outcomes if one.question.scored for document in one.question.relevant}
    return sorted(wanted - held)


def read_evaluation(file: Path) -> dict[str, Any]:
    """An evaluation that `airlock eval --json` printed.

    Raises:
        NotFound: there is no such file.
        Unreadable: it is something else.
    """
    if not file.is_file():
        raise NotFound(f"there is no file {file}")
    try:
        value = json.loads(file.read_bytes())
    except ValueError:
        raise Unreadable(f"{file}: not JSON; make it with: airlock eval DIR --json > {file.name}") from None
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise Unreadable(f"{file}: not what `airlock eval DIR --json` of this version prints")
    return value
