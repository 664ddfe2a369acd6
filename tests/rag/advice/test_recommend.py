"""The advice: what must be comes first, then what is better, then what is cheaper."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag.advice.recommend import THUMB_QUESTIONS, Advice, Criterion, advise
from rag.advice.workload import Option
from tests.rag.advice.months import LOCAL, MONTH, month, shares


def criterion(advice: Advice, name: str) -> Criterion:
    return next(one for one in advice.criteria if one.name == name)


@pytest.mark.parametrize(
    ("changes", "option", "decided_by"),
    [
        ({"nothing_may_leave": True}, Option.LOCAL_ONLY, "law"),
        ({"offline": True}, Option.LOCAL_ONLY, "offline"),
        ({"own_computer": False}, Option.CLOUD, "no_computer"),
        ({"shares": shares(public=0.0, confidential=1.0)}, Option.LOCAL_ONLY, "kept"),
        ({"shares": shares(public=0.6, confidential=0.4)}, Option.BY_LABEL, "kept"),
        ({"shares": shares(public=0.6, confidential=0.4), "cloud_wins": 0.3}, Option.LOCAL_ONLY, "kept"),
        ({}, Option.CLOUD, "budget"),
        ({"questions": 20_000}, Option.LOCAL_ONLY, "budget"),
        ({"questions": 20_000, "cloud_wins": 0.7}, Option.BY_LABEL, "quality"),
        ({"cloud_wins": 0.2}, Option.LOCAL_ONLY, "quality"),
        ({"cloud_wins": 0.5}, Option.CLOUD, "budget"),
        ({"price_in": None}, Option.BY_LABEL, "budget"),
    ],
)
def test_what_settles_the_advice(changes: dict[str, object], option: Option, decided_by: str) -> None:
    advice = advise(month(**changes))
    assert (advice.option, advice.decided_by.name) == (option, decided_by)


def test_a_law_comes_before_every_price() -> None:
    advice = advise(month(nothing_may_leave=True, cloud_wins=1.0, questions=10))
    assert advice.option is Option.LOCAL_ONLY
    assert advice.break_even is None


def test_the_rule_of_thumb_is_shown_as_one_beside_the_measured_answer() -> None:
    advice = advise(month(questions=20_000))
    thumb = criterion(advice, "volume")
    assert (thumb.favours, thumb.rule_of_thumb) == (Option.CLOUD, True)
    assert thumb.figures == {"questions": 20_000, "thumb": THUMB_QUESTIONS}
    assert not advice.decided_by.rule_of_thumb
    assert advice.option is Option.LOCAL_ONLY


def test_latency_names_the_faster_one_and_says_when_local_is_too_slow() -> None:
    assert criterion(advise(month(local_seconds=45.0)), "latency").code == "local_slow"
    assert criterion(advise(month(local_seconds=2.0)), "latency").favours is Option.LOCAL_ONLY
    assert criterion(advise(month(local_seconds=10.0)), "latency").favours is None


def test_what_would_turn_the_advice_is_found_by_changing_one_input_alone() -> None:
    turns = {(turn.name, turn.factor > 1): turn for turn in advise(MONTH).turns}
    assert turns["questions", True].factor == 2.0  # 20,000 is past 15,789
    assert turns["price_in", True].option is Option.LOCAL_ONLY
    assert turns["hardware", False].factor == 0.5  # 35 / 0.0038 = 9,211 is below 10,000
    assert ("questions", False) not in turns


def test_an_input_that_is_not_known_turns_nothing() -> None:
    names = {turn.name for turn in advise(month(price_in=None)).turns}
    assert "price_in" not in names


def test_a_busy_computer_speaks_for_the_cloud() -> None:
    busy = criterion(advise(month(questions=131_490)), "elasticity")
    assert busy.figures["computers"] == pytest.approx(1.0)
    assert busy.favours is Option.CLOUD
    assert criterion(advise(MONTH), "elasticity").favours is None


def test_every_month_gets_an_option_and_three_costs() -> None:
    for questions in (0, 1, 1e9):
        for upkeep in (0.0, 5000.0):
            advice = advise(month(questions=questions, local=replace(LOCAL, upkeep=upkeep)))
            assert advice.decided_by.favours is advice.option
            assert [cost.option for cost in advice.costs] == list(Option)
