"""Documents: found, saved whole, moved, removed. Labels change in labels.py; chunks are read in chunks.py."""

from __future__ import annotations

import json

import numpy as np
import numpy.typing as npt

from rag.errors import Damaged, NotFound, StoreError
from rag.policy.labels import Label, LabelSource
from rag.records import Document, DocumentId, DocumentStatus, SourceId
from rag.store.changes import log_replaced
from rag.store.connection import Connection, Row
from rag.store.drafts import ChunkDraft, DocumentDraft
from rag.store.marks import keep_caution
from rag.store.seals import digest_text, seal_label
from rag.store.views import Counts

_SELECT = """
    SELECT d.id, d.source_id, s.name, d.path, d.title, d.format, d.content_hash, d.size, d.mtime_ns, d.status,
           d.reason, d.label, d.label_source, s.local_only, d.pages, d.chunks, d.updated_at, d.label_seal
    FROM documents AS d JOIN sources AS s ON s.id = d.source_id
"""


def list_documents(db: Connection, source_id: SourceId | None, status: DocumentStatus | None) -> list[Document]:
    """Documents by path, of one source or all, of one status or both."""
    rows = db.rows(
        f"{_SELECT} WHERE (?1 IS NULL OR d.source_id = ?1) AND (?2 IS NULL OR d.status = ?2)"
        " ORDER BY d.source_id, d.path",
        source_id,
        None if status is None else status.value,
    )
    return [_document(row) for row in rows]


def read_document(db: Connection, document_id: DocumentId) -> Document:
    """One document.

    Raises:
        NotFound: there is no such document.
        Damaged: its label is not the one that was stored.
    """
    row = db.row(f"{_SELECT} WHERE d.id = ?", document_id)
    if row is None:
        raise NotFound(f"there is no document {document_id}")
    return _document(row)


def find_document(db: Connection, source_id: SourceId, path: str) -> Document | None:
    """The document at `path` of a source, None when there is none."""
    row = db.row(f"{_SELECT} WHERE d.source_id = ? AND d.path = ?", source_id, path)
    return None if row is None else _document(row)


def list_by_hash(db: Connection, content_hash: str) -> list[Document]:
    """Every document with this content, oldest first."""
    rows = db.rows(f"{_SELECT} WHERE d.content_hash = ? ORDER BY d.id", content_hash)
    return [_document(row) for row in rows]


def read_text(db: Connection, document_id: DocumentId) -> str:
    """The parsed text of a document; empty for one that failed.

    Raises:
        NotFound: there is no such document.
        Damaged: the text is not the one that was stored.
    """
    row = db.row(
        "SELECT d.path, t.text, t.digest FROM documents AS d LEFT JOIN document_texts AS t"
        " ON t.document_id = d.id WHERE d.id = ?",
        document_id,
    )
    if row is None:
        raise NotFound(f"there is no document {document_id}")
    path, text, digest = row
    if text is None:
        return ""
    if digest_text(text) != digest:
        raise Damaged(f"the stored text of {path} is damaged; ingest it again")
    return str(text)


def count_documents(db: Connection, source_id: SourceId | None) -> Counts:
    """How many documents, chunks, failed and unlabelled documents a source or the whole store has."""
    row = db.row(
        "SELECT count(*), coalesce(sum(chunks), 0), coalesce(sum(status = 'failed'), 0),"
        " coalesce(sum(status = 'ready' AND label_source = ?2), 0)"
        " FROM documents WHERE ?1 IS NULL OR source_id = ?1",
        source_id,
        LabelSource.DEFAULT.value,
    )
    assert row is not None
    return Counts(*row)


def write_document(
    db: Connection, draft: DocumentDraft, label: Label, label_source: LabelSource, now: str
) -> DocumentId:
    """Put `draft` in the place of whatever is at its path, under the same document id. Its chunks get new
    ids."""
    _check(draft)
    file_label, file_source = draft.file_label, draft.file_label_source
    if file_label is None and draft.label_source in (LabelSource.LABELS_TOML, LabelSource.FRONT_MATTER):
        file_label, file_source = draft.label, draft.label_source
    values = {
        "title": draft.title,
        "format": draft.format,
        "content_hash": draft.content_hash,
        "size": draft.size,
        "mtime_ns": draft.mtime_ns,
        "status": draft.status.value,
        "reason": draft.reason,
        "label": int(label),
        "label_source": label_source.value,
        "label_seal": seal_label(draft.content_hash, label, label_source.value),
        "file_label": None if file_label is None else int(file_label),
        "file_label_source": None if file_source is None else file_source.value,
        "pages": draft.pages,
        "chunks": len(draft.chunks),
        "updated_at": now,
    }
    replaced = db.value("SELECT id FROM documents WHERE source_id = ? AND path = ?", draft.source_id, draft.path)
    if replaced is None:
        names = ", ".join(values)
        marks = ", ".join("?" * len(values))
        document_id = DocumentId(
            db.insert(
                f"INSERT INTO documents (source_id, path, {names}) VALUES (?, ?, {marks})",
                draft.source_id,
                draft.path,
                *values.values(),
            )
        )
    else:
        document_id = DocumentId(replaced)
        _erase_content(db, document_id)
        assignments = ", ".join(f"{name} = ?" for name in values)
        db.run(f"UPDATE documents SET {assignments} WHERE id = ?", *values.values(), document_id)
    _write_content(db, document_id, draft)
    return document_id


def write_vectors(db: Connection, document_id: DocumentId, vectors: npt.NDArray[np.float32]) -> None:
    """Replace the vectors of a document's chunks, in its order, and tell the caches.

    Raises:
        StoreError: there are not as many as chunks, or one holds a value that is not a number.
    """
    ids = db.rows("SELECT id FROM chunks WHERE document_id = ? ORDER BY ordinal", document_id)
    if vectors.ndim != 2 or len(vectors) != len(ids) or not np.isfinite(vectors).all():
        raise StoreError(f"document {document_id}: {len(ids)} chunks need as many sound vectors")
    db.run_many(
        "UPDATE vectors SET vector = ? WHERE chunk_id = ?",
        ((vector.astype("<f2").tobytes(), chunk_id) for (chunk_id,), vector in zip(ids, vectors, strict=True)),
    )
    log_replaced(db, document_id)


def write_place(db: Connection, document_id: DocumentId, source_id: SourceId, path: str, mtime_ns: int) -> None:
    """Give a document another path, and tell the caches that its chunks are found under another name.

    Raises:
        NotFound: there is no such document.
    """
    if not db.run(
        "UPDATE documents SET source_id = ?, path = ?, mtime_ns = ? WHERE id = ?",
        source_id,
        path,
        mtime_ns,
        document_id,
    ):
        raise NotFound(f"there is no document {document_id}")
    log_replaced(db, document_id)


def write_file_times(db: Connection, document_id: DocumentId, mtime_ns: int, size: int) -> None:
    """Note that a file was seen again with the same content.

    Raises:
        NotFound: there is no such document.
    """
    if not db.run("UPDATE documents SET mtime_ns = ?, size = ? WHERE id = ?", mtime_ns, size, document_id):
        raise NotFound(f"there is no document {document_id}")


def erase_document(db: Connection, document_id: DocumentId) -> None:
    """Remove a document with its text, chunks and vectors.

    Raises:
        NotFound: there is no such document.
    """
    keep_caution(db, document_id, None)
    if not db.run("DELETE FROM documents WHERE id = ?", document_id):
        raise NotFound(f"there is no document {document_id}")
    db.mark_erased()


def _check(draft: DocumentDraft) -> None:
    """Refuse a draft that would be half a document, before anything is written."""
    if draft.status is DocumentStatus.FAILED and (draft.chunks or draft.text):
        raise StoreError(f"{draft.path}: a failed document has neither text nor chunks")
    shapes = {chunk.vector.shape for chunk in draft.chunks}
    if len(shapes) > 1 or any(len(shape) != 1 for shape in shapes):
        raise StoreError(f"{draft.path}: its vectors have the shapes {sorted(shapes)}; all must be (dim,)")
    if any(not np.isfinite(chunk.vector).all() or np.abs(chunk.vector).max() > 2 for chunk in draft.chunks):
        raise StoreError(f"{draft.path}: a vector is not normalised, or holds a value that is not a number")


def _erase_content(db: Connection, document_id: DocumentId) -> None:
    db.run("DELETE FROM chunks WHERE document_id = ?", document_id)
    if db.run("DELETE FROM document_texts WHERE document_id = ?", document_id):
        db.mark_erased()


def _write_content(db: Connection, document_id: DocumentId, draft: DocumentDraft) -> None:
    if draft.status is DocumentStatus.FAILED:
        return
    db.run("INSERT INTO document_texts VALUES (?, ?, ?)", document_id, draft.text, digest_text(draft.text))
    db.run_many(
        "INSERT INTO chunks (document_id, ordinal, text, digest, page, heading, start_at, end_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (_chunk_row(document_id, ordinal, chunk) for ordinal, chunk in enumerate(draft.chunks)),
    )
    # The ids are asked for, not assumed to be consecutive.
    ids = db.rows("SELECT id FROM chunks WHERE document_id = ? ORDER BY ordinal", document_id)
    db.run_many(
        "INSERT INTO vectors VALUES (?, ?)",
        (
            (chunk_id, chunk.vector.astype("<f2").tobytes())
            for (chunk_id,), chunk in zip(ids, draft.chunks, strict=True)
        ),
    )


def _chunk_row(document_id: DocumentId, ordinal: int, chunk: ChunkDraft) -> Row:
    heading = json.dumps(chunk.heading, ensure_ascii=False)
    digest = digest_text(chunk.text)
    return document_id, ordinal, chunk.text, digest, chunk.page, heading, chunk.start, chunk.end


def _document(row: Row) -> Document:
    *columns, seal = row
    (id_, source_id, source_name, path, title, format_, content_hash, size, mtime_ns, status, reason) = columns[:11]
    label, label_source, local_only, pages, chunks, updated_at = columns[11:]
    if seal_label(content_hash, label, label_source) != seal:
        raise Damaged(f"the stored label of {path} is damaged; remove its folder and ingest it again")
    return Document(
        id=DocumentId(id_),
        source_id=SourceId(source_id),
        source_name=source_name,
        path=path,
        title=title,
        format=format_,
        content_hash=content_hash,
        size=size,
        mtime_ns=mtime_ns,
        status=DocumentStatus(status),
        reason=reason,
        label=Label(label),
        label_source=LabelSource(label_source),
        local_only=bool(local_only),
        pages=pages,
        chunks=chunks,
        updated_at=updated_at,
    )
