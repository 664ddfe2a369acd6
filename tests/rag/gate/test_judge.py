"""The judge believes nothing but ids: labels, switches and membership are read again from the store."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.config import Settings
from rag.errors import EgressRefused, LabelTooHigh
from rag.gate.judge import judge
from rag.gate.wire import GateRequest
from rag.policy.labels import Label, LabelSource, Rule, join
from rag.policy.route import Mode
from rag.records import ChatId, ChunkId, MessageId, QuestionId, Role
from tests.fakes.gate_store import CHAT, MemoryStore
from tests.rag.gate.conftest import MakeSettings

HIGH = [Label.INTERNAL, Label.CONFIDENTIAL, Label.RESTRICTED]


@pytest.fixture
def settings(make_settings: MakeSettings) -> Settings:
    return make_settings()


def test_public_passages_and_a_public_question_may_leave(store: MemoryStore, settings: Settings) -> None:
    chunks = (store.add_chunk("Alpha text."), store.add_chunk("Beta text."))
    question = store.add_question("What is beta?")
    verdict = judge(store, GateRequest(question, chunks[::-1]), settings)
    assert verdict.label is Label.PUBLIC
    assert verdict.prompt.question == "What is beta?"
    assert [(excerpt.number, excerpt.text) for excerpt in verdict.prompt.excerpts] == [
        (1, "Beta text."),
        (2, "Alpha text."),
    ]


@pytest.mark.parametrize("label", HIGH)
@pytest.mark.parametrize("position", range(10))
def test_one_higher_passage_at_any_position_keeps_all_here(
    store: MemoryStore, settings: Settings, label: Label, position: int
) -> None:
    chunks = tuple(store.add_chunk("text", label if at == position else Label.PUBLIC) for at in range(10))
    with pytest.raises(LabelTooHigh):
        judge(store, GateRequest(store.add_question("q"), chunks), settings)


@pytest.mark.parametrize("label", HIGH)
def test_a_question_s_own_label_is_joined(store: MemoryStore, settings: Settings, label: Label) -> None:
    request = GateRequest(store.add_question("q", label), (store.add_chunk("text"),))
    with pytest.raises(LabelTooHigh):
        judge(store, request, settings)


@pytest.mark.parametrize("label", HIGH)
def test_the_conversation_s_high_water_mark_is_joined(store: MemoryStore, settings: Settings, label: Label) -> None:
    request = GateRequest(store.add_question("q"), (store.add_chunk("text"),))
    store.marks[CHAT] = label
    with pytest.raises(LabelTooHigh):
        judge(store, request, settings)


def test_a_label_raised_after_the_route_was_chosen_is_seen(store: MemoryStore, settings: Settings) -> None:
    chunk = store.add_chunk("text")
    request = GateRequest(store.add_question("q"), (chunk,))
    assert judge(store, request, settings).label is Label.PUBLIC
    store.relabel(chunk, Label.CONFIDENTIAL)
    with pytest.raises(LabelTooHigh):
        judge(store, request, settings)


def test_an_unlabelled_passage_stays_here(store: MemoryStore, settings: Settings) -> None:
    chunk = store.add_chunk("text", Label.CONFIDENTIAL, source=LabelSource.DEFAULT)
    with pytest.raises(LabelTooHigh):
        judge(store, GateRequest(store.add_question("q"), (chunk,)), settings)


def test_the_local_only_switch_of_a_public_question_keeps_it_here(store: MemoryStore, settings: Settings) -> None:
    request = GateRequest(store.add_question("q", local_only=True), (store.add_chunk("text"),))
    with pytest.raises(EgressRefused, match="switch"):
        judge(store, request, settings)


def test_a_passage_of_a_local_only_source_keeps_all_here(store: MemoryStore, settings: Settings) -> None:
    chunks = (store.add_chunk("text"), store.add_chunk("text", local_only=True))
    with pytest.raises(EgressRefused, match="switch"):
        judge(store, GateRequest(store.add_question("q"), chunks), settings)


def test_local_only_mode_refuses_even_public_text(store: MemoryStore, settings: Settings) -> None:
    request = GateRequest(store.add_question("q"), (store.add_chunk("text"),))
    with pytest.raises(EgressRefused, match="mode"):
        judge(store, request, settings.model_copy(update={"mode": Mode.LOCAL_ONLY}))


def test_the_masked_rule_sends_nothing_while_masking_is_missing(store: MemoryStore, settings: Settings) -> None:
    rules = settings.rules.model_copy(update={"public": Rule.MASKED})
    request = GateRequest(store.add_question("q"), (store.add_chunk("text"),))
    with pytest.raises(LabelTooHigh, match="masked"):
        judge(store, request, settings.model_copy(update={"rules": rules}))


def test_a_provider_s_highest_label_is_kept_whatever_the_rules_allow(store: MemoryStore, settings: Settings) -> None:
    rules = settings.rules.model_copy(update={"internal": Rule.CLOUD})
    cloud = settings.cloud.model_copy(update={"max_label": Label.PUBLIC})
    request = GateRequest(store.add_question("q"), (store.add_chunk("text", Label.INTERNAL),))
    assert judge(store, request, settings.model_copy(update={"rules": rules})).label is Label.INTERNAL
    with pytest.raises(LabelTooHigh, match="provider"):
        judge(store, request, settings.model_copy(update={"rules": rules, "cloud": cloud}))


@pytest.mark.parametrize("chunks", [(), (99,), (1, 99)])
def test_chunks_that_are_none_or_gone_are_refused(
    store: MemoryStore, settings: Settings, chunks: tuple[int, ...]
) -> None:
    store.add_chunk("text")
    with pytest.raises(EgressRefused):
        judge(store, GateRequest(store.add_question("q"), tuple(map(ChunkId, chunks))), settings)


def test_a_question_that_is_not_stored_is_refused(store: MemoryStore, settings: Settings) -> None:
    with pytest.raises(EgressRefused, match="question 7"):
        judge(store, GateRequest(QuestionId(7), (store.add_chunk("text"),)), settings)


def test_earlier_turns_go_in_their_order_whatever_order_is_asked(store: MemoryStore, settings: Settings) -> None:
    first, second = store.add_message(Role.USER, "first"), store.add_message(Role.ASSISTANT, "second")
    request = GateRequest(store.add_question("third"), (store.add_chunk("text"),), (second, first))
    turns = judge(store, request, settings).prompt.history
    assert [(turn.role, turn.text) for turn in turns] == [(Role.USER, "first"), (Role.ASSISTANT, "second")]


def test_a_message_of_another_conversation_or_a_later_one_is_refused(store: MemoryStore, settings: Settings) -> None:
    other = store.add_message(Role.USER, "a secret of somebody else", ChatId("chat-2"))
    question = store.add_question("q")
    later = store.add_message(Role.ASSISTANT, "later")
    own = store.asked[question].message_id
    chunk = store.add_chunk("text")
    for foreign in (other, later, own, MessageId(999)):
        with pytest.raises(EgressRefused, match="not earlier"):
            judge(store, GateRequest(question, (chunk,), (foreign,)), settings)


labels = st.sampled_from(Label)


@given(question=labels, conversation=labels, passages=st.lists(labels, min_size=1, max_size=12))
def test_what_leaves_is_exactly_what_the_joined_label_s_rule_sends(
    question: Label, conversation: Label, passages: list[Label]
) -> None:
    store, settings = MemoryStore(), Settings(home="/nowhere")
    chunks = tuple(store.add_chunk("text", label) for label in passages)
    request = GateRequest(store.add_question("q", question), chunks)
    store.marks[CHAT] = conversation
    joined = join((question, conversation, *passages))
    if settings.rules.by_label()[joined] is Rule.CLOUD:
        assert judge(store, request, settings).label is joined
    else:
        with pytest.raises(LabelTooHigh):
            judge(store, request, settings)


def test_a_refusal_names_ids_and_labels_but_no_text(store: MemoryStore, settings: Settings) -> None:
    request = GateRequest(store.add_question("qqqq"), (store.add_chunk("ssss", Label.RESTRICTED),))
    with pytest.raises(LabelTooHigh) as caught:
        judge(store, request, settings)
    assert "restricted" in str(caught.value)
    assert "ssss" not in str(caught.value)
    assert "qqqq" not in str(caught.value)
