"""What each deployment costs a month, and from how many questions on a computer of one's own is cheaper. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from rag.advice.workload import Option, Workload


@dataclass(frozen=True, slots=True)
class Cost:
    """One deployment's month in US dollars; `variable` None where the cloud's price is not known.

    `answered` is the share of questions that a model answers; the rest get extracts.
    """

    option: Option
    fixed: float
    variable: float | None
    answered: float

    @property
    def total(self) -> float | None:
        """Fixed and variable together."""
        return None if self.variable is None else self.fixed + self.variable


def cost_of(option: Option, month: Workload) -> Cost:
    """What `option` costs for `month`.

    local-only: fixed + N * local. by-label: fixed + N * (s * cloud + (1 - s) * local). cloud: N * s * cloud.
    N are the questions, s the share that the rules let go to the cloud.
    """
    share, cloud, local = month.cloud_share, month.cloud_answer, month.local_answer
    if option is Option.LOCAL_ONLY:
        return Cost(option, month.local.fixed, month.questions * local, 1.0)
    sent = 0.0 if share == 0 else None if cloud is None else month.questions * share * cloud
    if option is Option.CLOUD:
        return Cost(option, 0.0, sent, share)
    kept = month.questions * (1 - share) * local
    return Cost(option, month.local.fixed, None if sent is None else sent + kept, 1.0)


def break_even(month: Workload) -> float | None:
    """Questions a month from which answering the sendable ones here is cheaper than sending them.

    N* = fixed / (s * (cloud - local)): where N * s * cloud = fixed + N * s * local. None where no number of
    questions reaches it: the price is unknown, nothing may be sent, or power alone costs more than the cloud.
    """
    share, cloud = month.cloud_share, month.cloud_answer
    if cloud is None or share == 0:
        return None
    saved = share * (cloud - month.local_answer)
    return month.local.fixed / saved if saved > 0 else None


@dataclass(frozen=True, slots=True)
class Point:
    """One place on the cost curves: questions a month, and US dollars for each way; None where not known."""

    questions: float
    local: float
    cloud: float | None


def curves(month: Workload, points: int = 41) -> tuple[Point, ...]:
    """Both cost curves for the questions that may be sent, from none to past today's volume and the break-even."""
    even = break_even(month)
    reach = max(1.25 * month.questions, 1.5 * (even or 0), 100.0)
    share, cloud = month.cloud_share, month.cloud_answer
    made = []
    for step in range(points):
        questions = reach * step / (points - 1)
        here = month.local.fixed + questions * share * month.local_answer
        made.append(Point(questions, here, None if cloud is None else questions * share * cloud))
    return tuple(made)
