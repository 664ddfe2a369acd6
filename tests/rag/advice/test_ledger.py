"""Sums of receipts: an unknown price is counted apart and never as nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from rag.advice.ledger import BY, add_up, cost_of, total
from rag.advice.prices import Price, Prices, list_prices
from rag.policy.labels import Label
from rag.records import Answerer, ChatId, MessageId, MessageStatus, QuestionId, Receipt, ReceiptId, Zone
from tests.rag.advice.months import LOCAL

PRICES = Prices((Price("openai", "big", 2.0, 10.0, "a page", date(2026, 1, 2)),))
CLOUD = Receipt(
    id=ReceiptId(1),
    chat_id=ChatId("c"),
    question_id=QuestionId(1),
    message_id=MessageId(2),
    created_at="2026-03-04T05:06:07+00:00",
    zone=Zone.CLOUD,
    answerer=Answerer.CLOUD_MODEL,
    provider="openai",
    model="big",
    label=Label.PUBLIC,
    reasons=(),
    chunk_ids=(),
    chunk_labels=(),
    status=MessageStatus.COMPLETE,
    steps=(),
    tokens_in=1000,
    tokens_out=100,
    bytes_out=5000,
    request_digest=None,
    seconds={"total": 2.0, "first_token": 0.5},
    mac="",
)
LOCAL_ANSWER = replace(
    CLOUD, zone=Zone.LOCAL, answerer=Answerer.LOCAL_MODEL, provider="ollama", model="small", label=Label.CONFIDENTIAL,
    seconds={"total": 20.0}, created_at="2026-03-05T05:06:07+00:00",
)  # fmt: skip
QUOTED = replace(CLOUD, zone=Zone.LOCAL, answerer=Answerer.QUOTES, provider="quotes", model="", tokens_in=None)


def test_an_answer_costs_its_tokens_its_power_or_nothing() -> None:
    assert cost_of(CLOUD, PRICES, LOCAL) == pytest.approx(0.003)  # 1,000 * 2 / 1e6 + 100 * 10 / 1e6
    assert cost_of(LOCAL_ANSWER, PRICES, LOCAL) == pytest.approx(0.0002)
    assert cost_of(QUOTED, PRICES, LOCAL) == 0.0


@pytest.mark.parametrize("change", [{"model": "unheard-of"}, {"tokens_in": None}, {"provider": "azure_openai"}])
def test_without_a_price_or_a_count_the_cost_is_unknown(change: dict[str, object]) -> None:
    unknown = replace(CLOUD, **change)
    assert cost_of(unknown, PRICES, LOCAL) is None
    line = total("all", [CLOUD, unknown], PRICES, LOCAL)
    assert (line.questions, line.unpriced) == (2, 1)
    assert line.dollars == pytest.approx(0.003)


def test_receipts_add_up_by_whatever_they_share() -> None:
    receipts = [CLOUD, CLOUD, LOCAL_ANSWER, QUOTED]
    assert {line.name: line.questions for line in add_up(receipts, "zone", PRICES, LOCAL)} == {"cloud": 2, "local": 2}
    assert [line.name for line in add_up(receipts, "day", PRICES, LOCAL)] == ["2026-03-04", "2026-03-05"]
    models = add_up(receipts, "model", PRICES, LOCAL)
    assert models[0].name == "openai big"
    assert (models[0].tokens_in, models[0].tokens_out, models[0].median_seconds) == (2000, 200, 2.0)
    assert {line.name for line in add_up(receipts, "label", PRICES, LOCAL)} == {"public", "confidential"}
    assert set(BY) == {"provider", "model", "zone", "label", "day", "month"}


def test_a_dated_release_costs_what_its_model_costs_and_a_sibling_does_not() -> None:
    assert PRICES.find("openai", "big-2026-02-03") == PRICES.rows[0]
    assert PRICES.find("openai", "big-mini") is None
    assert PRICES.find("openai", "bigger") is None


def test_own_rows_win_over_the_list() -> None:
    own = Price("openai", "gpt-5-mini", 9.0, 9.0, "my contract", date(2026, 4, 1))
    assert list_prices().with_first([own]).find("openai", "gpt-5-mini") == own


def test_every_listed_price_has_a_source_a_date_and_a_price_above_nothing() -> None:
    rows = list_prices().rows
    assert len(rows) == len({(row.provider, row.model) for row in rows})
    for row in rows:
        assert row.source
        assert row.read_on is not None
        assert date(2025, 1, 1) <= row.read_on <= date(2026, 12, 31)
        assert 0 < row.input <= row.output
