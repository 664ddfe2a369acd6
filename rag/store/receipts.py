"""Receipts: what was sent where, kept for good. Triggers in the schema let them be added and nothing else."""

from __future__ import annotations

import json

from rag.errors import NotFound
from rag.policy.labels import Label
from rag.records import (
    Answerer,
    ChatId,
    ChunkId,
    MessageId,
    MessageStatus,
    QuestionId,
    Reason,
    Receipt,
    ReceiptId,
    Zone,
)
from rag.store.connection import Connection, Row
from rag.store.drafts import ReceiptDraft

_COLUMNS = (
    "chat_id, question_id, message_id, created_at, zone, answerer, provider, model, label, reasons, "
    "chunk_ids, chunk_labels, status, steps, tokens_in, tokens_out, bytes_out, request_digest, seconds"
)


def insert_receipt(
    db: Connection,
    draft: ReceiptDraft,
    chat_id: ChatId,
    question_id: QuestionId,
    message_id: MessageId,
    now: str,
) -> ReceiptId:
    """Add a receipt."""
    values = (
        chat_id,
        question_id,
        message_id,
        now,
        draft.zone.value,
        draft.answerer.value,
        draft.provider,
        draft.model,
        int(draft.label),
        json.dumps([[reason.code, reason.params] for reason in draft.reasons], ensure_ascii=False),
        json.dumps(draft.chunk_ids),
        json.dumps([int(label) for label in draft.chunk_labels]),
        draft.status.value,
        json.dumps(draft.steps, ensure_ascii=False),
        draft.tokens_in,
        draft.tokens_out,
        draft.bytes_out,
        draft.request_digest,
        json.dumps(draft.seconds),
    )
    marks = ", ".join("?" * len(values))
    return ReceiptId(db.insert(f"INSERT INTO receipts ({_COLUMNS}) VALUES ({marks})", *values))


def list_receipts(db: Connection, limit: int, chat_id: ChatId | None) -> list[Receipt]:
    """The newest receipts first, of one conversation or of all."""
    rows = db.rows(
        f"SELECT id, {_COLUMNS} FROM receipts WHERE ?1 IS NULL OR chat_id = ?1 ORDER BY id DESC LIMIT ?2",
        chat_id,
        limit,
    )
    return [_receipt(row) for row in rows]


def read_receipt(db: Connection, receipt_id: ReceiptId) -> Receipt:
    """One receipt.

    Raises:
        NotFound: there is no such receipt.
    """
    row = db.row(f"SELECT id, {_COLUMNS} FROM receipts WHERE id = ?", receipt_id)
    if row is None:
        raise NotFound(f"there is no receipt {receipt_id}")
    return _receipt(row)


def _receipt(row: Row) -> Receipt:
    id_, chat_id, question_id, message_id, created_at, zone, answerer, provider, model, label = row[:10]
    reasons, chunk_ids, chunk_labels, status, steps, tokens_in, tokens_out, bytes_out, digest, seconds = row[10:]
    return Receipt(
        id=ReceiptId(id_),
        chat_id=ChatId(chat_id),
        question_id=QuestionId(question_id),
        message_id=MessageId(message_id),
        created_at=created_at,
        zone=Zone(zone),
        answerer=Answerer(answerer),
        provider=provider,
        model=model,
        label=Label(label),
        reasons=tuple(Reason(code, params) for code, params in json.loads(reasons)),
        chunk_ids=tuple(ChunkId(chunk_id) for chunk_id in json.loads(chunk_ids)),
        chunk_labels=tuple(Label(value) for value in json.loads(chunk_labels)),
        status=MessageStatus(status),
        steps=tuple(json.loads(steps)),
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        bytes_out=bytes_out,
        request_digest=digest,
        seconds=json.loads(seconds),
    )
