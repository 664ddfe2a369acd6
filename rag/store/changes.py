"""The log of chunks that came and went, which the caches follow. Triggers write most of it (schema.py).

The generation of the store is the number of the newest line. One process writes at a time and a line becomes
visible with its commit, so whoever sees generation N sees everything up to N.
"""

from __future__ import annotations

from rag.records import ChunkId, DocumentId
from rag.store.connection import Connection
from rag.store.views import Changes

KEPT = 200_000
"""Lines kept; a cache further behind is rebuilt, which is faster than following so many."""


def read_generation(db: Connection) -> int:
    """The newest generation, 0 for a store that never held a chunk. Survives trimming."""
    return int(db.value("SELECT seq FROM sqlite_sequence WHERE name = 'changes'") or 0)


def read_changes(db: Connection, generation: int) -> Changes:
    """What happened after `generation`. A generation the store never reached is answered like a trimmed
    one."""
    newest = read_generation(db)
    oldest = db.value("SELECT min(generation) FROM changes") or newest + 1
    if not oldest - 1 <= generation <= newest:
        return Changes((), (), False, newest)
    first: dict[ChunkId, bool] = {}
    last: dict[ChunkId, bool] = {}
    for chunk_id, added in db.rows(
        "SELECT chunk_id, added FROM changes WHERE generation > ? ORDER BY generation", generation
    ):
        first.setdefault(chunk_id, bool(added))
        last[chunk_id] = bool(added)
    return Changes(
        added=tuple(sorted(chunk_id for chunk_id, added in last.items() if added)),
        removed=tuple(sorted(chunk_id for chunk_id, added in first.items() if not added)),
        complete=True,
        generation=newest,
    )


def log_replaced(db: Connection, document_id: DocumentId) -> None:
    """Say that the chunks of a document must be taken anew, because where they come from has changed."""
    for added in (0, 1):
        db.run(
            "INSERT INTO changes (chunk_id, added) SELECT id, ? FROM chunks WHERE document_id = ? ORDER BY id",
            added,
            document_id,
        )


def trim(db: Connection, kept: int) -> None:
    """Forget all but the newest `kept` lines."""
    db.run("DELETE FROM changes WHERE generation <= ?", read_generation(db) - kept)
