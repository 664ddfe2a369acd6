"""Adds receipts up: questions, tokens, money and seconds, by whatever they have in common. Holds no text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from statistics import median

from rag.advice.costs import LocalCost
from rag.advice.prices import Prices
from rag.records import Answerer, Receipt

BY: Mapping[str, Callable[[Receipt], str]] = {
    "provider": lambda receipt: receipt.provider or "quotes",
    "model": lambda receipt: f"{receipt.provider} {receipt.model}".strip() or "quotes",
    "zone": lambda receipt: receipt.zone.value,
    "label": lambda receipt: receipt.label.word,
    "day": lambda receipt: receipt.created_at[:10],
    "month": lambda receipt: receipt.created_at[:7],
}
"""What receipts can be added up by; days and months are in UTC."""


@dataclass(frozen=True, slots=True)
class Line:
    """The sum of some receipts. `dollars` leaves out the `unpriced` answers, whose price nobody knows."""

    name: str
    questions: int
    tokens_in: int
    tokens_out: int
    dollars: float
    unpriced: int
    seconds: tuple[float, ...] = field(repr=False, default=())
    first_token: tuple[float, ...] = field(repr=False, default=())

    @property
    def median_seconds(self) -> float | None:
        """The middle answer's whole time, None without one."""
        return median(self.seconds) if self.seconds else None


def cost_of(receipt: Receipt, prices: Prices, local: LocalCost) -> float | None:
    """US dollars one answer cost beyond what is paid every month anyway; None where no price is known.

    A cloud answer costs its tokens, also when it broke off. A local answer costs its power. Extracts cost nothing
    that could be measured.
    """
    if receipt.answerer is Answerer.QUOTES:
        return 0.0
    if receipt.answerer is Answerer.LOCAL_MODEL:
        return local.per_answer(receipt.seconds.get("total", 0.0))
    price = prices.find(receipt.provider, receipt.model)
    if price is None or receipt.tokens_in is None or receipt.tokens_out is None:
        return None
    return price.cost(receipt.tokens_in, receipt.tokens_out)


def add_up(receipts: Iterable[Receipt], by: str, prices: Prices, local: LocalCost) -> list[Line]:
    """One line for each value of `by`, a key of `BY`, most questions first; days and months in their order."""
    groups: dict[str, list[Receipt]] = {}
    for receipt in receipts:
        groups.setdefault(BY[by](receipt), []).append(receipt)
    lines = [total(name, group, prices, local) for name, group in groups.items()]
    if by in ("day", "month"):
        return sorted(lines, key=lambda line: line.name)
    return sorted(lines, key=lambda line: (-line.questions, line.name))


def total(name: str, receipts: Iterable[Receipt], prices: Prices, local: LocalCost) -> Line:
    """All of `receipts` as one line."""
    listed = list(receipts)
    costs = [cost_of(receipt, prices, local) for receipt in listed]
    return Line(
        name,
        len(listed),
        sum(receipt.tokens_in or 0 for receipt in listed),
        sum(receipt.tokens_out or 0 for receipt in listed),
        sum(cost for cost in costs if cost is not None),
        sum(cost is None for cost in costs),
        tuple(receipt.seconds["total"] for receipt in listed if "total" in receipt.seconds),
        tuple(receipt.seconds["first_token"] for receipt in listed if "first_token" in receipt.seconds),
    )
