"""Costs, insights and the advice, read only. A plan's figures come in the query; nothing is stored."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from rag.advice.measured import Typed
from rag.errors import ConfigError
from rag.policy.labels import Label
from web.advice import Json, read_advice, read_costs
from web.insights import read_insights
from web.parts import Parts

Figure = Annotated[float | None, Query(ge=0, le=1e12)]


def router(parts: Parts) -> APIRouter:
    """`/api/costs`, `/api/insights` and `/api/advice`."""
    routes = APIRouter(prefix="/api")
    store, settings = parts.airlock.store, parts.airlock.settings

    @routes.get("/costs")
    def costs(since: str | None = None, until: str | None = None) -> Json:
        return read_costs(store, settings, since, until)

    @routes.get("/insights")
    def insights(days: Annotated[int, Query(ge=1, le=3660)] = 30) -> Json:
        return read_insights(store, settings, days)

    @routes.get("/advice")
    def advice(
        questions: Figure = None,
        tokens_in: Figure = None,
        tokens_out: Figure = None,
        price_in: Figure = None,
        price_out: Figure = None,
        local_seconds: Figure = None,
        cloud_seconds: Figure = None,
        cloud_wins: Annotated[float | None, Query(ge=0, le=1)] = None,
        shares: str | None = None,
        offline: bool = False,
        nothing_may_leave: bool = False,
        own_computer: bool = True,
    ) -> Json:
        """The advice; `shares` are four figures with commas, public to restricted, of any sum."""
        typed = Typed(
            questions=questions, tokens_in=tokens_in, tokens_out=tokens_out, shares=_read_shares(shares),
            price_in=price_in, price_out=price_out, local_seconds=local_seconds, cloud_seconds=cloud_seconds,
            cloud_wins=cloud_wins, offline=offline, nothing_may_leave=nothing_may_leave, own_computer=own_computer,
        )  # fmt: skip
        return read_advice(store, settings, typed)

    return routes


def _read_shares(text: str | None) -> dict[Label, float] | None:
    if text is None:
        return None
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if len(values) != len(Label) or min(values) < 0 or not 0 < sum(values) < 1e12:
        raise ConfigError("shares: give four figures with commas, for public, internal, confidential and restricted")
    return dict(zip(Label, (value / sum(values) for value in values), strict=True))
