"""Which deployment suits a month's work, criterion by criterion, and what would change the advice. Pure rules.

Sentences are made in `rag.advice.wording`; here are codes and figures only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from rag.advice.breakeven import Cost, Point, break_even, cost_of, curves
from rag.advice.workload import SCALABLE, Option, Workload

THUMB_QUESTIONS = 100_000
"""The rule of thumb: below so many questions a month the cloud is usually less trouble."""

KEPT_MATTERS = 0.02
"""The share of questions that must stay here from which leaving them to extracts counts as a loss."""

CLEARLY_BETTER = 0.6
"""The share of blind votes from which one side's answers count as clearly better."""

SLOW_SECONDS = 20.0
"""Seconds to a whole answer from which people stop waiting for it."""

FACTORS = (0.1, 0.25, 0.5, 2.0, 4.0, 10.0)
"""How much an input is changed, nearest first in both directions, to see whether the advice turns."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """One row of the decision table: which option it favours (None: none), the sentence's code and its figures.

    `rule_of_thumb` says that nothing was measured for it.
    """

    name: str
    favours: Option | None
    code: str
    figures: dict[str, float] = field(default_factory=dict)
    rule_of_thumb: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """An input that, multiplied by `factor` alone, changes the advice to `option`."""

    name: str
    factor: float
    option: Option


@dataclass(frozen=True, slots=True)
class Advice:
    """The recommended deployment, why, and what it rests on."""

    month: Workload
    option: Option
    decided_by: Criterion
    criteria: tuple[Criterion, ...]
    costs: tuple[Cost, ...]
    break_even: float | None
    curves: tuple[Point, ...]
    turns: tuple[Turn, ...]


def advise(month: Workload) -> Advice:
    """The advice for `month`."""
    criteria = tuple(_criteria(month))
    decisive = _decide(criteria)
    assert decisive.favours is not None
    return Advice(
        month,
        decisive.favours,
        decisive,
        criteria,
        tuple(cost_of(option, month) for option in Option),
        break_even(month),
        curves(month),
        tuple(_turns(month, decisive.favours)),
    )


def _decide(criteria: tuple[Criterion, ...]) -> Criterion:
    """The criterion that settles it: what must be, before what is better, before what is cheaper."""
    by_name = {criterion.name: criterion for criterion in criteria}
    for name in ("law", "offline", "no_computer", "kept"):
        if name in by_name and by_name[name].favours is not None:
            return by_name[name]
    if by_name["quality"].favours is not None:
        return by_name["quality"]
    return by_name["budget"]


def _criteria(month: Workload) -> Iterator[Criterion]:
    yield from _must(month)
    yield _budget(month)
    yield _quality(month)
    yield _latency(month)
    below = month.questions < THUMB_QUESTIONS
    thumb = {"questions": month.questions, "thumb": float(THUMB_QUESTIONS)}
    yield Criterion("volume", Option.CLOUD if below else Option.LOCAL_ONLY, "below" if below else "above", thumb, True)
    yield Criterion("simplicity", Option.CLOUD, "no_upkeep", {}, True)
    yield Criterion("control", Option.LOCAL_ONLY, "own_model", {}, True)
    busy = month.computers
    yield Criterion("elasticity", Option.CLOUD if busy > 0.3 else None, "busy", {"computers": busy})


def _must(month: Workload) -> Iterator[Criterion]:
    """What leaves no choice. `kept` also says how much must stay here when that decides nothing."""
    if month.nothing_may_leave:
        yield Criterion("law", Option.LOCAL_ONLY, "nothing_may_leave")
    if month.offline:
        yield Criterion("offline", Option.LOCAL_ONLY, "without_network")
    kept = {"kept": 1 - month.cloud_share, "sent": month.cloud_share}
    if not month.own_computer:
        yield Criterion("no_computer", Option.CLOUD, "no_computer", kept)
        return
    if month.cloud_share == 0:
        yield Criterion("kept", Option.LOCAL_ONLY, "all_kept", kept)
    elif kept["kept"] > KEPT_MATTERS:
        yield Criterion("kept", _with_a_computer(month), "some_kept", kept)
    else:
        yield Criterion("kept", None, "none_kept", kept)


def _with_a_computer(month: Workload) -> Option:
    """Where some questions need a computer here anyway: whether the others should go to the cloud."""
    if month.cloud_wins is not None and month.cloud_wins <= 1 - CLEARLY_BETTER:
        return Option.LOCAL_ONLY
    return Option.BY_LABEL


def _budget(month: Workload) -> Criterion:
    even, cloud = break_even(month), month.cloud_answer
    if cloud is None:
        return Criterion("budget", Option.BY_LABEL, "price_unknown", {}, True)
    figures = {"cloud": cloud, "local": month.local_answer, "questions": month.questions}
    if even is None:
        return Criterion("budget", Option.CLOUD, "never_even", figures)
    code = "above_even" if month.questions >= even else "below_even"
    favours = Option.LOCAL_ONLY if code == "above_even" else Option.CLOUD
    return Criterion("budget", favours, code, {**figures, "even": even})


def _quality(month: Workload) -> Criterion:
    won = month.cloud_wins
    if won is None:
        return Criterion("quality", None, "no_votes", {}, True)
    figures = {"cloud_wins": won}
    if won >= CLEARLY_BETTER:
        return Criterion("quality", Option.BY_LABEL if month.own_computer else Option.CLOUD, "cloud_better", figures)
    if won <= 1 - CLEARLY_BETTER:
        return Criterion("quality", Option.LOCAL_ONLY, "local_better", figures)
    return Criterion("quality", None, "alike", figures)


def _latency(month: Workload) -> Criterion:
    figures = {"local": month.local_seconds, "cloud": month.cloud_seconds}
    if month.local_seconds > SLOW_SECONDS and month.cloud_seconds < month.local_seconds:
        return Criterion("latency", Option.CLOUD, "local_slow", figures)
    if month.local_seconds <= month.cloud_seconds:
        return Criterion("latency", Option.LOCAL_ONLY, "local_faster", figures)
    return Criterion("latency", None, "both_fine", figures)


def _turns(month: Workload, option: Option) -> Iterator[Turn]:
    """For each input, the smallest change in either direction that turns the advice."""
    for name in SCALABLE:
        for direction in (sorted((f for f in FACTORS if f < 1), reverse=True), [f for f in FACTORS if f > 1]):
            for factor in direction:
                changed = month.scaled(name, factor)
                other = _decide(tuple(_criteria(changed))).favours
                if other is not None and other is not option:
                    yield Turn(name, factor, other)
                    break
