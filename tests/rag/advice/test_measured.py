"""What a plan rests on: typed in before measured before assumed, and it says which."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from rag.advice.measured import ASSUMED_QUESTIONS, Typed, plan_month, prices_of
from rag.config import load_settings
from rag.policy.labels import Label
from rag.records import MessageStatus
from tests.rag.advice.test_ledger import CLOUD, LOCAL_ANSWER

NOW = datetime(2026, 3, 14, 5, 6, 7, tzinfo=UTC)


def test_without_receipts_everything_is_assumed_but_the_listed_price(home: object) -> None:
    month = plan_month(load_settings(), [], NOW, Typed())
    assert month.questions == ASSUMED_QUESTIONS
    assert month.measured == {"price_in", "price_out"}
    assert (month.price_in, month.price_out) == (0.25, 2.0)


def test_receipts_give_volume_tokens_shares_and_the_middle_time(home: object) -> None:
    slow = replace(LOCAL_ANSWER, seconds={"total": 30.0})
    receipts = [CLOUD, CLOUD, LOCAL_ANSWER, slow, slow]
    month = plan_month(load_settings(), receipts, NOW, Typed())
    assert month.questions == pytest.approx(5 / 10 * 30.4375)  # five in the ten days since the first
    assert (month.tokens_in, month.tokens_out) == (1000, 100)
    assert (month.local_seconds, month.cloud_seconds) == (30.0, 2.0)
    assert month.shares[Label.PUBLIC] == pytest.approx(0.4)
    assert month.shares[Label.CONFIDENTIAL] == pytest.approx(0.6)
    assert {"questions", "shares", "local_seconds"} <= month.measured


def test_an_answer_that_broke_off_is_no_measure_of_time_and_a_refusal_none_of_volume(home: object) -> None:
    broken = replace(CLOUD, status=MessageStatus.INCOMPLETE, seconds={"total": 99.0})
    refused = replace(CLOUD, status=MessageStatus.REFUSED)
    month = plan_month(load_settings(), [CLOUD, broken, refused], NOW, Typed())
    assert month.cloud_seconds == 2.0
    assert month.questions == pytest.approx(2 / 10 * 30.4375)


def test_what_is_typed_in_wins_and_is_not_called_measured(home: object) -> None:
    month = plan_month(load_settings(), [CLOUD], NOW, Typed(questions=50_000, price_in=3.0))
    assert (month.questions, month.price_in, month.price_out) == (50_000, 3.0, 2.0)
    assert "questions" not in month.measured
    assert "price_in" not in month.measured


def test_own_prices_and_an_unknown_model(home: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRLOCK_CLOUD__MODEL", "house-model")
    assert plan_month(load_settings(), [], NOW, Typed()).price_in is None
    own = '[{"provider": "openai", "model": "house-model", "input": 4, "output": 5}]'
    monkeypatch.setenv("AIRLOCK_COSTS__PRICES", own)
    settings = load_settings()
    assert plan_month(settings, [], NOW, Typed()).price_out == 5.0
    price = prices_of(settings).find("openai", "house-model")
    assert price is not None
    assert price.read_on is None
