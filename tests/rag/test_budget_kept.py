"""The cloud's budget and the provider's highest label, at the route and at the gate."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from rag.advice.spending import judge_budget
from rag.config import load_settings
from rag.errors import OverBudget
from rag.events import Done
from rag.gate.__main__ import refuse_over_budget
from rag.policy.labels import Label
from rag.records import Answerer, MessageStatus, Zone
from tests.fakes.drafts import make_receipt
from tests.fakes.receipts import keep
from tests.rag.test_answer import World, only

SENT = dataclasses.replace(make_receipt(), model="gpt-5-mini", tokens_in=1_000_000, tokens_out=100_000)
"""0.25 US dollars for what was sent and 0.20 for the answer, by the list."""


@pytest.fixture
def world(home: Path) -> Iterator[World]:
    world = World(home)
    yield world
    world.store.close()


def limited(**limits: float) -> dict[str, object]:
    return {"budget": limits}


@pytest.mark.parametrize(
    ("limits", "zone"),
    [
        ({"calls_per_day": 2}, Zone.CLOUD),
        ({"calls_per_day": 1}, Zone.LOCAL),
        ({"tokens_per_month": 1_100_000}, Zone.LOCAL),
        ({"tokens_per_month": 1_100_001}, Zone.CLOUD),
        ({"dollars_per_day": 0.45}, Zone.LOCAL),
        ({"dollars_per_day": 0.46}, Zone.CLOUD),
        ({}, Zone.CLOUD),
    ],
)
def test_a_reached_limit_keeps_the_answer_here_and_says_so(world: World, limits: Any, zone: Zone) -> None:
    keep(world.store, SENT)
    receipt = only(Done, world.ask(settings=limited(**limits))).receipt
    assert receipt.zone is zone
    assert ("budget_reached" in [reason.code for reason in receipt.reasons]) is (zone is Zone.LOCAL)


def test_the_gate_counts_for_itself(world: World) -> None:
    keep(world.store, SENT)
    refuse_over_budget(world.store, load_settings(**limited(calls_per_day=2)))
    with pytest.raises(OverBudget, match=r"budget\.calls_per_day: 1 is reached"):
        refuse_over_budget(world.store, load_settings(**limited(calls_per_day=1)))


def test_an_unknown_price_closes_a_money_limit_and_no_other(world: World) -> None:
    keep(world.store, dataclasses.replace(SENT, model="unheard-of"))
    money, calls = (load_settings(**limited(**limit)) for limit in ({"dollars_per_day": 9}, {"calls_per_day": 9}))
    assert judge_budget(world.store, money)[0].used is None
    assert judge_budget(world.store, calls)[0].used == 1


def test_what_was_refused_or_written_here_costs_nothing_and_a_failed_call_counts(world: World) -> None:
    here = dataclasses.replace(SENT, zone=Zone.LOCAL, answerer=Answerer.LOCAL_MODEL, steps=("local: complete",))
    failed = dataclasses.replace(here, steps=("cloud: TimedOut", "local: complete"))
    refused = dataclasses.replace(SENT, status=MessageStatus.REFUSED, steps=("cloud: LabelTooHigh",))
    for draft in (here, failed, refused):
        keep(world.store, draft)
    (limit,) = judge_budget(world.store, load_settings(**limited(calls_per_day=9)))
    assert limit.used == 1


def test_another_day_begins_anew_and_the_month_does_not(world: World) -> None:
    keep(world.store, SENT)
    settings = load_settings(**limited(calls_per_day=1, calls_per_month=1))
    now = datetime.now(UTC)
    later = now.replace(day=2 if now.day == 1 else 1)
    if later > now:
        day, month = judge_budget(world.store, settings, later)
        assert (day.used, month.used) == (0, 1)
    tomorrow_year = now.replace(year=now.year + 1, day=1)
    assert [limit.used for limit in judge_budget(world.store, settings, tomorrow_year)] == [0, 0]


@pytest.mark.parametrize(("most", "zone"), [("public", Zone.LOCAL), ("internal", Zone.CLOUD)])
def test_a_provider_is_sent_nothing_above_its_highest_label(world: World, most: str, zone: Zone) -> None:
    world.found = [world.chunks[Label.INTERNAL]]
    settings = {"cloud": {"max_label": most}, "rules": {"internal": "cloud"}}
    receipt = only(Done, world.ask(settings=settings)).receipt
    assert receipt.zone is zone
    assert ("provider_max_label" in [reason.code for reason in receipt.reasons]) is (zone is Zone.LOCAL)
