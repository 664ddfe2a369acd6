"""Costs and advice as JSON, for the page and the command line alike. Reads receipts; sends nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from rag.advice.ledger import BY, Line, add_up, total
from rag.advice.measured import WINDOW_DAYS, Typed, local_cost, plan_month, prices_of
from rag.advice.recommend import Advice, Criterion, advise
from rag.advice.wording import CRITERION_WORDS, INPUT_WORDS, OPTION_WORDS, name_in, say_criterion
from rag.advice.workload import Option
from rag.config import Settings
from rag.errors import ConfigError
from rag.store import Store

Json = dict[str, Any]
_ALWAYS = ("", "9999")
"""Before and after every time the store can hold."""


def read_costs(store: Store, settings: Settings, since: str | None = None, until: str | None = None) -> Json:
    """The ledger of a period: every sum the receipts give, by everything they can be added up by.

    `since` and `until` are days or times as the store writes them, `until` not included; None is no limit.
    """
    receipts = store.receipts_between(since or _ALWAYS[0], until or _ALWAYS[1])
    prices, local = prices_of(settings), local_cost(settings.costs)
    return {
        "since": since,
        "until": until,
        "currency": "USD",
        "local_fixed_per_month": round(local.fixed, 4),
        "total": line_shape(total("total", receipts, prices, local)),
        "by": {name: [line_shape(line) for line in add_up(receipts, name, prices, local)] for name in BY},
        "prices": [
            {
                "provider": row.provider,
                "model": row.model,
                "input": row.input,
                "output": row.output,
                "source": row.source,
                "date": row.read_on.isoformat() if row.read_on is not None else None,
            }
            for row in prices.rows
        ],
    }


def line_shape(line: Line) -> Json:
    """One sum. `cost` leaves out the `unpriced` answers, whose price is not known."""
    median = line.median_seconds
    return {
        "name": line.name,
        "questions": line.questions,
        "tokens_in": line.tokens_in,
        "tokens_out": line.tokens_out,
        "cost": round(line.dollars, 6),
        "unpriced": line.unpriced,
        "median_seconds": None if median is None else round(median, 3),
    }


def read_advice(store: Store, settings: Settings, typed: Typed, now: datetime | None = None) -> Json:
    """The advice from the last 30 days' receipts and what was typed in.

    Raises:
        ConfigError: a figure that was typed in cannot be; the message names it.
    """
    now = now or datetime.now(UTC)
    since = (now - timedelta(days=WINDOW_DAYS)).isoformat()
    try:
        month = plan_month(settings, store.receipts_between(since, _ALWAYS[1]), now, typed)
    except ValueError as error:
        raise ConfigError(str(error)) from error
    return advice_shape(advise(month))


def advice_shape(advice: Advice) -> Json:
    """The whole advice: the option, why, its costs, the break-even with its curves, and what would turn it."""
    month = advice.month
    inputs: Mapping[str, float | None] = {
        "questions": month.questions,
        "tokens_in": month.tokens_in,
        "tokens_out": month.tokens_out,
        "price_in": month.price_in,
        "price_out": month.price_out,
        "local_seconds": month.local_seconds,
        "cloud_seconds": month.cloud_seconds,
        "cloud_wins": month.cloud_wins,
    }
    return {
        "option": option_shape(advice.option),
        "decided_by": criterion_shape(advice.decided_by),
        "criteria": [criterion_shape(one) for one in advice.criteria],
        "costs": [
            {
                "option": option_shape(cost.option),
                "fixed": round(cost.fixed, 4),
                "variable": None if cost.variable is None else round(cost.variable, 4),
                "total": None if cost.total is None else round(cost.total, 4),
                "answered_by_model": round(cost.answered, 4),
            }
            for cost in advice.costs
        ],
        "currency": "USD",
        "break_even": None if advice.break_even is None else round(advice.break_even, 1),
        "curves": [
            {
                "questions": round(point.questions, 1),
                "local": round(point.local, 4),
                "cloud": None if point.cloud is None else round(point.cloud, 4),
            }
            for point in advice.curves
        ],
        "turns": [
            {
                "input": turn.name,
                "name": name_in(INPUT_WORDS[turn.name]),
                "factor": turn.factor,
                "option": option_shape(turn.option),
            }
            for turn in advice.turns
        ],
        "inputs": {
            **{
                name: {"value": value, "measured": name in month.measured, "name": name_in(INPUT_WORDS[name])}
                for name, value in inputs.items()
            },
            "shares": {
                "value": {label.word: round(share, 4) for label, share in month.shares.items()},
                "measured": "shares" in month.measured,
                "name": name_in(INPUT_WORDS["shares"]),
            },
        },
    }


def option_shape(option: Option) -> Json:
    """A deployment: the mode to configure and what people call it."""
    return {"mode": option.value, "name": name_in(OPTION_WORDS[option])}


def criterion_shape(criterion: Criterion) -> Json:
    """One row of the decision table."""
    return {
        "name": criterion.name,
        "title": name_in(CRITERION_WORDS[criterion.name]),
        "favours": None if criterion.favours is None else option_shape(criterion.favours),
        "text": say_criterion(criterion),
        "rule_of_thumb": criterion.rule_of_thumb,
        "figures": criterion.figures,
    }
