"""What past cloud answers were made of, with the labels those texts have today. Reads only, judges nothing."""

from __future__ import annotations

from collections.abc import Iterator

from rag.policy.labels import UNLABELLED, Label, LabelSource
from rag.policy.replay import Past, may_have_left
from rag.policy.route import Evidence
from rag.records import ChunkId, Receipt
from rag.store.chunks import read_evidence
from rag.store.connection import Connection
from rag.store.receipts import stream_receipts


def read_past(db: Connection) -> Iterator[Past]:
    """Every answer for which something may have left this machine, the newest first. Use within `reading`."""
    for receipt in stream_receipts(db):
        if may_have_left(receipt):
            yield _read_one(db, receipt)


def _read_one(db: Connection, receipt: Receipt) -> Past:
    question = db.row("SELECT own_label, local_only FROM questions WHERE id = ?", receipt.question_id)
    own_label, local_only = question or (receipt.label, 0)
    return Past(
        receipt,
        tuple(_read_passages(db, receipt)),
        Label(own_label),
        _read_conversation(db, receipt),
        bool(local_only),
    )


def _read_passages(db: Connection, receipt: Receipt) -> Iterator[Evidence]:
    still_there = read_evidence(db, receipt.chunk_ids)
    for chunk_id, label_then in zip(receipt.chunk_ids, receipt.chunk_labels, strict=True):
        info = still_there.get(chunk_id)
        if info is not None:
            yield Evidence(info.label, info.label_source is LabelSource.DEFAULT, info.local_only)
        else:
            yield _read_gone(db, receipt, chunk_id, label_then)


def _read_gone(db: Connection, receipt: Receipt, chunk_id: ChunkId, label_then: Label) -> Evidence:
    """A passage that was replaced or removed: the strictest of its label then, the mark it left on the
    conversation, and what the same document, or another with the same content, is labelled today."""
    row = db.row(
        "SELECT document_id, content_hash, label, defaulted FROM message_chunks WHERE message_id = ? AND chunk_id = ?",
        receipt.message_id,
        chunk_id,
    )
    if row is None:
        return Evidence(label_then)
    document_id, content_hash, mark, defaulted = row
    today = db.rows(
        "SELECT d.label, s.local_only FROM documents AS d JOIN sources AS s ON s.id = d.source_id"
        " WHERE d.id = ?1 OR (d.content_hash = ?2 AND ?2 <> '')",
        document_id,
        content_hash,
    )
    caution = int(UNLABELLED) if defaulted else 0
    label = max(int(label_then), mark, caution, *(label for label, _ in today))
    return Evidence(Label(label), bool(defaulted), any(local_only for _, local_only in today))


def _read_conversation(db: Connection, receipt: Receipt) -> Label:
    """The label, today, of what came before the question. Of a conversation that was deleted only the label
    of the whole request is known, as it was then."""
    if db.value("SELECT 1 FROM chats WHERE id = ?", receipt.chat_id) is None:
        return receipt.label
    questions = db.value(
        "SELECT max(own_label) FROM questions WHERE chat_id = ? AND id < ?", receipt.chat_id, receipt.question_id
    )
    marks = db.value(
        "SELECT max(max(m.label, coalesce(d.label, 0), CASE m.defaulted WHEN 1 THEN ?1 ELSE 0 END))"
        " FROM message_chunks AS m LEFT JOIN documents AS d ON d.id = m.document_id"
        " WHERE m.chat_id = ?2 AND m.message_id < ?3",
        int(UNLABELLED),
        receipt.chat_id,
        receipt.message_id,
    )
    return Label(max(questions or 0, marks or 0))
