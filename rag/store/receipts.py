"""Receipts: what was sent where, kept for good and chained. Triggers in the schema let them be added and nothing else.

The triggers stop a mistake; what somebody does to the file past them, the chain shows (rag/store/chain.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterator

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
from rag.store.chain import Head, Sealed, begin_chain, name_key, seal_row
from rag.store.connection import Connection, Row
from rag.store.drafts import ReceiptDraft
from rag.store.views import CloudUse

_COLUMNS = (
    "chat_id, question_id, message_id, created_at, zone, answerer, provider, model, label, reasons, "
    "chunk_ids, chunk_labels, status, steps, tokens_in, tokens_out, bytes_out, request_digest, seconds, mac, masked"
)


def insert_receipt(
    db: Connection,
    draft: ReceiptDraft,
    chat_id: ChatId,
    question_id: QuestionId,
    message_id: MessageId,
    now: str,
    key: bytes,
) -> ReceiptId:
    """Add a receipt, sealed with `key` onto the one before it."""
    row: dict[str, object] = {
        "id": highest_id(db) + 1,
        "chat_id": chat_id,
        "question_id": question_id,
        "message_id": message_id,
        "created_at": now,
        "zone": draft.zone.value,
        "answerer": draft.answerer.value,
        "provider": draft.provider,
        "model": draft.model,
        "label": int(draft.label),
        "reasons": json.dumps([[reason.code, reason.params] for reason in draft.reasons], ensure_ascii=False),
        "chunk_ids": json.dumps(draft.chunk_ids),
        "chunk_labels": json.dumps([int(label) for label in draft.chunk_labels]),
        "status": draft.status.value,
        "steps": json.dumps(draft.steps, ensure_ascii=False),
        "tokens_in": draft.tokens_in,
        "tokens_out": draft.tokens_out,
        "bytes_out": draft.bytes_out,
        "request_digest": draft.request_digest,
        "seconds": json.dumps(draft.seconds),
        "masked": None if draft.masked is None else json.dumps(draft.masked),
        "key_id": name_key(key),
        "previous": read_head(db, key).mac,
    }
    row["mac"] = seal_row(key, row)
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    return ReceiptId(db.insert(f"INSERT INTO receipts ({names}) VALUES ({marks})", *row.values()))


def seal_unsealed(db: Connection, key: bytes) -> None:
    """Chain the rows of a store from before there was a chain. It says nothing about what they were earlier."""
    previous = begin_chain(key, _store_id(db))
    for row in list(stream_rows(db)):
        sealed = {**row, "key_id": name_key(key), "previous": previous}
        previous, before = seal_row(key, sealed), previous
        db.run(
            "UPDATE receipts SET key_id = ?, previous = ?, mac = ? WHERE id = ?",
            name_key(key),
            before,
            previous,
            row["id"],
        )


def stream_rows(db: Connection) -> Iterator[Sealed]:
    """Every row with every column the table has, in the order of the ids. Use within `reading`.

    Texts are read as bytes, so that not even one that is no longer UTF-8 can end the reading.
    """
    columns = db.rows("SELECT name, type FROM pragma_table_info('receipts')")
    names = [str(name) for name, _ in columns]
    texts = {str(name) for name, kind in columns if kind == "TEXT"}
    chosen = ", ".join(f'CAST("{name}" AS BLOB)' if name in texts else f'"{name}"' for name in names)
    for values in db.stream(f"SELECT {chosen} FROM receipts ORDER BY id"):
        yield {
            name: value.decode("utf-8", "surrogateescape") if name in texts and value is not None else value
            for name, value in zip(names, values, strict=True)
        }


def read_head(db: Connection, key: bytes) -> Head:
    """The chain's end; before the first receipt, what that one will be chained to."""
    row = db.row("SELECT id, mac FROM receipts ORDER BY id DESC LIMIT 1")
    return Head(ReceiptId(0), begin_chain(key, _store_id(db))) if row is None else Head(ReceiptId(row[0]), row[1])


def contains_head(db: Connection, key: bytes, head: Head) -> bool:
    """Whether the chain goes through `head`."""
    if head.receipt_id == 0:
        return head.mac == begin_chain(key, _store_id(db))
    return bool(db.value("SELECT mac = ? FROM receipts WHERE id = ?", head.mac, head.receipt_id))


def highest_id(db: Connection) -> int:
    """The highest id the table has ever given, 0 before the first; it stays when rows are cut off."""
    return int(db.value("SELECT seq FROM sqlite_sequence WHERE name = 'receipts'") or 0)


def _store_id(db: Connection) -> str:
    return str(db.value("SELECT value FROM meta WHERE key = 'store_id'"))


def list_receipts(db: Connection, limit: int, chat_id: ChatId | None) -> list[Receipt]:
    """The newest receipts first, of one conversation or of all."""
    rows = db.rows(
        f"SELECT id, {_COLUMNS} FROM receipts WHERE ?1 IS NULL OR chat_id = ?1 ORDER BY id DESC LIMIT ?2",
        chat_id,
        limit,
    )
    return [_receipt(row) for row in rows]


def list_receipts_between(db: Connection, since: str, until: str) -> list[Receipt]:
    """The receipts of a period, oldest first: from the time `since` on, before `until`."""
    rows = db.rows(
        f"SELECT id, {_COLUMNS} FROM receipts WHERE created_at >= ? AND created_at < ? ORDER BY id", since, until
    )
    return [_receipt(row) for row in rows]


def sum_cloud_use(db: Connection, provider: str, since: str) -> list[CloudUse]:
    """Calls and tokens of a provider by model. One that the cloud failed to answer has no tokens but was a call."""
    rows = db.rows(
        "SELECT model, count(*), coalesce(sum(tokens_in), 0), coalesce(sum(tokens_out), 0) FROM receipts"
        " WHERE created_at >= ?1 AND zone = 'cloud' AND provider = ?2 AND status <> 'refused' GROUP BY model"
        " UNION ALL SELECT '', count(*), 0, 0 FROM receipts"
        """ WHERE created_at >= ?1 AND zone <> 'cloud' AND steps LIKE '%"cloud: %' AND status <> 'refused'""",
        since,
        provider,
    )
    return [CloudUse(model, calls, tokens_in, tokens_out) for model, calls, tokens_in, tokens_out in rows if calls]


def stream_receipts(db: Connection) -> Iterator[Receipt]:
    """Every receipt, the newest first. Use within `reading`."""
    for row in db.stream(f"SELECT id, {_COLUMNS} FROM receipts ORDER BY id DESC"):
        yield _receipt(row)


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
    reasons, chunk_ids, chunk_labels, status, steps, tokens_in, tokens_out, bytes_out, digest, seconds, mac = row[10:21]
    masked = row[21]
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
        mac=mac.hex(),
        masked=None if masked is None else json.loads(masked),
    )
