"""The high-water label of a conversation, by examples and over long random histories."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from rag.policy.labels import UNLABELLED, Label, LabelSource
from rag.records import ChatId, DocumentId, MessageStatus, Passage, SourceId
from rag.store import Store
from tests.fakes.drafts import chunk_ids_of, find_passage, make_document, make_receipt

DEFAULT = LabelSource.DEFAULT
OWNER = LabelSource.OWNER


def save(store: Store, source_id: SourceId, label: Label | None, *texts: str) -> DocumentId:
    """A document at one path, unlabelled when `label` is None."""
    if label is None:
        draft = make_document(source_id, texts=texts or ("text",), label=UNLABELLED, label_source=DEFAULT)
    else:
        draft = make_document(source_id, texts=texts or ("text",), label=label)
    return store.save_document(draft)


def take(store: Store, document_id: DocumentId) -> Passage:
    return find_passage(store, chunk_ids_of(store, document_id)[0])


def use(store: Store, chat_id: ChatId, *passages: Passage) -> None:
    question = store.add_question(chat_id, "?", standalone="?", own_label=Label.PUBLIC, local_only=False)
    store.add_answer(
        question.id,
        "!",
        status=MessageStatus.COMPLETE,
        used=passages,
        citations=(),
        receipt=make_receipt(passages),
    )


def talk(store: Store, *document_ids: DocumentId) -> ChatId:
    """A conversation whose one answer was written from these documents."""
    chat_id = store.create_chat().id
    use(store, chat_id, *(take(store, document_id) for document_id in document_ids))
    return chat_id


@pytest.mark.parametrize("label", list(Label))
def test_a_conversation_has_the_label_of_its_question_or_of_its_passage(
    store: Store, source_id: SourceId, label: Label
) -> None:
    assert store.chat_label(talk(store, save(store, source_id, label))) is label
    chat_id = store.create_chat().id
    store.add_question(chat_id, "?", standalone="?", own_label=label, local_only=False)
    assert store.chat_label(chat_id) is label
    assert {chat.label for chat in store.chats()} == {label}


def test_the_highest_label_counts_and_other_conversations_are_not_touched(store: Store, source_id: SourceId) -> None:
    low = save(store, source_id, Label.PUBLIC)
    high = store.save_document(make_document(source_id, "high.md", label=Label.RESTRICTED))
    assert store.chat_label(talk(store, low, high)) is Label.RESTRICTED
    assert store.chat_label(talk(store, low)) is Label.PUBLIC


def test_an_explicit_label_that_is_lowered_later_leaves_the_mark(store: Store, source_id: SourceId) -> None:
    document_id = save(store, source_id, Label.CONFIDENTIAL)
    chat_id = talk(store, document_id)
    store.relabel_document(document_id, Label.PUBLIC, OWNER)
    assert store.chat_label(chat_id) is Label.CONFIDENTIAL


def test_a_label_that_was_raised_and_lowered_again_leaves_the_higher_mark(store: Store, source_id: SourceId) -> None:
    document_id = save(store, source_id, Label.PUBLIC)
    chat_id = talk(store, document_id)
    store.relabel_document(document_id, Label.RESTRICTED, OWNER)
    store.relabel_document(document_id, Label.PUBLIC, OWNER)
    assert store.chat_label(chat_id) is Label.RESTRICTED


@pytest.mark.parametrize("label", list(Label))
def test_the_first_explicit_label_takes_the_place_of_the_default(
    store: Store, source_id: SourceId, label: Label
) -> None:
    document_id = save(store, source_id, None)
    chat_id = talk(store, document_id)
    assert store.chat_label(chat_id) is Label.CONFIDENTIAL
    store.set_source_label(source_id, label, LabelSource.PAGE)
    assert store.chat_label(chat_id) is label
    store.relabel_document(document_id, Label.PUBLIC, OWNER)
    assert store.chat_label(chat_id) is label, "only the first one replaces"


def test_a_default_label_never_hides_an_explicit_mark(store: Store, source_id: SourceId) -> None:
    unlabelled = save(store, source_id, None)
    explicit = store.save_document(make_document(source_id, "x.md", label=Label.CONFIDENTIAL))
    chat_id = talk(store, unlabelled, explicit)
    store.relabel_document(unlabelled, Label.PUBLIC, OWNER)
    assert store.chat_label(chat_id) is Label.CONFIDENTIAL


def test_a_label_taken_back_counts_as_confidential_until_there_is_another(store: Store, source_id: SourceId) -> None:
    document_id = save(store, source_id, Label.PUBLIC)
    chat_id = talk(store, document_id)
    store.relabel_document(document_id, UNLABELLED, DEFAULT)
    assert store.chat_label(chat_id) is Label.CONFIDENTIAL
    store.relabel_document(document_id, Label.INTERNAL, LabelSource.PAGE)
    assert store.chat_label(chat_id) is Label.INTERNAL


def test_an_unlabelled_text_that_is_gone_stays_confidential(store: Store, source_id: SourceId) -> None:
    document_id = save(store, source_id, None)
    chat_id = talk(store, document_id)
    store.delete_document(document_id)
    save(store, source_id, Label.PUBLIC)
    assert store.chat_label(chat_id) is Label.CONFIDENTIAL


@pytest.mark.parametrize("whole_source", [False, True])
def test_a_label_taken_back_before_the_document_went_leaves_the_caution(
    store: Store, source_id: SourceId, whole_source: bool
) -> None:
    document_id = save(store, source_id, Label.PUBLIC)
    chat_id = talk(store, document_id)
    store.relabel_document(document_id, UNLABELLED, DEFAULT)
    if whole_source:
        store.remove_source(source_id)
    else:
        store.delete_document(document_id)
    assert store.chat_label(chat_id) is Label.CONFIDENTIAL


def test_a_label_for_another_content_does_not_speak_of_what_was_shown(store: Store, source_id: SourceId) -> None:
    document_id = save(store, source_id, None, "the secret")
    chat_id = talk(store, document_id)
    save(store, source_id, Label.PUBLIC, "redacted")
    assert store.chat_label(chat_id) is Label.CONFIDENTIAL
    store.relabel_document(document_id, Label.RESTRICTED, OWNER)
    store.relabel_document(document_id, Label.PUBLIC, OWNER)
    assert store.chat_label(chat_id) is Label.RESTRICTED


def test_a_default_counts_as_confidential_whatever_it_is_written_as(store: Store, source_id: SourceId) -> None:
    document_id = store.save_document(
        make_document(source_id, texts=("shown",), label=Label.PUBLIC, label_source=DEFAULT)
    )
    chat_id = talk(store, document_id)
    assert store.chat_label(chat_id) is Label.CONFIDENTIAL
    save(store, source_id, Label.PUBLIC, "other")
    assert store.chat_label(chat_id) is Label.CONFIDENTIAL


def test_front_matter_added_to_a_file_labels_the_passages_that_are_still_in_it(
    store: Store, source_id: SourceId
) -> None:
    chat_id = talk(store, save(store, source_id, None, "shown", "rest"))
    save(store, source_id, Label.PUBLIC, "a new beginning", "shown", "rest")
    assert store.chat_label(chat_id) is Label.PUBLIC


def test_the_same_file_cut_into_other_chunks_can_still_be_labelled(store: Store, source_id: SourceId) -> None:
    whole = make_document(source_id, texts=("one two",), label=UNLABELLED, label_source=DEFAULT, content="same")
    document_id = store.save_document(whole)
    chat_id = talk(store, document_id)
    store.save_document(
        make_document(source_id, texts=("one", "two"), label=UNLABELLED, label_source=DEFAULT, content="same")
    )
    store.relabel_document(document_id, Label.PUBLIC, OWNER)
    assert store.chat_label(chat_id) is Label.PUBLIC


def test_a_label_raised_while_the_answer_was_written_counts(store: Store, source_id: SourceId) -> None:
    document_id = save(store, source_id, Label.PUBLIC)
    passage = take(store, document_id)
    store.relabel_document(document_id, Label.RESTRICTED, OWNER)
    chat_id = store.create_chat().id
    use(store, chat_id, passage)
    store.relabel_document(document_id, Label.PUBLIC, OWNER)
    assert store.chat_label(chat_id) is Label.RESTRICTED


def test_a_document_labelled_while_the_answer_was_written_is_no_longer_defaulted(
    store: Store, source_id: SourceId
) -> None:
    document_id = save(store, source_id, None)
    passage = take(store, document_id)
    store.relabel_document(document_id, Label.PUBLIC, OWNER)
    chat_id = store.create_chat().id
    use(store, chat_id, passage)
    assert store.chat_label(chat_id) is Label.PUBLIC


def test_a_document_deleted_while_the_answer_was_written_keeps_its_mark(store: Store, source_id: SourceId) -> None:
    for label, expected in ((None, Label.CONFIDENTIAL), (Label.INTERNAL, Label.INTERNAL)):
        document_id = save(store, source_id, label)
        passage = take(store, document_id)
        store.delete_document(document_id)
        chat_id = store.create_chat().id
        use(store, chat_id, passage)
        assert store.chat_label(chat_id) is expected


def test_a_passage_used_twice_in_one_answer_is_no_error(store: Store, source_id: SourceId) -> None:
    passage = take(store, save(store, source_id, Label.INTERNAL))
    chat_id = store.create_chat().id
    use(store, chat_id, passage, passage)
    assert store.chat_label(chat_id) is Label.INTERNAL


# -- long random histories

PATHS = ("a.md", "b.md")
labels = st.sampled_from(Label)
paths = st.sampled_from(PATHS)
texts = st.sampled_from(("one", "two"))
_numbers = itertools.count()


class Histories(RuleBasedStateMachine):
    """One conversation beside documents that come, go, change, and are labelled by anyone at any time."""

    factory: Any = None

    def __init__(self) -> None:
        super().__init__()
        self.store = Store.open(self.factory.mktemp(f"history{next(_numbers)}"))
        self.source_id = self.store.add_source("a", "/a").id
        self.chat_id = self.store.create_chat().id
        self.last = Label.PUBLIC
        self.explicit = Label.PUBLIC
        self.replaced = False
        self.held: list[Passage] = []

    def teardown(self) -> None:
        self.store.close()

    def label_with(self, document_id: DocumentId, label: Label, source: LabelSource) -> None:
        before = self.store.document(document_id)
        if self.store.relabel_document(document_id, label, source) and before.label_source is DEFAULT:
            self.replaced = True

    @rule(path=paths, text=texts, label=st.none() | labels)
    def ingest(self, path: str, text: str, label: Label | None) -> None:
        before = self.store.find_document(self.source_id, path)
        if before and before.label_source is DEFAULT and label is not None:
            self.replaced = True
        source = DEFAULT if label is None else LabelSource.LABELS_TOML
        self.store.save_document(
            make_document(
                self.source_id,
                path,
                (f"{path} {text}",),
                label=UNLABELLED if label is None else label,
                label_source=source,
            )
        )

    @rule(path=paths, label=labels, source=st.sampled_from([OWNER, LabelSource.PAGE]))
    def relabel(self, path: str, label: Label, source: LabelSource) -> None:
        if found := self.store.find_document(self.source_id, path):
            self.label_with(found.id, label, source)

    @rule(path=paths)
    def unlabel(self, path: str) -> None:
        if found := self.store.find_document(self.source_id, path):
            self.store.relabel_document(found.id, UNLABELLED, DEFAULT)

    @rule(label=labels)
    def label_the_folder(self, label: Label) -> None:
        if any(document.label_source is DEFAULT for document in self.store.documents()):
            self.replaced = True
        self.store.set_source_label(self.source_id, label, LabelSource.PAGE)

    @rule(path=paths)
    def delete(self, path: str) -> None:
        if found := self.store.find_document(self.source_id, path):
            self.store.delete_document(found.id)

    @rule()
    def remove_the_folder(self) -> None:
        self.store.remove_source(self.source_id)
        self.source_id = self.store.add_source("a", "/a").id

    @rule(path=paths)
    def retrieve(self, path: str) -> None:
        if found := self.store.find_document(self.source_id, path):
            self.held.append(take(self.store, found.id))

    @precondition(lambda self: self.held)
    @rule()
    def finish_answer(self) -> None:
        used = tuple(self.held)
        self.held.clear()
        use(self.store, self.chat_id, *used)
        now = self.store.chat_label(self.chat_id)
        for passage in used:
            if not passage.defaulted:
                self.explicit = max(self.explicit, passage.label)
        assert now >= self.explicit

    @rule(label=labels)
    def ask(self, label: Label) -> None:
        self.store.add_question(self.chat_id, "?", standalone="?", own_label=label, local_only=False)
        self.explicit = max(self.explicit, label)

    @rule()
    def withdraw_everything(self) -> None:
        if found := self.store.messages(self.chat_id):
            self.store.delete_messages_from(found[0].id)

    @invariant()
    def never_falls_but_for_a_default_replaced(self) -> None:
        now = self.store.chat_label(self.chat_id)
        assert now >= self.last or self.replaced
        assert now >= self.explicit, "what was explicit when it was used is never forgotten"
        if now < self.last:
            assert self.last is UNLABELLED, "only the caution of an unlabelled document can be taken back"
        self.last = now
        self.replaced = False


def test_a_conversations_label_never_falls_unless_a_default_was_replaced(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    Histories.factory = tmp_path_factory
    run_state_machine_as_test(
        Histories,
        settings=settings(
            max_examples=60,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
