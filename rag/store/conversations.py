"""The conversations' half of the store: chats, their messages and label; what is sent is in the ledger.

Each method is one transaction or one snapshot; the SQL is in the modules it calls.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.policy.labels import Label
from rag.records import (
    Chat,
    ChatId,
    Citation,
    Message,
    MessageId,
    MessageStatus,
    Passage,
    Question,
    QuestionId,
    ReceiptId,
)
from rag.store import chats, marks, messages, receipts
from rag.store.drafts import ReceiptDraft
from rag.store.ledger import Ledger


class Conversations(Ledger):
    """What was asked and answered, and everything that changes it."""

    # -- conversations

    def create_chat(self, title: str = "") -> Chat:
        """Begin a conversation; without a title it takes the first question's first words."""
        with self._write() as db:
            return chats.read_chat(db, chats.insert_chat(db, title, self._now()))

    def chats(self) -> list[Chat]:
        """Every conversation, the one used last first."""
        with self._read() as db:
            return chats.list_chats(db)

    def chat(self, id: ChatId) -> Chat:
        """One conversation. Raises NotFound."""
        with self._read() as db:
            return chats.read_chat(db, id)

    def chat_label(self, id: ChatId) -> Label:
        """A conversation's high-water label (see rag/store/marks.py). Raises NotFound."""
        with self._read() as db:
            return chats.read_chat(db, id).label

    def rename_chat(self, id: ChatId, title: str) -> None:
        """Give a conversation another title. Raises NotFound."""
        with self._write() as db:
            chats.write_title(db, id, title)

    def delete_chat(self, id: ChatId) -> None:
        """Delete a conversation, from the disk too; its receipts stay. Raises NotFound."""
        with self._write() as db:
            chats.erase_chat(db, id)

    def set_chat_num_ctx(self, id: ChatId, num_ctx: int) -> None:
        """Keep the context size a conversation's local model was loaded with. Raises NotFound."""
        with self._write() as db:
            chats.write_num_ctx(db, id, num_ctx)

    def confirm_cloud(self, id: ChatId) -> None:
        """Keep that the person agreed to the cloud for this conversation. Raises NotFound."""
        with self._write() as db:
            chats.write_confirmed(db, id)

    def add_question(
        self, chat_id: ChatId, text: str, *, standalone: str, own_label: Label, local_only: bool
    ) -> Question:
        """Keep a question, with its message in the conversation. Raises NotFound."""
        with self._write() as db:
            return messages.read_question(
                db,
                messages.insert_question(db, chat_id, text, standalone, own_label, local_only, self._now()),
            )

    def question(self, id: QuestionId) -> Question:
        """One question. Raises NotFound, also when it was withdrawn."""
        with self._read() as db:
            return messages.read_question(db, id)

    def add_answer(
        self,
        question_id: QuestionId,
        text: str,
        *,
        status: MessageStatus,
        used: Sequence[Passage],
        citations: Sequence[Citation],
        receipt: ReceiptDraft,
    ) -> tuple[MessageId, ReceiptId]:
        """Keep an answer, what it was written from, and its receipt: all or nothing.

        What was sent leaves a receipt even if the person deleted the conversation meanwhile: then no message
        is kept and its id is 0. If the question was withdrawn meanwhile, the answer is withdrawn with it, and
        what it was written from still counts for the conversation's label. Raises NotFound for a question
        that never was.
        """
        with self._write() as db:
            now, key = self._now(), self._keeping.key(create=True)
            db.after_commit(self._note_head)
            chat_id, exists, withdrawn = messages.find_place(db, question_id)
            if not exists:
                gone = MessageId(0)
                return gone, receipts.insert_receipt(db, receipt, chat_id, question_id, gone, now, key)
            id = messages.insert_answer(db, chat_id, question_id, text, status, citations, now)
            marks.mark_used(db, id, chat_id, used)
            receipt_id = receipts.insert_receipt(db, receipt, chat_id, question_id, id, now, key)
            messages.tie_receipt(db, id, receipt_id)
            if withdrawn:
                messages.withdraw_from(db, id)
            return id, receipt_id

    def messages(self, chat_id: ChatId) -> list[Message]:
        """A conversation's messages in their order. Raises NotFound."""
        with self._read() as db:
            chats.read_chat(db, chat_id)
            return messages.list_messages(db, chat_id)

    def message(self, id: MessageId) -> Message:
        """One message. Raises NotFound, also when it was withdrawn."""
        with self._read() as db:
            return messages.read_message(db, id)

    def delete_messages_from(self, message_id: MessageId) -> None:
        """Withdraw a message and all later ones: their text is erased, the receipts and the label stay.

        Raises NotFound.
        """
        with self._write() as db:
            messages.withdraw_from(db, message_id)
