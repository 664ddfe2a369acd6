"""How much of the cloud's budget is used, from the receipts. Asked before a route is chosen, and again at the gate."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Protocol

from rag.advice.measured import prices_of
from rag.config import Settings
from rag.policy.budget import Budget, Limit, Spent
from rag.store.views import CloudUse


class HasLedger(Protocol):
    """The store's part."""

    def cloud_use(self, provider: str, since: str) -> list[CloudUse]: ...


def judge_budget(store: HasLedger, settings: Settings, now: datetime | None = None) -> tuple[Limit, ...]:
    """Every limit that is set, with what is used of it; none is read when none is set."""
    budget = Budget(settings.budget.limits())
    if not budget.limits:
        return ()
    today = (now or datetime.now(UTC)).date()
    day = store.cloud_use(settings.cloud.provider, today.isoformat())
    month = store.cloud_use(settings.cloud.provider, today.replace(day=1).isoformat())
    return budget.judge(_spent(day, settings), _spent(month, settings))


def _spent(uses: Sequence[CloudUse], settings: Settings) -> Spent:
    prices, provider = prices_of(settings), settings.cloud.provider
    known = prices.find(provider, settings.cloud.model) is not None
    dollars: float | None = 0.0 if known else None
    for use in uses:
        price = prices.find(provider, use.model)
        if use.model and (price is None or dollars is None):
            dollars = None
        elif price is not None and dollars is not None:
            dollars += price.cost(use.tokens_in, use.tokens_out)
    tokens = sum(use.tokens_in + use.tokens_out for use in uses)
    return Spent(sum(use.calls for use in uses), tokens, dollars)
