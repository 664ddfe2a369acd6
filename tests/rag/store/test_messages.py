"""Questions and answers: kept together with what they were written from, withdrawn together."""

from __future__ import annotations

import pytest

from rag.errors import NotFound, StoreError
from rag.policy.labels import Label
from rag.records import (
    ChatId,
    Citation,
    MessageId,
    MessageStatus,
    Passage,
    Question,
    QuestionId,
    ReceiptId,
    Role,
    SourceId,
)
from rag.store import Store
from tests.fakes.drafts import chunk_ids_of, find_passage, make_document, make_receipt


def ask(store: Store, chat_id: ChatId, text: str = "How?", own_label: Label = Label.PUBLIC) -> Question:
    return store.add_question(chat_id, text, standalone=f"{text} it", own_label=own_label, local_only=False)


def answer(store: Store, question: Question, used: tuple[Passage, ...] = ()) -> tuple[MessageId, ReceiptId]:
    return store.add_answer(
        question.id,
        "So [1].",
        status=MessageStatus.COMPLETE,
        used=used,
        citations=[cite(number, passage) for number, passage in enumerate(used, 1)],
        receipt=make_receipt(used),
    )


def cite(number: int, passage: Passage) -> Citation:
    chunk = passage.chunk
    return Citation(
        number,
        chunk.id,
        chunk.document_id,
        passage.path,
        passage.title,
        chunk.page,
        chunk.heading,
        passage.label,
    )


def passage_of(store: Store, source_id: SourceId, label: Label) -> Passage:
    document_id = store.save_document(make_document(source_id, f"{label}.md", label=label))
    return find_passage(store, chunk_ids_of(store, document_id)[0])


def test_a_question_is_kept_with_its_message(store: Store) -> None:
    chat = store.create_chat()
    question = store.add_question(
        chat.id, "那個呢？", standalone="特休 那個呢？", own_label=Label.RESTRICTED, local_only=True
    )
    assert store.question(question.id) == question
    assert (question.chat_id, question.text, question.standalone) == (chat.id, "那個呢？", "特休 那個呢？")
    assert (question.own_label, question.local_only) == (Label.RESTRICTED, True)
    (message,) = store.messages(chat.id)
    assert (message.id, message.role, message.text) == (question.message_id, Role.USER, "那個呢？")
    assert (message.question_id, message.receipt_id, message.citations) == (question.id, None, ())
    assert store.message(message.id) == message


def test_an_answer_is_kept_with_citations_and_receipt(store: Store, source_id: SourceId) -> None:
    passage = passage_of(store, source_id, Label.INTERNAL)
    question = ask(store, store.create_chat().id)
    message_id, receipt_id = answer(store, question, (passage,))
    message = store.message(message_id)
    assert (message.role, message.text, message.status) == (Role.ASSISTANT, "So [1].", MessageStatus.COMPLETE)
    assert (message.question_id, message.receipt_id) == (question.id, receipt_id)
    assert message.citations == (cite(1, passage),)
    receipt = store.receipt(receipt_id)
    assert (receipt.message_id, receipt.question_id, receipt.chat_id) == (
        message_id,
        question.id,
        question.chat_id,
    )
    assert receipt.created_at == message.created_at


def test_old_citations_stay_when_their_document_is_gone(store: Store, source_id: SourceId) -> None:
    passage = passage_of(store, source_id, Label.INTERNAL)
    message_id, _ = answer(store, ask(store, store.create_chat().id), (passage,))
    store.remove_source(source_id)
    assert store.message(message_id).citations == (cite(1, passage),)


def test_an_answer_without_its_receipt_does_not_exist(
    store: Store, source_id: SourceId, monkeypatch: pytest.MonkeyPatch
) -> None:
    passage = passage_of(store, source_id, Label.RESTRICTED)
    question = ask(store, store.create_chat().id)

    def fail(*_: object) -> None:
        raise StoreError("no")

    monkeypatch.setattr("rag.store.receipts.insert_receipt", fail)
    with pytest.raises(StoreError):
        answer(store, question, (passage,))
    assert [message.role for message in store.messages(question.chat_id)] == [Role.USER]
    assert store.chat_label(question.chat_id) is Label.PUBLIC


def test_withdrawing_takes_a_message_and_all_later_ones_of_its_conversation(store: Store) -> None:
    chat, other = store.create_chat(), store.create_chat()
    first, foreign = ask(store, chat.id, "first"), ask(store, other.id, "foreign")
    answer(store, first)
    second = ask(store, chat.id, "second")
    answered, receipt_id = answer(store, second)
    answer(store, foreign)
    store.delete_messages_from(second.message_id)
    assert [message.text for message in store.messages(chat.id)] == ["first", "So [1]."]
    assert len(store.messages(other.id)) == 2
    for call in (
        lambda: store.message(answered),
        lambda: store.question(second.id),
        lambda: store.delete_messages_from(second.message_id),
    ):
        with pytest.raises(NotFound):
            call()
    assert store.receipt(receipt_id).message_id == answered


def test_withdrawing_does_not_lower_the_conversations_label(store: Store, source_id: SourceId) -> None:
    chat = store.create_chat()
    question = ask(store, chat.id)
    answer(store, question, (passage_of(store, source_id, Label.CONFIDENTIAL),))
    store.delete_messages_from(question.message_id)
    assert store.chat_label(chat.id) is Label.CONFIDENTIAL
    raised = ask(store, chat.id, own_label=Label.RESTRICTED)
    store.delete_messages_from(raised.message_id)
    assert store.chat_label(chat.id) is Label.RESTRICTED
    assert store.messages(chat.id) == []


def test_an_answer_to_a_question_withdrawn_meanwhile_is_withdrawn_and_still_counts(
    store: Store, source_id: SourceId
) -> None:
    chat = store.create_chat()
    question = ask(store, chat.id)
    store.delete_messages_from(question.message_id)
    message_id, receipt_id = answer(store, question, (passage_of(store, source_id, Label.CONFIDENTIAL),))
    assert store.messages(chat.id) == []
    assert store.chat_label(chat.id) is Label.CONFIDENTIAL
    assert store.receipt(receipt_id).message_id == message_id


def test_an_answer_to_a_conversation_deleted_meanwhile_leaves_its_receipt_alone(
    store: Store, source_id: SourceId
) -> None:
    chat = store.create_chat()
    question = ask(store, chat.id)
    store.delete_chat(chat.id)
    message_id, receipt_id = answer(store, question, (passage_of(store, source_id, Label.PUBLIC),))
    assert message_id == 0
    assert store.receipt(receipt_id).chat_id == chat.id
    assert store.chats() == []


def test_what_does_not_exist_is_not_found(store: Store) -> None:
    question = ask(store, store.create_chat().id)
    for call in (
        lambda: store.question(QuestionId(99)),
        lambda: store.message(MessageId(99)),
        lambda: store.delete_messages_from(MessageId(99)),
        lambda: store.add_answer(
            QuestionId(99), "", status=MessageStatus.COMPLETE, used=(), citations=(), receipt=make_receipt()
        ),
    ):
        with pytest.raises(NotFound):
            call()
    assert store.receipts() == []
    assert len(store.messages(question.chat_id)) == 1
