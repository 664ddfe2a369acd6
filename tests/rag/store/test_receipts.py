"""Receipts: complete, newest first, and only ever added."""

from __future__ import annotations

import dataclasses

import pytest

from rag.errors import NotFound, StoreError
from rag.policy.labels import Label
from rag.records import ChatId, ChunkId, MessageStatus, Reason, Receipt, ReceiptId
from rag.store import ReceiptDraft, Store
from tests.fakes.drafts import make_receipt


def keep(store: Store, chat_id: ChatId, draft: ReceiptDraft) -> Receipt:
    question = store.add_question(chat_id, "?", standalone="?", own_label=Label.PUBLIC, local_only=False)
    _, receipt_id = store.add_answer(question.id, "", status=draft.status, used=(), citations=(), receipt=draft)
    return store.receipt(receipt_id)


def test_a_receipt_comes_back_as_it_was_written(store: Store) -> None:
    draft = dataclasses.replace(
        make_receipt(),
        reasons=(Reason("rule", {"label": "internal"}), Reason("fallback")),
        chunk_ids=(ChunkId(3), ChunkId(1)),
        chunk_labels=(Label.PUBLIC, Label.INTERNAL),
        steps=("cloud: TimedOut", "local: complete"),
    )
    receipt = keep(store, store.create_chat().id, draft)
    for field in dataclasses.fields(ReceiptDraft):
        assert getattr(receipt, field.name) == getattr(draft, field.name), field.name
    assert receipt.created_at.endswith("+00:00")


def test_a_receipt_without_figures_comes_back_without_them(store: Store) -> None:
    draft = dataclasses.replace(
        make_receipt(),
        reasons=(),
        steps=(),
        tokens_in=None,
        tokens_out=None,
        bytes_out=None,
        request_digest=None,
        seconds={},
        status=MessageStatus.REFUSED,
    )
    receipt = keep(store, store.create_chat().id, draft)
    assert (receipt.tokens_in, receipt.tokens_out, receipt.bytes_out, receipt.request_digest) == (None,) * 4
    assert (receipt.reasons, receipt.steps, receipt.seconds) == ((), (), {})


def test_receipts_come_newest_first_of_all_or_of_one_conversation(store: Store) -> None:
    one, other = store.create_chat().id, store.create_chat().id
    ids = [keep(store, chat_id, make_receipt()).id for chat_id in (one, other, one)]
    assert [receipt.id for receipt in store.receipts()] == ids[::-1]
    assert [receipt.id for receipt in store.receipts(limit=2)] == ids[:0:-1]
    assert [receipt.id for receipt in store.receipts(chat_id=one)] == [ids[2], ids[0]]
    with pytest.raises(NotFound):
        store.receipt(ReceiptId(99))


def test_receipts_outlive_their_conversation_and_its_id_is_not_given_again(store: Store) -> None:
    chat_id = store.create_chat().id
    receipt = keep(store, chat_id, make_receipt())
    store.delete_chat(chat_id)
    assert store.receipts(chat_id=chat_id) == [receipt]
    assert all(store.create_chat().id != chat_id for _ in range(20))


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE receipts SET label = 0",
        "DELETE FROM receipts",
        "REPLACE INTO receipts SELECT * FROM receipts",
        "INSERT INTO receipts SELECT * FROM receipts WHERE true ON CONFLICT (id) DO UPDATE SET label = 0",
    ],
)
def test_receipts_only_grow(store: Store, sql: str) -> None:
    receipt = keep(store, store.create_chat().id, make_receipt(label=Label.INTERNAL))
    with pytest.raises(StoreError, match="only grows"), store._write() as db:
        db.run(sql)
    assert store.receipts() == [receipt]
