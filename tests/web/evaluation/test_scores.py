"""Figures against values worked out by hand."""

from __future__ import annotations

import math

import pytest

from rag.policy.labels import Rule
from tests.web.evaluation.conftest import outcome
from web.evaluation.asking import Outcome
from web.evaluation.scores import (
    METRICS,
    judge_route,
    mean_of,
    measure_latency,
    score_rankings,
    score_refusals,
    score_routes,
)


def figures(*outcomes: Outcome) -> dict[str, dict[str, float]]:
    return score_rankings({one.question.id: (one.question, one.ranking) for one in outcomes})


def test_the_metrics_are_the_textbooks() -> None:
    second = outcome("1", ["x", "a", "y", "b"], relevant={"a": 1, "b": 1, "c": 1})
    ideal = 1 + 1 / math.log2(3) + 1 / math.log2(4)
    assert figures(second)["1"] == pytest.approx(
        {
            "hit@1": 0.0,
            "hit@5": 1.0,
            "recall@10": 2 / 3,
            "recall@20": 2 / 3,
            "MRR@10": 1 / 2,
            "nDCG@10": (1 / math.log2(3) + 1 / math.log2(5)) / ideal,
        }
    )


def test_places_beyond_a_cut_do_not_count() -> None:
    found = [f"x{at}" for at in range(10)] + ["a"]
    assert figures(outcome("1", found, relevant={"a": 1}))["1"] == dict(
        zip(METRICS, (0.0, 0.0, 0.0, 1.0, 0.0, 0.0), strict=True)
    )


def test_the_order_found_counts_and_not_the_names() -> None:
    """trec_eval breaks ties of score by name."""
    assert figures(outcome("1", ["a", "z"], relevant={"a": 1}))["1"]["hit@1"] == 1.0
    assert figures(outcome("1", ["z", "a"], relevant={"z": 1}))["1"]["hit@1"] == 1.0


def test_a_question_for_which_nothing_was_found_scores_nought_in_the_mean() -> None:
    mean = mean_of(figures(outcome("1", ["a"], relevant={"a": 1}), outcome("2", [], relevant={"a": 1})))
    assert mean == dict.fromkeys(METRICS, 0.5)


def test_what_is_unanswerable_or_was_never_judged_is_left_out_of_the_mean() -> None:
    unanswerable = outcome("1", ["a"], relevant={"b": 1}, unanswerable=True)
    assert figures(unanswerable, outcome("2", ["a"]), outcome("3", ["a"], relevant={"b": 0})) == {}
    assert mean_of({}) is None


def test_refusals_are_counted_against_what_is_unanswerable() -> None:
    asked = [
        outcome("1", refused=True, unanswerable=True),
        outcome("2", refused=False, unanswerable=True),
        *(outcome(f"a{at}", refused=at == 0) for at in range(4)),
    ]
    assert score_refusals(asked) == {
        "unanswerable": 2,
        "refused": 2,
        "precision": 0.5,
        "recall": 0.5,
        "answerable_refused": 0.25,
    }


def test_where_nothing_is_there_to_divide_by_there_is_no_share() -> None:
    found = score_refusals([outcome("1")])
    assert (found["precision"], found["recall"], found["answerable_refused"]) == (None, None, 0.0)


@pytest.mark.parametrize(
    ("expected", "rule", "verdict"),
    [
        ("local", Rule.LOCAL, "agreed"),
        ("local", Rule.MASKED, "too_open"),
        ("local", Rule.CLOUD, "too_open"),
        ("masked", Rule.CLOUD, "too_open"),
        ("masked", Rule.LOCAL, "needless"),
        ("cloud", Rule.MASKED, "needless"),
        ("any", Rule.CLOUD, "agreed"),
        ("any", Rule.LOCAL, "needless"),
        (None, Rule.LOCAL, None),
        ("local", None, None),
    ],
)
def test_a_route_agrees_is_too_open_or_needlessly_strict(expected: str | None, rule: Rule | None, verdict: str) -> None:
    assert judge_route(outcome("1", rule=rule, expected_route=expected)) == verdict


def test_refused_questions_are_left_out_of_the_agreement_of_routes() -> None:
    asked = [
        outcome("1", rule=Rule.LOCAL, expected_route="local"),
        outcome("2", rule=Rule.LOCAL, expected_route="any"),
        outcome("3", refused=True, expected_route="any"),
        outcome("4", rule=Rule.LOCAL),
    ]
    assert score_routes(asked) == {"questions": 2, "refused": 1, "agreement": 0.5, "too_open": 0, "needless": 1}
    assert score_routes(asked[3:]) is None


def test_latency_gives_the_median_the_tail_and_every_stage() -> None:
    assert measure_latency([outcome("1")] * 3) == {"p50": 0.01, "p95": 0.01, "stages": {"embed": 0.004}}
