"""Costs and break-even, each against a case worked out by hand (docs/advisor.md shows the same arithmetic)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.advice.breakeven import break_even, cost_of, curves
from rag.advice.costs import LocalCost
from rag.advice.workload import Option
from tests.rag.advice.months import LOCAL, MONTH, month, shares


def test_a_computer_costs_its_price_over_its_life_and_its_upkeep_each_month() -> None:
    assert LOCAL.fixed == 2400 / 48 + 10 == 60.0
    ready = LocalCost(2400.0, 48, 180.0, idle_watts=20.0, kilowatt_hour=0.20, upkeep=10.0)
    assert ready.fixed == pytest.approx(60.0 + 20 * 730.5 / 1000 * 0.20)  # 14.61 kWh, 2.922 dollars


def test_a_local_answer_costs_its_power() -> None:
    assert LOCAL.per_answer(20.0) == pytest.approx(0.0002)
    assert LOCAL.answers_per_month(20.0) == pytest.approx(131_490)


def test_a_cloud_answer_costs_its_tokens() -> None:
    assert MONTH.cloud_answer == pytest.approx(0.004)
    assert month(price_out=None).cloud_answer is None


def test_the_three_deployments_cost_what_was_worked_out_by_hand() -> None:
    mixed = month(shares=shares(public=0.5, internal=0.25, confidential=0.25))
    local, by_label, cloud = (cost_of(option, mixed) for option in Option)
    assert local.total == pytest.approx(60 + 10_000 * 0.0002)  # 62.00
    assert by_label.total == pytest.approx(60 + 7_500 * 0.004 + 2_500 * 0.0002)  # 90.50
    assert cloud.total == pytest.approx(7_500 * 0.004)  # 30.00
    assert (local.answered, by_label.answered, cloud.answered) == (1.0, 1.0, 0.75)


def test_the_break_even_is_where_both_cost_the_same() -> None:
    even = break_even(MONTH)
    assert even == pytest.approx(60 / (0.004 - 0.0002))  # 15,789.47 questions
    there = month(questions=even)
    assert cost_of(Option.LOCAL_ONLY, there).total == pytest.approx(cost_of(Option.CLOUD, there).total)


def test_where_only_half_may_be_sent_the_break_even_is_twice_as_far() -> None:
    half = break_even(month(shares=shares(public=0.5, confidential=0.5)))
    assert half == pytest.approx(2 * 60 / (0.004 - 0.0002))


@pytest.mark.parametrize(
    "changes",
    [
        {"price_in": None},
        {"shares": shares(public=0.0, confidential=1.0)},
        {"price_in": 0.05, "price_out": 0.05, "local_seconds": 600.0},  # 0.0001125 a cloud answer, 0.006 of power
        {"nothing_may_leave": True},
    ],
)
def test_there_is_no_break_even_without_a_price_a_sendable_question_or_a_saving(changes: dict[str, object]) -> None:
    assert break_even(month(**changes)) is None


def test_an_unknown_price_is_never_counted_as_nothing() -> None:
    unknown = month(price_in=None)
    assert cost_of(Option.CLOUD, unknown).total is None
    assert cost_of(Option.BY_LABEL, unknown).total is None
    assert cost_of(Option.LOCAL_ONLY, unknown).total == pytest.approx(62.0)
    assert {point.cloud for point in curves(unknown)} == {None}


def test_the_curves_begin_at_the_fixed_cost_and_reach_past_today_and_the_break_even() -> None:
    made = curves(MONTH)
    assert (made[0].questions, made[0].local, made[0].cloud) == (0.0, 60.0, 0.0)
    assert made[-1].questions == pytest.approx(1.5 * 60 / 0.0038)
    crossing = [point for point in made if point.cloud is not None and point.cloud > point.local]
    assert crossing[0].questions == pytest.approx(15_789, abs=made[1].questions)


positive = st.floats(0.01, 1e6, allow_nan=False)


@given(questions=positive, tokens=st.floats(1, 1e5), price=st.floats(0.01, 100), share=st.floats(0.01, 1.0))
def test_beyond_the_break_even_a_computer_is_cheaper_and_before_it_dearer(
    questions: float, tokens: float, price: float, share: float
) -> None:
    at = month(
        questions=questions, tokens_in=tokens, price_in=price, shares=shares(public=share, confidential=1 - share)
    )
    even = break_even(at)
    cloud = at.cloud_answer
    assert cloud is not None
    sent = questions * at.cloud_share
    here, there = at.local.fixed + sent * at.local_answer, sent * cloud
    if even is None:
        assert there <= here
    elif questions > even * 1.000001:
        assert here < there
    elif questions < even * 0.999999:
        assert here > there


@pytest.mark.parametrize(
    ("changes", "named"),
    [({"questions": -1}, "questions"), ({"local_seconds": 0}, "local_seconds"), ({"shares": shares(0.5) | {}}, "")],
)
def test_a_month_that_cannot_be_is_refused(changes: dict[str, object], named: str) -> None:
    if not named:
        changes = {"shares": {**shares(0.5), list(shares())[3]: 0.0}}
        named = "shares"
    with pytest.raises(ValueError, match=named):
        month(**changes)
