"""Folders and upload sets: their default label and Local-only switch. Touches no document but by removing
one."""

from __future__ import annotations

from rag.errors import NotFound
from rag.policy.labels import Label, LabelSource
from rag.records import Source, SourceId
from rag.store.connection import Connection, Row
from rag.store.marks import keep_caution

_COLUMNS = "id, name, root, default_label, default_label_source, local_only, sample"


def list_sources(db: Connection) -> list[Source]:
    """Every source, oldest first."""
    return [_source(row) for row in db.rows(f"SELECT {_COLUMNS} FROM sources ORDER BY id")]


def read_source(db: Connection, source_id: SourceId) -> Source:
    """One source.

    Raises:
        NotFound: there is no such source.
    """
    row = db.row(f"SELECT {_COLUMNS} FROM sources WHERE id = ?", source_id)
    if row is None:
        raise NotFound(f"there is no source {source_id}")
    return _source(row)


def find_source(db: Connection, root: str) -> Source | None:
    """The source with this root, None when there is none."""
    row = db.row(f"SELECT {_COLUMNS} FROM sources WHERE root = ?", root)
    return None if row is None else _source(row)


def insert_source(db: Connection, name: str, root: str, sample: bool) -> SourceId:
    """Add a source that nobody has labelled yet."""
    return SourceId(db.insert("INSERT INTO sources (name, root, sample) VALUES (?, ?, ?)", name, root, int(sample)))


def write_default(db: Connection, source_id: SourceId, label: Label, source: LabelSource) -> None:
    """Set what a source's documents are labelled when nothing else speaks."""
    db.run(
        "UPDATE sources SET default_label = ?, default_label_source = ? WHERE id = ?",
        int(label),
        source.value,
        source_id,
    )


def write_local_only(db: Connection, source_id: SourceId, on: bool) -> None:
    """Turn a source's Local-only switch on or off.

    Raises:
        NotFound: there is no such source.
    """
    if not db.run("UPDATE sources SET local_only = ? WHERE id = ?", int(on), source_id):
        raise NotFound(f"there is no source {source_id}")


def erase_source(db: Connection, source_id: SourceId) -> int:
    """Remove a source with its documents, chunks and vectors; returns how many documents went.

    Raises:
        NotFound: there is no such source.
    """
    documents = int(db.value("SELECT count(*) FROM documents WHERE source_id = ?", source_id))
    keep_caution(db, None, source_id)
    if not db.run("DELETE FROM sources WHERE id = ?", source_id):
        raise NotFound(f"there is no source {source_id}")
    db.mark_erased()
    return documents


def _source(row: Row) -> Source:
    source_id, name, root, label, label_source, local_only, sample = row
    return Source(
        SourceId(source_id),
        name,
        root,
        None if label is None else Label(label),
        None if label_source is None else LabelSource(label_source),
        bool(local_only),
        bool(sample),
    )
