"""Passages of different sensitivity in one question: the choice to go without those that keep it here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.answer import Ask
from rag.cancel import Cancel
from rag.events import Asked, Done, Event, Found, Marked, Routed
from rag.gate.wire import GateRequest
from rag.policy.labels import Label, LabelSource
from rag.records import Zone
from tests.rag.test_answer import Gate, World, only

PUBLIC, SECRET = Label.PUBLIC, Label.CONFIDENTIAL
ASKING: dict[str, object] = {"mixed": "ask"}


@pytest.fixture
def world(home: Path) -> Iterator[World]:
    world = World(home)
    world.found = [world.chunks[PUBLIC], world.chunks[SECRET]]
    yield world
    world.store.close()


def sent(world: World) -> list[list[int]]:
    assert isinstance(world.gate, Gate)
    return [list(request.chunk_ids) for request in world.gate.asked if isinstance(request, GateRequest)]


def test_the_choice_is_offered_with_both_sides_named_before_anything_is_sent(world: World) -> None:
    events = world.ask(settings=ASKING)
    offered = only(Routed, events)
    assert offered.confirm
    assert [one.path for one in offered.left_out] == ["confidential.md"]
    assert [one.path for one in offered.documents] == ["public.md"]
    assert (offered.left_out_passages, offered.route.zone) == (1, Zone.CLOUD)
    assert not any(isinstance(event, Done) for event in events)
    assert sent(world) == []


def test_without_them_exactly_the_rest_is_sent_and_the_record_says_what_was_left_out(world: World) -> None:
    answering = world.answering(**ASKING)
    asked = only(Asked, list(answering.ask(Ask("Is it so?"), Cancel())))
    events = list(answering.resume(asked.question_id, Zone.CLOUD, Cancel()))
    done = only(Done, events)
    assert (done.receipt.zone, done.receipt.label) == (Zone.CLOUD, PUBLIC)
    assert sent(world) == [[world.chunks[PUBLIC]]]
    assert [passage.chunk.id for passage in only(Found, events).passages] == [world.chunks[PUBLIC]]
    (reason,) = [reason for reason in done.receipt.reasons if reason.code == "left_out"]
    assert reason.params == {"count": "1", "label": "confidential"}
    assert "left_out" in [event.reason.code for event in events if isinstance(event, Marked)]
    assert world.store.chat_label(asked.chat_id) is PUBLIC


def test_on_this_computer_everything_is_used_and_nothing_is_sent(world: World) -> None:
    answering = world.answering(**ASKING)
    asked = only(Asked, list(answering.ask(Ask("Is it so?"), Cancel())))
    done = only(Done, list(answering.resume(asked.question_id, Zone.LOCAL, Cancel())))
    assert (done.receipt.zone, done.receipt.label) == (Zone.LOCAL, SECRET)
    assert list(done.receipt.chunk_ids) == world.found
    assert sent(world) == []


@pytest.mark.parametrize(("mixed", "zone", "chunks"), [("local", Zone.LOCAL, 2), ("without", Zone.CLOUD, 1)])
def test_the_configuration_may_choose_beforehand(world: World, mixed: str, zone: Zone, chunks: int) -> None:
    done = only(Done, world.ask(settings={"mixed": mixed}))
    assert (done.receipt.zone, len(done.receipt.chunk_ids)) == (zone, chunks)


def test_where_nobody_can_choose_it_stays_here_unless_leaving_out_was_asked_for(world: World) -> None:
    assert only(Done, world.ask(settings=ASKING, can_choose=False)).receipt.zone is Zone.LOCAL
    assert only(Done, world.ask(settings=ASKING, can_choose=False, leave_out=True)).receipt.zone is Zone.CLOUD


@pytest.mark.parametrize("more", [{"local_only": True}, {"prefer": Zone.LOCAL}])
def test_a_person_who_keeps_the_question_here_is_offered_nothing(world: World, more: dict[str, object]) -> None:
    assert only(Done, world.ask(settings=ASKING, **more)).receipt.zone is Zone.LOCAL


def test_nothing_is_offered_where_it_would_change_nothing(world: World) -> None:
    world.found = [world.chunks[SECRET]]
    assert not only(Routed, world.ask(settings=ASKING)).confirm
    world.found = [world.chunks[PUBLIC]]
    assert not only(Routed, world.ask(settings=ASKING)).left_out
    world.found = [world.chunks[PUBLIC], world.chunks[SECRET]]
    world.gate = None
    assert not only(Routed, world.ask(settings=ASKING)).left_out


def test_a_conversation_that_met_something_confidential_is_offered_nothing(world: World) -> None:
    first = world.ask(settings={"mixed": "local"})
    chat = only(Asked, first).chat_id
    later: list[Event] = world.ask(settings=ASKING, chat_id=chat)
    assert only(Done, later).receipt.zone is Zone.LOCAL


def test_a_choice_for_other_documents_than_were_named_is_asked_for_again(world: World) -> None:
    answering = world.answering(confirm_cloud="first", **ASKING)
    asked = only(Asked, list(answering.ask(Ask("Is it so?"), Cancel())))
    world.found = [world.add("new.md", PUBLIC, LabelSource.LABELS_TOML), world.chunks[SECRET]]
    events = list(answering.resume(asked.question_id, Zone.CLOUD, Cancel()))
    assert only(Routed, events).confirm
    assert sent(world) == []
