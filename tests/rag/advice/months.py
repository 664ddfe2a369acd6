"""A month's work to start from, with round figures that can be worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rag.advice.costs import LocalCost
from rag.advice.workload import Workload
from rag.policy.labels import Label, Rule

LOCAL = LocalCost(hardware=2400.0, life_months=48, watts=180.0, idle_watts=0.0, kilowatt_hour=0.20, upkeep=10.0)
"""60 US dollars a month; an answer of 20 s takes 180 * 20 / 3,600,000 = 0.001 kWh, which costs 0.0002."""

RULES = {
    Label.PUBLIC: Rule.CLOUD,
    Label.INTERNAL: Rule.MASKED,
    Label.CONFIDENTIAL: Rule.LOCAL,
    Label.RESTRICTED: Rule.LOCAL,
}


def shares(public: float = 1.0, internal: float = 0.0, confidential: float = 0.0) -> dict[Label, float]:
    rest = 1.0 - public - internal - confidential
    values = (public, internal, confidential, rest)
    return dict(zip(Label, values, strict=True))


MONTH = Workload(
    questions=10_000,
    tokens_in=2_000,
    tokens_out=250,
    shares=shares(),
    rules=RULES,
    price_in=1.0,
    price_out=8.0,
    local=LOCAL,
    local_seconds=20.0,
    cloud_seconds=4.0,
)
"""A cloud answer costs 2,000 * 1 / 1e6 + 250 * 8 / 1e6 = 0.004 US dollars."""


def month(**changes: Any) -> Workload:
    return replace(MONTH, **changes)
