"""Receipts in a real store, and a hand that reaches past its triggers."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import apsw

from rag.policy.labels import Label
from rag.records import ChatId, Passage, Receipt
from rag.store import ReceiptDraft, Store
from tests.fakes.drafts import make_receipt

TRIGGERS = ("receipts_no_update", "receipts_no_delete", "receipts_no_replace", "receipts_sealed")


def keep(
    store: Store,
    draft: ReceiptDraft,
    *,
    chat_id: ChatId | None = None,
    used: Sequence[Passage] = (),
    text: str = "?",
    own_label: Label = Label.PUBLIC,
    answer: str = "",
) -> Receipt:
    """Ask, answer, and give the answer's receipt."""
    chat = chat_id or store.create_chat().id
    question = store.add_question(chat, text, standalone=text, own_label=own_label, local_only=False)
    _, receipt_id = store.add_answer(question.id, answer, status=draft.status, used=used, citations=(), receipt=draft)
    return store.receipt(receipt_id)


def fill(store: Store, count: int) -> list[Receipt]:
    """As many receipts, each different."""
    return [keep(store, dataclasses.replace(make_receipt(), bytes_out=number)) for number in range(count)]


def tamper(home: Path, *statements: str) -> None:
    """Change the file with a connection of one's own, without triggers, as a person with a SQLite shell would."""
    raw = apsw.Connection(str(home / "store.db"))
    try:
        raw.set_busy_timeout(5000)
        for trigger in TRIGGERS:
            raw.execute(f"DROP TRIGGER IF EXISTS {trigger}")
        for statement in statements:
            raw.execute(statement)
    finally:
        raw.close()
