"""The high-water mark of a conversation: which labels it has met, and how they follow later labelling.

A mark never falls, with one exception: a text that nobody had labelled counted as confidential only by
caution, and the first label that somebody gives to that same text takes the place of the caution. So every
use keeps the hash of the text and of its document's content, to know later whether a label speaks of what was
shown. A mark made under an explicit label is raised with its document and never lowered. The view
`chat_marks` adds what cannot be stored: while a document is unlabelled, everything taken from it counts as
confidential.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.policy.labels import UNLABELLED, LabelSource
from rag.records import ChatId, DocumentId, MessageId, Passage, SourceId
from rag.store.connection import Connection
from rag.store.seals import digest_text


def mark_used(db: Connection, message_id: MessageId, chat_id: ChatId, used: Sequence[Passage]) -> None:
    """Note the passages an answer was written from, with the stricter of their labels then and now."""
    for passage in used:
        document_id = passage.chunk.document_id
        digest = digest_text(passage.chunk.text)
        # The content hash only while the chunk still stands: the document may have been replaced meanwhile.
        content_hash = db.value(
            "SELECT d.content_hash FROM documents AS d JOIN chunks AS c ON c.document_id = d.id"
            " WHERE c.id = ? AND c.digest = ?",
            passage.chunk.id,
            digest,
        )
        db.run(
            # Used twice in one answer: what was explicit either time takes the place of the caution.
            "INSERT INTO message_chunks VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (message_id, chunk_id) DO UPDATE SET"
            " label = CASE WHEN excluded.defaulted > defaulted THEN label"
            " WHEN excluded.defaulted < defaulted THEN excluded.label ELSE max(label, excluded.label) END,"
            " defaulted = min(defaulted, excluded.defaulted)",
            message_id,
            passage.chunk.id,
            document_id,
            chat_id,
            digest,
            content_hash or "",
            int(passage.label),
            int(passage.defaulted),
        )
    for document_id in {passage.chunk.document_id for passage in used}:
        follow_label(db, document_id)


def follow_label(db: Connection, document_id: DocumentId) -> None:
    """Let every conversation that used a document follow the label somebody gave to it.

    A defaulted mark takes the label over when the label speaks of the same text: the content is the same, or
    the very chunk is still in it. Otherwise the text it was made with can no longer be labelled by anyone,
    and it stays confidential. Explicit marks are raised.
    """
    row = db.row("SELECT label, label_source, content_hash FROM documents WHERE id = ?", document_id)
    if row is None or row[1] == LabelSource.DEFAULT.value:
        return
    label, _, content_hash = row
    db.run(
        "UPDATE message_chunks SET label = ?, defaulted = 0 WHERE document_id = ? AND defaulted = 1 AND"
        " (content_hash = ? OR digest IN (SELECT digest FROM chunks WHERE document_id = ?))",
        label,
        document_id,
        content_hash,
        document_id,
    )
    db.run(
        "UPDATE message_chunks SET label = max(label, ?, CASE defaulted WHEN 1 THEN ? ELSE 0 END), "
        " defaulted = 0 WHERE document_id = ?",
        label,
        int(UNLABELLED),
        document_id,
    )


def keep_caution(db: Connection, document_id: DocumentId | None, source_id: SourceId | None) -> None:
    """Before a document, or a source's documents, are removed: where one is unlabelled now, what was taken
    from it stays confidential, as nobody can label it any more."""
    db.run(
        "UPDATE message_chunks SET label = max(label, ?) WHERE document_id IN"
        " (SELECT id FROM documents WHERE label_source = ? AND (id = ? OR source_id = ?))",
        int(UNLABELLED),
        LabelSource.DEFAULT.value,
        document_id,
        source_id,
    )
