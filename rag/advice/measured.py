"""From settings and receipts to a month's work: what was measured, what was typed in, and what is only assumed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import mean, median

from rag.advice.costs import LocalCost
from rag.advice.prices import Price, Prices, list_prices
from rag.advice.workload import Workload
from rag.config import Costs, Settings
from rag.policy.labels import Label
from rag.records import Answerer, MessageStatus, Receipt

WINDOW_DAYS = 30
DAYS_PER_MONTH = 30.4375
"""365.25 / 12."""

ASSUMED_QUESTIONS = 1000.0
ASSUMED_TOKENS_IN = 2000.0
ASSUMED_TOKENS_OUT = 250.0
ASSUMED_LOCAL_SECONDS = 15.0
ASSUMED_CLOUD_SECONDS = 5.0
ASSUMED_SHARES = (0.6, 0.2, 0.2, 0.0)
"""Before anything was measured: the page marks these as assumed, and every one can be typed in."""


@dataclass(frozen=True, slots=True)
class Typed:
    """What a person typed in for a plan; None leaves what was measured or assumed."""

    questions: float | None = None
    tokens_in: float | None = None
    tokens_out: float | None = None
    shares: Mapping[Label, float] | None = None
    price_in: float | None = None
    price_out: float | None = None
    local_seconds: float | None = None
    cloud_seconds: float | None = None
    cloud_wins: float | None = None
    offline: bool = False
    nothing_may_leave: bool = False
    own_computer: bool = True


def local_cost(costs: Costs) -> LocalCost:
    """What the configuration says about a computer that answers."""
    return LocalCost(
        costs.hardware, costs.life_months, costs.watts, costs.idle_watts, costs.kilowatt_hour, costs.upkeep
    )


def prices_of(settings: Settings) -> Prices:
    """The list of prices with the configuration's own rows before it; those have no date, being always current."""
    own = (Price(row.provider, row.model, row.input, row.output, "costs.prices", None) for row in settings.costs.prices)
    return list_prices().with_first(own)


def plan_month(
    settings: Settings,
    receipts: Sequence[Receipt],
    now: datetime,
    typed: Typed,
    *,
    cloud_wins: float | None = None,
) -> Workload:
    """The month's work: typed in, else measured over the last 30 days, else assumed.

    Args:
        receipts: those of the last `WINDOW_DAYS`, oldest first.
        cloud_wins: the share of blind votes that cloud answers won, None without votes.

    Raises:
        ValueError: the figures typed in cannot be.
    """
    found = _measure([one for one in receipts if one.status is not MessageStatus.REFUSED], now)
    price = prices_of(settings).find(settings.cloud.provider, settings.cloud.model)
    if price is not None:
        found |= {"price_in": price.input, "price_out": price.output}
    if cloud_wins is not None:
        found["cloud_wins"] = cloud_wins
    numbers: dict[str, float | None] = {}
    measured = set()
    for name, assumed in _ASSUMED.items():
        given = getattr(typed, name)
        if given is None and name in found:
            measured.add(name)
        numbers[name] = given if given is not None else found.get(name, assumed)
    shares = typed.shares
    if shares is None:
        shares = _shares(receipts)
        if receipts:
            measured.add("shares")
    return Workload(
        shares=shares,
        rules=settings.rules.by_label(),
        local=local_cost(settings.costs),
        offline=typed.offline,
        nothing_may_leave=typed.nothing_may_leave,
        own_computer=typed.own_computer,
        measured=frozenset(measured),
        **numbers,  # type: ignore[arg-type]  # only prices and votes may be None, by _ASSUMED
    )


_ASSUMED: Mapping[str, float | None] = {
    "questions": ASSUMED_QUESTIONS,
    "tokens_in": ASSUMED_TOKENS_IN,
    "tokens_out": ASSUMED_TOKENS_OUT,
    "price_in": None,
    "price_out": None,
    "local_seconds": ASSUMED_LOCAL_SECONDS,
    "cloud_seconds": ASSUMED_CLOUD_SECONDS,
    "cloud_wins": None,
}


def _measure(answered: Sequence[Receipt], now: datetime) -> dict[str, float]:
    """What the receipts of the window say; nothing for what none of them shows."""
    found: dict[str, float] = {}
    if answered:
        first = max(datetime.fromisoformat(answered[0].created_at), now - timedelta(days=WINDOW_DAYS))
        days = max(1.0, (now - first).total_seconds() / 86_400)
        found["questions"] = len(answered) / days * DAYS_PER_MONTH
    _note(found, "tokens_in", (one.tokens_in for one in answered), mean)
    _note(found, "tokens_out", (one.tokens_out for one in answered), mean)
    for name, answerer in (("local_seconds", Answerer.LOCAL_MODEL), ("cloud_seconds", Answerer.CLOUD_MODEL)):
        whole = (one for one in answered if one.answerer is answerer and one.status is MessageStatus.COMPLETE)
        _note(found, name, (one.seconds.get("total") for one in whole), median)
    return found


def _note(
    found: dict[str, float], name: str, values: Iterable[float | None], middle: Callable[[list[float]], float]
) -> None:
    known = [value for value in values if value]
    if known:
        found[name] = float(middle(known))


def _shares(receipts: Sequence[Receipt]) -> dict[Label, float]:
    if not receipts:
        return dict(zip(Label, ASSUMED_SHARES, strict=True))
    return {label: sum(one.label is label for one in receipts) / len(receipts) for label in Label}
