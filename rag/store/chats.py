"""Conversations as a whole: listed, named, deleted. Their messages are in messages.py, their label in
marks.py."""

from __future__ import annotations

import secrets

from rag.errors import NotFound
from rag.policy.labels import Label
from rag.records import Chat, ChatId
from rag.store.connection import Connection, Row

_TITLE_LENGTH = 60

_SELECT = """
    SELECT id, title, (SELECT coalesce(max(label), 0) FROM chat_marks WHERE chat_id = chats.id),
    cloud_confirmed,
           num_ctx, created_at, updated_at
    FROM chats
"""


def list_chats(db: Connection) -> list[Chat]:
    """Every conversation, the one used last first."""
    return [_chat(row) for row in db.rows(f"{_SELECT} ORDER BY updated_at DESC, rowid DESC")]


def read_chat(db: Connection, chat_id: ChatId) -> Chat:
    """One conversation.

    Raises:
        NotFound: there is no such conversation.
    """
    row = db.row(f"{_SELECT} WHERE id = ?", chat_id)
    if row is None:
        raise NotFound("there is no such conversation")
    return _chat(row)


def insert_chat(db: Connection, title: str, now: str) -> ChatId:
    """Begin a conversation. Its id is random: ids of deleted conversations stay in receipts."""
    chat_id = ChatId(secrets.token_hex(8))
    db.run("INSERT INTO chats (id, title, created_at, updated_at) VALUES (?, ?, ?, ?)", chat_id, title, now, now)
    return chat_id


def write_title(db: Connection, chat_id: ChatId, title: str) -> None:
    """Rename a conversation.

    Raises:
        NotFound: there is no such conversation.
    """
    _update(db, chat_id, "title", title)


def write_num_ctx(db: Connection, chat_id: ChatId, num_ctx: int) -> None:
    """Keep the context size the conversation's local model was loaded with.

    Raises:
        NotFound: there is no such conversation.
    """
    _update(db, chat_id, "num_ctx", num_ctx)


def write_confirmed(db: Connection, chat_id: ChatId) -> None:
    """Keep that the person agreed to the cloud for this conversation.

    Raises:
        NotFound: there is no such conversation.
    """
    _update(db, chat_id, "cloud_confirmed", 1)


def erase_chat(db: Connection, chat_id: ChatId) -> None:
    """Delete a conversation with every text in it. Its receipts stay, and so do the ids they speak of.

    Raises:
        NotFound: there is no such conversation.
    """
    if not db.run("DELETE FROM chats WHERE id = ?", chat_id):
        raise NotFound("there is no such conversation")
    db.run("UPDATE questions SET standalone = '' WHERE chat_id = ?", chat_id)
    db.mark_erased()


def make_title(text: str) -> str:
    """A title from the first words of a question: one line, cut at a word where there is one."""
    line = " ".join(text.split())
    if len(line) <= _TITLE_LENGTH:
        return line
    cut = line[:_TITLE_LENGTH]
    head, space, _ = cut.rpartition(" ")
    return (head if space and len(head) > _TITLE_LENGTH // 2 else cut) + "…"


def _update(db: Connection, chat_id: ChatId, column: str, value: object) -> None:
    if not db.run(f"UPDATE chats SET {column} = ? WHERE id = ?", value, chat_id):
        raise NotFound("there is no such conversation")


def _chat(row: Row) -> Chat:
    id_, title, label, cloud_confirmed, num_ctx, created_at, updated_at = row
    return Chat(ChatId(id_), title, Label(label), bool(cloud_confirmed), num_ctx, created_at, updated_at)
