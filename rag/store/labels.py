"""Changes of labels, each with its line in the audit. Whether a label may be changed is decided by the
caller."""

from __future__ import annotations

from rag.errors import NotFound, StoreError
from rag.policy.labels import Label, LabelSource
from rag.records import DocumentId, SourceId
from rag.store.connection import Connection, Row
from rag.store.marks import follow_label
from rag.store.seals import seal_label
from rag.store.views import LabelChange

_OF_THE_FILE = (LabelSource.LABELS_TOML, LabelSource.FRONT_MATTER)


def relabel(
    db: Connection,
    document_id: DocumentId,
    label: Label,
    source: LabelSource,
    reason: str,
    now: str,
    file_label: tuple[Label, LabelSource] | None = None,
) -> bool:
    """Give a document another label, or another who says so; False when that changes nothing.

    What the owner said stays until the owner says otherwise.

    Raises:
        NotFound: there is no such document.
    """
    row = db.row("SELECT source_id, label, label_source, content_hash FROM documents WHERE id = ?", document_id)
    if row is None:
        raise NotFound(f"there is no document {document_id}")
    source_id, old, old_source, content_hash = row
    if file_label is None and source in _OF_THE_FILE:
        file_label = (label, source)
    if file_label is not None or source is LabelSource.DEFAULT:
        _write_file_label(db, document_id, file_label)
    if old_source == LabelSource.OWNER.value and source is not LabelSource.OWNER:
        return False
    if (old, old_source) == (int(label), source.value):
        return False
    db.run(
        "UPDATE documents SET label = ?, label_source = ?, label_seal = ?, updated_at = ? WHERE id = ?",
        int(label),
        source.value,
        seal_label(content_hash, label, source.value),
        now,
        document_id,
    )
    audit(db, now, source_id, document_id, (old, old_source), (label, source), reason)
    follow_label(db, document_id)
    return True


def relabel_source(
    db: Connection, source_id: SourceId, label: Label, source: LabelSource, reason: str, now: str
) -> int:
    """Let a source's new label reach its documents; returns how many changed.

    A document's label is the maximum over those who speak: its file's own label stays the floor, and is
    raised where the folder's is higher. What the owner said of a single document stays.
    """
    if source is LabelSource.DEFAULT:
        raise StoreError("the label of a source is set by someone; `default` means nobody has")
    rows = db.rows(
        "SELECT id, file_label, file_label_source FROM documents WHERE source_id = ? AND label_source <> ?",
        source_id,
        LabelSource.OWNER.value,
    )
    changed = 0
    for document_id, file_label, file_source in rows:
        if file_label is not None and file_label >= label:
            decided = (Label(file_label), LabelSource(file_source))
        else:
            decided = (label, source)
        own = None if file_label is None else (Label(file_label), LabelSource(file_source))
        changed += relabel(db, DocumentId(document_id), *decided, reason, now, own)
    return changed


def audit(
    db: Connection,
    now: str,
    source_id: SourceId,
    document_id: DocumentId | None,
    old: tuple[int | None, str | None],
    new: tuple[Label, LabelSource],
    reason: str,
) -> None:
    """Write one line that nothing can change or remove afterwards."""
    db.insert(
        "INSERT INTO label_changes (at, source_id, document_id, old, new, old_source, new_source, reason)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        now,
        source_id,
        document_id,
        old[0],
        int(new[0]),
        old[1],
        new[1].value,
        reason,
    )


def list_label_changes(db: Connection, document_id: DocumentId | None, limit: int) -> list[LabelChange]:
    """The newest lines of the audit first, of one document or of all."""
    rows = db.rows(
        "SELECT at, source_id, document_id, old, new, old_source, new_source, reason FROM label_changes"
        " WHERE ?1 IS NULL OR document_id = ?1 ORDER BY id DESC LIMIT ?2",
        document_id,
        limit,
    )
    return [_change(row) for row in rows]


def _write_file_label(db: Connection, document_id: DocumentId, file_label: tuple[Label, LabelSource] | None) -> None:
    label, source = (None, None) if file_label is None else (int(file_label[0]), file_label[1].value)
    db.run("UPDATE documents SET file_label = ?, file_label_source = ? WHERE id = ?", label, source, document_id)


def _change(row: Row) -> LabelChange:
    at, source_id, document_id, old, new, old_source, new_source, reason = row
    return LabelChange(
        at,
        SourceId(source_id),
        None if document_id is None else DocumentId(document_id),
        None if old is None else Label(old),
        Label(new),
        None if old_source is None else LabelSource(old_source),
        LabelSource(new_source),
        reason,
    )
