"""Limits: reached at their figure, near from four fifths on, and closed where their use cannot be known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.policy.budget import Budget, Limit, Spent, first_reached

DAY, MONTH = Spent(8, 900, 0.5), Spent(40, 20_000, 3.0)


def test_each_limit_is_judged_by_its_own_period_and_measure() -> None:
    limits = {"calls_per_day": 10, "tokens_per_month": 25_000, "dollars_per_day": 0.4, "dollars_per_month": 5}
    judged = {limit.name: (limit.used, limit.near, limit.reached) for limit in Budget(limits).judge(DAY, MONTH)}
    assert judged == {
        "calls_per_day": (8, True, False),
        "tokens_per_month": (20_000, True, False),
        "dollars_per_day": (0.5, True, True),
        "dollars_per_month": (3.0, False, False),
    }


@pytest.mark.parametrize(("used", "reached"), [(9, False), (10, True), (11, True), (None, True)])
def test_a_limit_is_reached_at_its_figure_and_where_nobody_knows(used: float | None, reached: bool) -> None:
    limits = (Limit("tokens_per_day", 100, 1), Limit("calls_per_day", 10, used))
    assert (first_reached(limits) is not None) is reached


def test_a_limit_of_nothing_is_reached_at_once() -> None:
    assert Limit("calls_per_day", 0, 0).reached


@given(most=st.floats(0, 1e6), used=st.floats(0, 1e6), more=st.floats(0, 1e6))
def test_spending_more_never_opens_a_limit(most: float, used: float, more: float) -> None:
    before, after = Limit("x", most, used), Limit("x", most, used + more)
    assert after.reached or not before.reached
    assert after.near or not before.near
    assert before.near or not before.reached
