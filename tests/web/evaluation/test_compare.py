"""What a change won and lost, and whether it could be chance."""

from __future__ import annotations

from typing import Any

import pytest

from web.evaluation.compare import chance, compare
from web.evaluation.scores import METRICS


def result(id_: str, score: float | None, *, refused: bool = False, unanswerable: bool = False) -> dict[str, Any]:
    metrics = None if score is None else dict.fromkeys(METRICS, score)
    return {
        "id": id_,
        "text": f"text of {id_}",
        "unanswerable": unanswerable,
        "metrics": metrics,
        "rank": 1 if score else None,
        "found": [{"document": f"first for {score}", "title": "", "score": 1.0}],
        "refused": refused,
    }


def evaluation(*results: dict[str, Any]) -> dict[str, Any]:
    return {
        "set": "s",
        "created_at": "2026-01-01T00:00:00+00:00",
        "airlock": "0.1.0",
        "embedding_model": "m",
        "settings": {},
        "results": list(results),
    }


def test_a_question_is_won_or_lost_by_its_ranking() -> None:
    before = evaluation(result("1", 0.5), result("2", 1.0), result("3", 0.2), result("4", 1.0))
    after = evaluation(result("1", 1.0), result("2", 0.4), result("3", 0.1), result("4", 1.0))
    found = compare(before, after)
    assert [(one["id"], one["before"], one["after"]) for one in found["won"]] == [("1", 0.5, 1.0)]
    assert [one["id"] for one in found["lost"]] == ["2", "3"], "the largest change comes first"
    assert found["metrics"]["nDCG@10"]["difference"] == pytest.approx(-0.05)


def test_a_refusal_that_becomes_right_is_won_and_one_that_becomes_wrong_is_lost() -> None:
    before = evaluation(result("u", None, unanswerable=True), result("a", 1.0))
    after = evaluation(result("u", None, unanswerable=True, refused=True), result("a", 1.0, refused=True))
    found = compare(before, after)
    assert [(one["id"], one["what"]) for one in found["won"]] == [("u", "refusal")]
    assert [(one["id"], one["what"]) for one in found["lost"]] == [("a", "refusal")]


def test_means_are_over_the_questions_both_asked() -> None:
    before = evaluation(result("1", 0.0), result("2", 1.0))
    after = evaluation(result("2", 1.0), result("3", 0.0))
    found = compare(before, after)
    assert (found["questions"], found["only_before"], found["only_after"]) == (1, ["1"], ["3"])
    assert (found["metrics"]["hit@1"]["before"], found["metrics"]["hit@1"]["after"]) == (1.0, 1.0)
    assert found["won"] == found["lost"] == []


def test_chance_is_certain_for_no_change_and_small_for_a_steady_one() -> None:
    assert chance([0.0] * 50) == 1.0
    assert chance([0.1] * 20) < 0.001
    assert chance([0.1, -0.1] * 20) == 1.0


def test_chance_of_few_changes_is_the_count_of_sign_flips() -> None:
    """Of the 8 ways to sign three equal differences, 2 are as large as all of one sign."""
    assert chance([0.3, 0.3, 0.3]) == pytest.approx(2 / 8, abs=0.02)
