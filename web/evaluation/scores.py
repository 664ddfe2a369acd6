"""Turns outcomes into figures. Ranking measures are trec_eval's, through ir_measures; the rest is counting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from rag.policy.labels import Rule
from web.evaluation.asking import Found, Outcome

if TYPE_CHECKING:
    from web.evaluation.sets import SetQuestion

METRICS = ("hit@1", "hit@5", "recall@10", "recall@20", "MRR@10", "nDCG@10")
STRICTNESS = (Rule.CLOUD, Rule.MASKED, Rule.LOCAL)
INSTALL = "pip install 'airlock-rag[eval]'"

Figures = dict[str, float]


def can_score() -> bool:
    """Whether the library that computes the metrics is installed."""
    return find_spec("ir_measures") is not None


def score_rankings(rankings: Mapping[str, tuple[SetQuestion, Sequence[Found]]]) -> dict[str, Figures]:
    """METRICS of each scored question among `rankings` (question id -> the question and its documents, best first)."""
    import ir_measures
    from ir_measures import RR, R, Success, nDCG

    measures = dict(zip((Success @ 1, Success @ 5, R @ 10, R @ 20, RR @ 10, nDCG @ 10), METRICS, strict=True))
    scored = {id_: pair for id_, pair in rankings.items() if pair[0].scored}
    if not scored:
        return {}
    judged = {id_: dict(question.relevant) for id_, (question, _) in scored.items()}
    # trec_eval orders by score and breaks ties by name, so each place is given a score of its own.
    run = {
        id_: {found.document: float(-place) for place, found in enumerate(ranking)}
        for id_, (_, ranking) in scored.items()
    }
    figures: dict[str, Figures] = {id_: dict.fromkeys(METRICS, 0.0) for id_ in scored}
    for one in ir_measures.iter_calc(list(measures), judged, run):
        figures[one.query_id][measures[one.measure]] = float(one.value)
    return figures


def mean_of(figures: Mapping[str, Figures]) -> Figures | None:
    """The mean of each metric over questions, None when there are none."""
    if not figures:
        return None
    return {name: round(sum(one[name] for one in figures.values()) / len(figures), 4) for name in METRICS}


def score_refusals(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """How well refusing separates what the documents cannot answer.

    precision: the share of refused questions that are unanswerable; recall: the share of unanswerable questions
    that were refused. None where nothing is there to divide by.
    """
    unanswerable = [one for one in outcomes if one.question.unanswerable]
    answerable = [one for one in outcomes if not one.question.unanswerable]
    refused = [one for one in outcomes if one.refused]
    right = sum(one.refused for one in unanswerable)
    return {
        "unanswerable": len(unanswerable),
        "refused": len(refused),
        "precision": _share(right, len(refused)),
        "recall": _share(right, len(unanswerable)),
        "answerable_refused": _share(len(refused) - right, len(answerable)),
    }


def judge_route(outcome: Outcome) -> str | None:
    """`agreed`, `too_open` or `needless` (stricter than expected); None when nothing was expected or sent."""
    expected = outcome.question.expected_route
    if expected is None or outcome.rule is None:
        return None
    wanted = STRICTNESS.index(Rule.CLOUD if expected == "any" else Rule(expected))
    got = STRICTNESS.index(outcome.rule)
    return "agreed" if got == wanted else "too_open" if got < wanted else "needless"


def score_routes(outcomes: Sequence[Outcome]) -> dict[str, Any] | None:
    """How often the labels of the passages in the prompt lead where the set expects; None when it expects nothing."""
    expecting = [one for one in outcomes if one.question.expected_route is not None]
    if not expecting:
        return None
    verdicts = [verdict for verdict in map(judge_route, expecting) if verdict is not None]
    return {
        "questions": len(verdicts),
        "refused": len(expecting) - len(verdicts),
        "agreement": _share(verdicts.count("agreed"), len(verdicts)),
        "too_open": verdicts.count("too_open"),
        "needless": verdicts.count("needless"),
    }


def score_spans(outcomes: Sequence[Outcome]) -> dict[str, Any] | None:
    """The mean recall of the answers' characters; None for a set without spans."""
    recalls = [one.span_recall for one in outcomes if one.span_recall]
    if not recalls:
        return None
    means = {name: round(sum(one[name] for one in recalls) / len(recalls), 4) for name in recalls[0]}
    return {"questions": len(recalls), **means}


def measure_latency(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Seconds of retrieval: median, 95th percentile, and the median of each stage."""
    seconds = [one.seconds for one in outcomes]
    stages = {stage for one in outcomes for stage in one.stages}
    return {
        "p50": round(float(np.percentile(seconds, 50)), 6),
        "p95": round(float(np.percentile(seconds, 95)), 6),
        "stages": {
            stage: round(float(np.median([one.stages.get(stage, 0.0) for one in outcomes])), 6)
            for stage in sorted(stages)
        },
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
