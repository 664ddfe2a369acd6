"""What may be spent at the cloud in a day and a month, and whether that is reached. Pure; days and months are UTC."""

from __future__ import annotations

from dataclasses import dataclass

WARN_FROM = 0.8
"""The share of a limit from which people are told."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What went to one provider in a period. `dollars` None: some of it has no known price."""

    calls: int
    tokens: int
    dollars: float | None


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit and how much of it is used; `used` None where it cannot be known."""

    name: str
    most: float
    used: float | None

    @property
    def reached(self) -> bool:
        """Whether nothing more may be sent. A limit whose use cannot be known counts as reached."""
        return self.used is None or self.used >= self.most

    @property
    def near(self) -> bool:
        """Whether most of it is used."""
        return self.used is None or self.used >= WARN_FROM * self.most


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits by name (`calls_per_day` … `dollars_per_month`); those that are absent are none."""

    limits: dict[str, float]

    def judge(self, day: Spent, month: Spent) -> tuple[Limit, ...]:
        """Each limit with what is used of it, in the order of the configuration."""
        judged = []
        for name, most in self.limits.items():
            what, _, period = name.partition("_per_")
            judged.append(Limit(name, most, getattr(day if period == "day" else month, what)))
        return tuple(judged)


def first_reached(limits: tuple[Limit, ...]) -> Limit | None:
    """The limit that stops the cloud, None where none does."""
    return next((limit for limit in limits if limit.reached), None)
