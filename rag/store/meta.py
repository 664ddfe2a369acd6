"""Small named values of the store, such as the identity of the embedding model."""

from __future__ import annotations

from rag.store.connection import Connection


def read_meta(db: Connection, key: str) -> str | None:
    """The value of `key`, None when it was never set."""
    value = db.value("SELECT value FROM meta WHERE key = ?", key)
    return None if value is None else str(value)


def write_meta(db: Connection, key: str, value: str) -> None:
    """Set `key` to `value`."""
    db.run("INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", key, value)
