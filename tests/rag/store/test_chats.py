"""Conversations as a whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.errors import NotFound
from rag.policy.labels import Label
from rag.records import ChatId
from rag.store import Store
from rag.store.access import FILE_NAME
from rag.store.chats import make_title
from rag.store.conversations import Conversations


def ask(store: Conversations, chat_id: ChatId, text: str) -> None:
    store.add_question(chat_id, text, standalone=text, own_label=Label.PUBLIC, local_only=False)


def test_a_new_conversation_is_public_unconfirmed_and_empty(store: Store) -> None:
    chat = store.create_chat()
    assert (chat.title, chat.label, chat.cloud_confirmed, chat.num_ctx) == ("", Label.PUBLIC, False, None)
    assert chat.created_at == chat.updated_at
    assert store.chat(chat.id) == chat
    assert store.messages(chat.id) == []
    assert store.chat_label(chat.id) is Label.PUBLIC


def test_the_conversation_used_last_comes_first_even_when_the_clock_goes_back(home: Path, store: Store) -> None:
    times = iter(["2030-01-01T00:00:00+00:00", "2030-01-02T00:00:00+00:00", "2030-01-03T00:00:00+00:00"])
    clocked = Store(home / FILE_NAME, read_only=False, now=lambda: next(times))
    first, second = clocked.create_chat("first"), clocked.create_chat("second")
    assert [chat.id for chat in store.chats()] == [second.id, first.id]
    ask(clocked, first.id, "again")
    assert [chat.id for chat in store.chats()] == [first.id, second.id]
    assert store.chat(first.id).updated_at == "2030-01-03T00:00:00+00:00"
    clocked.close()


def test_the_first_question_names_an_untitled_conversation_only(store: Store) -> None:
    untitled, titled = store.create_chat(), store.create_chat("Mine")
    for text in ("How many days of leave?", "And next year?"):
        ask(store, untitled.id, text)
        ask(store, titled.id, text)
    assert store.chat(untitled.id).title == "How many days of leave?"
    assert store.chat(titled.id).title == "Mine"


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("  one\n two\t", "one two"),
        ("word " * 30, ("word " * 12).strip() + "…"),
        ("特休" * 50, "特休" * 30 + "…"),
        ("x" * 60, "x" * 60),
        ("x" * 61, "x" * 60 + "…"),
    ],
)
def test_a_title_is_one_short_line(text: str, title: str) -> None:
    assert make_title(text) == title


def test_a_title_goes_with_the_question_it_was_taken_from(store: Store) -> None:
    chat = store.create_chat()
    ask(store, chat.id, "my secret plan")
    store.delete_messages_from(store.messages(chat.id)[0].id)
    assert store.chat(chat.id).title == ""
    ask(store, chat.id, "my plan")
    assert store.chat(chat.id).title == "my plan"


def test_a_title_the_person_chose_stays_when_questions_go(store: Store) -> None:
    chat = store.create_chat()
    ask(store, chat.id, "question")
    store.rename_chat(chat.id, "Chosen")
    store.delete_messages_from(store.messages(chat.id)[0].id)
    assert store.chat(chat.id).title == "Chosen"


def test_what_is_kept_about_a_conversation_comes_back(store: Store) -> None:
    chat = store.create_chat()
    store.rename_chat(chat.id, "休假")
    store.set_chat_num_ctx(chat.id, 8192)
    store.confirm_cloud(chat.id)
    kept = store.chat(chat.id)
    assert (kept.title, kept.num_ctx, kept.cloud_confirmed) == ("休假", 8192, True)


def test_a_deleted_conversation_is_gone_and_others_stay(store: Store) -> None:
    gone, kept = store.create_chat(), store.create_chat()
    ask(store, gone.id, "question")
    store.delete_chat(gone.id)
    assert [chat.id for chat in store.chats()] == [kept.id]
    for call in (
        lambda: store.chat(gone.id),
        lambda: store.chat_label(gone.id),
        lambda: store.messages(gone.id),
        lambda: store.delete_chat(gone.id),
        lambda: store.rename_chat(gone.id, "x"),
        lambda: store.set_chat_num_ctx(gone.id, 1),
        lambda: store.confirm_cloud(gone.id),
        lambda: ask(store, gone.id, "x"),
    ):
        with pytest.raises(NotFound):
            call()
