"""The tables of the store, and which version of them a file has. Reads and writes no row of its own.

Ids come from AUTOINCREMENT and are never given twice, so a citation or a receipt cannot point at another text
later. Labels are kept as their integers; times as ISO-8601 in UTC.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from rag.errors import ConfigError, Damaged, StoreError
from rag.store.connection import Connection
from rag.store.receipts import seal_unsealed

APPLICATION_ID = 0x41524C4B
"""Marks the file as an Airlock store: the letters ARLK."""

_DOCUMENTS = (
    """
    CREATE TABLE meta (
        key TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE sources (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL,
        root TEXT NOT NULL UNIQUE,
        default_label INTEGER CHECK (default_label BETWEEN 0 AND 3),
        default_label_source TEXT,
        local_only INTEGER NOT NULL DEFAULT 0 CHECK (local_only IN (0, 1)),
        sample INTEGER NOT NULL DEFAULT 0 CHECK (sample IN (0, 1))
    ) STRICT
    """,
    # file_label is what the file itself says (labels.toml, front matter), whoever decided in the end: without
    # it a folder's label could be lowered past what a document says of itself.
    """
    CREATE TABLE documents (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        source_id INTEGER NOT NULL REFERENCES sources (id) ON DELETE CASCADE,
        path TEXT NOT NULL,
        title TEXT NOT NULL,
        format TEXT NOT NULL,
        content_hash TEXT NOT NULL,
        size INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('ready', 'failed')),
        reason TEXT NOT NULL,
        label INTEGER NOT NULL CHECK (label BETWEEN 0 AND 3),
        label_source TEXT NOT NULL,
        label_seal BLOB NOT NULL,
        file_label INTEGER CHECK (file_label BETWEEN 0 AND 3),
        file_label_source TEXT,
        pages INTEGER,
        chunks INTEGER NOT NULL,
        updated_at TEXT NOT NULL,
        UNIQUE (source_id, path)
    ) STRICT
    """,
    "CREATE INDEX documents_by_hash ON documents (content_hash)",
    """
    CREATE TABLE document_texts (
        document_id INTEGER PRIMARY KEY REFERENCES documents (id) ON DELETE CASCADE,
        text TEXT NOT NULL,
        digest BLOB NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE chunks (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        document_id INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
        ordinal INTEGER NOT NULL,
        text TEXT NOT NULL,
        digest BLOB NOT NULL,
        page INTEGER,
        heading TEXT NOT NULL,
        start_at INTEGER NOT NULL,
        end_at INTEGER NOT NULL,
        UNIQUE (document_id, ordinal)
    ) STRICT
    """,
    # Apart from the texts, so that reading every vector does not read every text.
    """
    CREATE TABLE vectors (
        chunk_id INTEGER PRIMARY KEY REFERENCES chunks (id) ON DELETE CASCADE,
        vector BLOB NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE changes (
        generation INTEGER PRIMARY KEY AUTOINCREMENT,
        chunk_id INTEGER NOT NULL,
        added INTEGER NOT NULL CHECK (added IN (0, 1))
    ) STRICT
    """,
    """
    CREATE TRIGGER chunk_added AFTER INSERT ON chunks
    BEGIN INSERT INTO changes (chunk_id, added) VALUES (NEW.id, 1); END
    """,
    """
    CREATE TRIGGER chunk_removed AFTER DELETE ON chunks
    BEGIN INSERT INTO changes (chunk_id, added) VALUES (OLD.id, 0); END
    """,
    """
    CREATE TABLE label_changes (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at TEXT NOT NULL,
        source_id INTEGER NOT NULL,
        document_id INTEGER,
        old INTEGER,
        new INTEGER NOT NULL,
        old_source TEXT,
        new_source TEXT NOT NULL,
        reason TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX label_changes_by_document ON label_changes (document_id)",
)

_CONVERSATIONS = (
    """
    CREATE TABLE chats (
        id TEXT PRIMARY KEY,
        title TEXT NOT NULL,
        cloud_confirmed INTEGER NOT NULL DEFAULT 0 CHECK (cloud_confirmed IN (0, 1)),
        num_ctx INTEGER,
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE messages (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        chat_id TEXT NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
        role TEXT NOT NULL CHECK (role IN ('user', 'assistant')),
        text TEXT NOT NULL,
        status TEXT NOT NULL,
        created_at TEXT NOT NULL,
        question_id INTEGER,
        receipt_id INTEGER,
        citations TEXT NOT NULL DEFAULT '[]',
        withdrawn INTEGER NOT NULL DEFAULT 0 CHECK (withdrawn IN (0, 1))
    ) STRICT
    """,
    "CREATE INDEX messages_by_chat ON messages (chat_id)",
    # No reference to chats: when a conversation is deleted while its answer is being written, the answer's
    # receipt must still know which conversation it was. The text of a question is its message's.
    """
    CREATE TABLE questions (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        chat_id TEXT NOT NULL,
        message_id INTEGER NOT NULL UNIQUE,
        standalone TEXT NOT NULL,
        own_label INTEGER NOT NULL CHECK (own_label BETWEEN 0 AND 3),
        local_only INTEGER NOT NULL CHECK (local_only IN (0, 1))
    ) STRICT
    """,
    "CREATE INDEX questions_by_chat ON questions (chat_id)",
    # What was put into prompts. Ids may be of texts that are gone; digest and content_hash tell whether a
    # label given later speaks of the same text.
    """
    CREATE TABLE message_chunks (
        message_id INTEGER NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
        chunk_id INTEGER NOT NULL,
        document_id INTEGER NOT NULL,
        chat_id TEXT NOT NULL,
        digest BLOB NOT NULL,
        content_hash TEXT NOT NULL,
        label INTEGER NOT NULL CHECK (label BETWEEN 0 AND 3),
        defaulted INTEGER NOT NULL CHECK (defaulted IN (0, 1)),
        PRIMARY KEY (message_id, chunk_id)
    ) STRICT
    """,
    "CREATE INDEX message_chunks_by_chat ON message_chunks (chat_id)",
    "CREATE INDEX message_chunks_by_document ON message_chunks (document_id)",
    # Every label a conversation has met; its own is the maximum. See rag/store/marks.py.
    """
    CREATE VIEW chat_marks (chat_id, label) AS
        SELECT chat_id, own_label FROM questions
        UNION ALL
        SELECT m.chat_id, max(m.label, coalesce(d.label, 0), CASE m.defaulted WHEN 1 THEN 2 ELSE 0 END)
        FROM message_chunks AS m LEFT JOIN documents AS d ON d.id = m.document_id
    """,
    """
    CREATE TABLE receipts (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        chat_id TEXT NOT NULL,
        question_id INTEGER NOT NULL,
        message_id INTEGER NOT NULL,
        created_at TEXT NOT NULL,
        zone TEXT NOT NULL,
        answerer TEXT NOT NULL,
        provider TEXT NOT NULL,
        model TEXT NOT NULL,
        label INTEGER NOT NULL CHECK (label BETWEEN 0 AND 3),
        reasons TEXT NOT NULL,
        chunk_ids TEXT NOT NULL,
        chunk_labels TEXT NOT NULL,
        status TEXT NOT NULL,
        steps TEXT NOT NULL,
        tokens_in INTEGER,
        tokens_out INTEGER,
        bytes_out INTEGER,
        request_digest TEXT,
        seconds TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX receipts_by_chat ON receipts (chat_id)",
)


def _append_only(table: str) -> tuple[str, ...]:
    """Triggers that let rows be added to `table` and nothing else. A REPLACE counts as a deletion."""
    forbidden = [
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} only grows'); END"
        for verb in ("UPDATE", "DELETE")
    ]
    replacing = (
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
        f"WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id) "
        f"BEGIN SELECT RAISE(ABORT, '{table} only grows'); END"
    )
    return (*forbidden, replacing)


Step = tuple[str | Callable[[Connection, bytes], None], ...]
"""Statements, and functions of the connection and the receipts' key."""

# Null in no row, but a column that is added to rows cannot say so: the trigger does.
_CHAIN: Step = (
    "DROP TRIGGER receipts_no_update",
    "ALTER TABLE receipts ADD COLUMN key_id TEXT",
    "ALTER TABLE receipts ADD COLUMN previous BLOB",
    "ALTER TABLE receipts ADD COLUMN mac BLOB",
    seal_unsealed,
    "CREATE TRIGGER receipts_no_update BEFORE UPDATE ON receipts BEGIN SELECT RAISE(ABORT, 'receipts only grows'); END",
    "CREATE TRIGGER receipts_sealed BEFORE INSERT ON receipts "
    "WHEN NEW.key_id IS NULL OR NEW.previous IS NULL OR NEW.mac IS NULL "
    "BEGIN SELECT RAISE(ABORT, 'a receipt has its seal'); END",
)

_HIDING: Step = (
    # By digest and not by id: a text that is stored twice, or asked again, is looked at once.
    """
    CREATE TABLE detections (
        digest BLOB PRIMARY KEY,
        detector TEXT NOT NULL,
        spans TEXT NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE vaults (
        chat_id TEXT PRIMARY KEY REFERENCES chats (id) ON DELETE CASCADE,
        tag TEXT NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE vault_entries (
        chat_id TEXT NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        placeholder TEXT NOT NULL,
        kind TEXT NOT NULL,
        identity TEXT NOT NULL,
        surface TEXT NOT NULL,
        PRIMARY KEY (chat_id, position)
    ) STRICT, WITHOUT ROWID
    """,
    "ALTER TABLE receipts ADD COLUMN masked TEXT",
)

_STEPS: tuple[Step, ...] = (
    (*_DOCUMENTS, *_CONVERSATIONS, *_append_only("receipts"), *_append_only("label_changes")),
    _CHAIN,
    _HIDING,
)
"""What turns a store of version N into one of version N + 1, from the empty file on."""

VERSION = len(_STEPS)
"""The version this program reads and writes."""


def upgrade(db: Connection, key: bytes) -> None:
    """Bring the file to `VERSION`, creating the tables in an empty one. Does nothing when it is there
    already. `key` seals the receipts of a store from before they were chained.

    Raises:
        ConfigError: the file is of a newer version, or belongs to another program.
    """
    if _version(db) == VERSION:
        return
    with db.writing():
        version = _version(db)  # another process may have been first
        if version == 0:
            db.run(f"PRAGMA application_id = {APPLICATION_ID}")
        for step in _STEPS[version:]:
            for part in step:
                db.run(part) if isinstance(part, str) else part(db, key)
        if version == 0:
            db.run("INSERT INTO meta (key, value) VALUES ('store_id', ?)", secrets.token_hex(16))
        db.run(f"PRAGMA user_version = {VERSION}")


def require_current(db: Connection) -> None:
    """Check that the file can be read as it is.

    Raises:
        ConfigError: the file is of a newer version, or belongs to another program.
        StoreError: it is of an older version, or still empty.
    """
    if _version(db) < VERSION:
        raise StoreError("the store is not ready; open it once with `airlock status`")


def _version(db: Connection) -> int:
    with db.reading():
        version = int(db.value("PRAGMA user_version"))
        owner = int(db.value("PRAGMA application_id"))
        empty = db.value("SELECT count(*) FROM sqlite_schema") == 0
    if owner != APPLICATION_ID and not (empty and version == 0):
        raise ConfigError("store.db in AIRLOCK_HOME belongs to another program; choose another AIRLOCK_HOME")
    if version > VERSION:
        raise ConfigError(
            f"the store has version {version} and this Airlock reads up to {VERSION}; "
            "install the newer Airlock or choose another AIRLOCK_HOME"
        )
    if version < 0 or (version == 0 and not empty):
        raise Damaged("store.db has no version")
    return version
