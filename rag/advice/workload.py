"""What is asked of a deployment in a month: the inputs of the advice, measured or typed in. Decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from rag.advice.costs import LocalCost
from rag.policy.labels import Label, Rule


class Option(StrEnum):
    """The three deployments to choose from: the modes of the configuration."""

    LOCAL_ONLY = "local-only"
    BY_LABEL = "by-label"
    CLOUD = "cloud"


@dataclass(frozen=True, slots=True)
class Workload:
    """One month.

    Args:
        questions: questions a month.
        tokens_in: prompt tokens of a question, passages included.
        tokens_out: tokens of its answer.
        shares: the share of questions by label; sums to 1.
        rules: what each label allows.
        price_in: US dollars for a million prompt tokens; None when nobody knows.
        price_out: US dollars for a million answer tokens; None when nobody knows.
        local: what a computer that answers costs.
        local_seconds: seconds a local answer takes.
        cloud_seconds: seconds a cloud answer takes.
        cloud_wins: the share of blind votes that the cloud's answers won; None before anyone has voted.
        offline: answers must come without a network.
        nothing_may_leave: a law or a contract forbids the cloud altogether.
        own_computer: there is a computer that can run a model.
        measured: the names of those inputs that were measured and not typed in or assumed.
    """

    questions: float
    tokens_in: float
    tokens_out: float
    shares: Mapping[Label, float]
    rules: Mapping[Label, Rule]
    price_in: float | None
    price_out: float | None
    local: LocalCost
    local_seconds: float
    cloud_seconds: float
    cloud_wins: float | None = None
    offline: bool = False
    nothing_may_leave: bool = False
    own_computer: bool = True
    measured: frozenset[str] = field(default=frozenset())

    def __post_init__(self) -> None:
        problems = [name for name in ("questions", "tokens_in", "tokens_out") if getattr(self, name) < 0]
        problems += [name for name in ("local_seconds", "cloud_seconds") if getattr(self, name) <= 0]
        if problems:
            raise ValueError(f"{', '.join(problems)}: a plan needs figures above zero")
        if abs(sum(self.shares.values()) - 1) > 1e-6 or min(self.shares.values()) < 0:
            raise ValueError("shares: the shares of the labels sum to 1")

    @property
    def cloud_share(self) -> float:
        """The share of questions that a rule lets go to the cloud, masked or not; 0 where nothing may leave."""
        if self.nothing_may_leave:
            return 0.0
        return sum(share for label, share in self.shares.items() if self.rules[label] is not Rule.LOCAL)

    @property
    def cloud_answer(self) -> float | None:
        """US dollars for one cloud answer: (tokens_in * price_in + tokens_out * price_out) / 1,000,000."""
        if self.price_in is None or self.price_out is None:
            return None
        return (self.tokens_in * self.price_in + self.tokens_out * self.price_out) / 1_000_000

    @property
    def local_answer(self) -> float:
        """US dollars of power for one local answer."""
        return self.local.per_answer(self.local_seconds)

    @property
    def computers(self) -> float:
        """Computers that the local questions would keep busy all month, if they came evenly."""
        return self.questions / self.local.answers_per_month(self.local_seconds)

    def scaled(self, name: str, factor: float) -> Workload:
        """This month with one input multiplied; the inputs are those of `SCALABLE`."""
        if name in ("hardware", "watts", "kilowatt_hour", "upkeep"):
            return replace(self, local=replace(self.local, **{name: getattr(self.local, name) * factor}))
        value = getattr(self, name)
        return self if value is None else replace(self, **{name: value * factor})


SCALABLE = (
    "questions", "tokens_in", "tokens_out", "price_in", "price_out", "local_seconds", "hardware", "watts",
    "kilowatt_hour", "upkeep",
)  # fmt: skip
"""Inputs whose weight on the advice is shown, by making each larger and smaller alone."""
