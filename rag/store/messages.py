"""Questions and answers of a conversation. What is withdrawn leaves every view; the conversation's label
stays."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rag.errors import NotFound
from rag.policy.labels import Label
from rag.records import (
    ChatId,
    ChunkId,
    Citation,
    DocumentId,
    Message,
    MessageId,
    MessageStatus,
    Question,
    QuestionId,
    ReceiptId,
    Role,
)
from rag.store.chats import make_title
from rag.store.connection import Connection, Row

_SELECT = (
    "SELECT id, chat_id, role, text, status, created_at, question_id, receipt_id, citations FROM messages"
    " WHERE withdrawn = 0"
)


def list_messages(db: Connection, chat_id: ChatId) -> list[Message]:
    """A conversation's messages in their order."""
    return [_message(row) for row in db.rows(f"{_SELECT} AND chat_id = ? ORDER BY id", chat_id)]


def read_message(db: Connection, message_id: MessageId) -> Message:
    """One message.

    Raises:
        NotFound: there is no such message, or it was withdrawn.
    """
    row = db.row(f"{_SELECT} AND id = ?", message_id)
    if row is None:
        raise NotFound(f"there is no message {message_id}")
    return _message(row)


def read_question(db: Connection, question_id: QuestionId) -> Question:
    """One question.

    Raises:
        NotFound: there is no such question, or it was withdrawn.
    """
    row = db.row(
        "SELECT q.id, q.chat_id, q.message_id, m.text, q.standalone, q.own_label, q.local_only"
        " FROM questions AS q JOIN messages AS m ON m.id = q.message_id WHERE q.id = ? AND m.withdrawn = 0",
        question_id,
    )
    if row is None:
        raise NotFound(f"there is no question {question_id}")
    id_, chat_id, message_id, text, standalone, own_label, local_only = row
    return Question(
        QuestionId(id_),
        ChatId(chat_id),
        MessageId(message_id),
        text,
        standalone,
        Label(own_label),
        bool(local_only),
    )


def insert_question(
    db: Connection,
    chat_id: ChatId,
    text: str,
    standalone: str,
    own_label: Label,
    local_only: bool,
    now: str,
) -> QuestionId:
    """Add a question and its message; an untitled conversation takes its first words as title.

    Raises:
        NotFound: there is no such conversation.
    """
    if not db.run(
        "UPDATE chats SET updated_at = ?, title = CASE title WHEN '' THEN ? ELSE title END WHERE id = ?",
        now,
        make_title(text),
        chat_id,
    ):
        raise NotFound("there is no such conversation")
    message_id = _insert_message(db, chat_id, Role.USER, text, MessageStatus.COMPLETE, now)
    question_id = db.insert(
        "INSERT INTO questions (chat_id, message_id, standalone, own_label, local_only) VALUES (?, ?, ?, ?, ?)",
        chat_id,
        message_id,
        standalone,
        int(own_label),
        int(local_only),
    )
    db.run("UPDATE messages SET question_id = ? WHERE id = ?", question_id, message_id)
    return QuestionId(question_id)


def find_place(db: Connection, question_id: QuestionId) -> tuple[ChatId, bool, bool]:
    """The conversation of a question, whether it still exists, and whether the question was withdrawn.

    Raises:
        NotFound: there never was such a question.
    """
    row = db.row(
        "SELECT q.chat_id, m.id IS NOT NULL, coalesce(m.withdrawn, 0) FROM questions AS q"
        " LEFT JOIN messages AS m ON m.id = q.message_id WHERE q.id = ?",
        question_id,
    )
    if row is None:
        raise NotFound(f"there is no question {question_id}")
    return ChatId(row[0]), bool(row[1]), bool(row[2])


def insert_answer(
    db: Connection,
    chat_id: ChatId,
    question_id: QuestionId,
    text: str,
    status: MessageStatus,
    citations: Sequence[Citation],
    now: str,
) -> MessageId:
    """Add an answer, whose receipt is tied to it by `tie_receipt`."""
    message_id = _insert_message(db, chat_id, Role.ASSISTANT, text, status, now)
    db.run(
        "UPDATE messages SET question_id = ?, citations = ? WHERE id = ?",
        question_id,
        json.dumps([_as_json(citation) for citation in citations], ensure_ascii=False),
        message_id,
    )
    db.run("UPDATE chats SET updated_at = ? WHERE id = ?", now, chat_id)
    return message_id


def tie_receipt(db: Connection, message_id: MessageId, receipt_id: ReceiptId) -> None:
    """Let an answer know its receipt."""
    db.run("UPDATE messages SET receipt_id = ? WHERE id = ?", receipt_id, message_id)


def withdraw_from(db: Connection, message_id: MessageId) -> None:
    """Take a message and all later ones of its conversation out of view, and erase their text.

    Raises:
        NotFound: there is no such message, or it was withdrawn before.
    """
    message = read_message(db, message_id)
    chat_id = message.chat_id
    # A title taken from this question goes with it; the next question gives another.
    db.run("UPDATE chats SET title = '' WHERE id = ? AND title = ?", chat_id, make_title(message.text))
    db.run("UPDATE questions SET standalone = '' WHERE chat_id = ? AND message_id >= ?", chat_id, message_id)
    db.run(
        "UPDATE messages SET withdrawn = 1, text = '', citations = '[]' WHERE chat_id = ? AND id >= ?",
        chat_id,
        message_id,
    )
    db.mark_erased()


def _insert_message(
    db: Connection, chat_id: ChatId, role: Role, text: str, status: MessageStatus, now: str
) -> MessageId:
    return MessageId(
        db.insert(
            "INSERT INTO messages (chat_id, role, text, status, created_at) VALUES (?, ?, ?, ?, ?)",
            chat_id,
            role.value,
            text,
            status.value,
            now,
        )
    )


def _as_json(citation: Citation) -> list[object]:
    return [
        citation.number,
        citation.chunk_id,
        citation.document_id,
        citation.path,
        citation.title,
        citation.page,
        citation.heading,
        int(citation.label),
    ]


def _citation(number: int, chunk: int, document: int, path: str, title: str, *rest: object) -> Citation:
    page, heading, label = rest
    assert page is None or isinstance(page, int)
    assert isinstance(heading, list)
    assert isinstance(label, int)
    return Citation(number, ChunkId(chunk), DocumentId(document), path, title, page, tuple(heading), Label(label))


def _message(row: Row) -> Message:
    id_, chat_id, role, text, status, created_at, question_id, receipt_id, citations = row
    return Message(
        id=MessageId(id_),
        chat_id=ChatId(chat_id),
        role=Role(role),
        text=text,
        status=MessageStatus(status),
        created_at=created_at,
        question_id=None if question_id is None else QuestionId(question_id),
        receipt_id=None if receipt_id is None else ReceiptId(receipt_id),
        citations=tuple(_citation(*fields) for fields in json.loads(citations)),
    )
