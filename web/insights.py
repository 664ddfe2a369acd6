"""What happened lately, as figures to draw: questions, waiting times, costs, fallbacks, refusals. From receipts.

The one text in it are questions that the documents did not answer, which never leave this machine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from rag.advice.ledger import BY, add_up
from rag.advice.measured import local_cost, prices_of
from rag.config import Settings
from rag.errors import NotFound
from rag.records import Answerer, Receipt
from rag.store import Store
from web.advice import Json, line_shape

MOST_UNANSWERED = 20
_PERCENTILES = (50, 90, 99)


def read_insights(store: Store, settings: Settings, days: int, now: datetime | None = None) -> Json:
    """The last `days` days, today included; every day is in the list, also one without a question."""
    today = (now or datetime.now(UTC)).date()
    first = today - timedelta(days=days - 1)
    receipts = store.receipts_between(first.isoformat(), "9999")
    every_day = [(first + timedelta(days=number)).isoformat() for number in range(days)]
    prices, local = prices_of(settings), local_cost(settings.costs)
    by_day = {line.name: line for line in add_up(receipts, "day", prices, local)}
    return {
        "days": every_day,
        "questions": len(receipts),
        "by_zone": _per_day(receipts, "zone", every_day),
        "by_label": _per_day(receipts, "label", every_day),
        "cost_by_day": [round(by_day[day].dollars, 6) if day in by_day else 0.0 for day in every_day],
        "latency": [_latency(name, group) for name, group in sorted(_by_model(receipts).items())],
        "models": [line_shape(line) for line in add_up(receipts, "model", prices, local)],
        "fallbacks": sum(any(reason.code == "fallback" for reason in one.reasons) for one in receipts),
        "refused_at_the_door": sum(any(reason.code == "gate_refused" for reason in one.reasons) for one in receipts),
        "unanswered": _unanswered(store, receipts),
    }


def _per_day(receipts: Sequence[Receipt], by: str, every_day: Sequence[str]) -> dict[str, list[int]]:
    """For each value of `by`, its questions on each day."""
    counted = Counter((BY[by](one), BY["day"](one)) for one in receipts)
    return {name: [counted[name, day] for day in every_day] for name in sorted({name for name, _ in counted})}


def _by_model(receipts: Sequence[Receipt]) -> dict[str, list[float]]:
    """The seconds of every model's answers."""
    found: dict[str, list[float]] = {}
    for one in receipts:
        if one.answerer is not Answerer.QUOTES and "total" in one.seconds:
            found.setdefault(BY["model"](one), []).append(one.seconds["total"])
    return found


def _latency(name: str, seconds: list[float]) -> Json:
    """Percentiles of the whole answer's time: the smallest value that so many answers do not exceed."""
    ordered = sorted(seconds)
    places = {f"p{p}": ordered[-(-len(ordered) * p // 100) - 1] for p in _PERCENTILES}
    return {"model": name, "answers": len(ordered), **{key: round(value, 3) for key, value in places.items()}}


def _unanswered(store: Store, receipts: Sequence[Receipt]) -> list[dict[str, Any]]:
    """The newest questions that the documents did not answer: worth adding documents for."""
    found: list[dict[str, Any]] = []
    for receipt in reversed(receipts):
        if len(found) == MOST_UNANSWERED:
            break
        if any(reason.code == "no_answer" for reason in receipt.reasons):
            try:
                question = store.question(receipt.question_id)
            except NotFound:
                continue  # its conversation was deleted
            found.append({"question": question.text, "asked_at": receipt.created_at, "chat_id": receipt.chat_id})
    return found
