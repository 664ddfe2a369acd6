"""One question from asking to its receipt, over a real store, with the models and the gate played by doubles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from rag.answer import Answering, Ask
from rag.cancel import Cancel
from rag.config import load_settings
from rag.detect.looking import Looking
from rag.errors import AirlockError, CutShort, LabelTooHigh, NotProvablyLocal, Unreachable
from rag.events import Action, Asked, Cited, Done, Event, Found, Marked, Routed, Token, marks_of
from rag.gate.wire import GateRequest, GateStatus
from rag.policy.labels import Label, LabelSource
from rag.records import (
    Answerer,
    ChunkId,
    DocumentStatus,
    MessageStatus,
    Passage,
    Piece,
    ProgressPiece,
    Prompt,
    Retrieved,
    SourceId,
    TextPiece,
    UsagePiece,
    Zone,
)
from rag.store import ChunkDraft, DocumentDraft, Store
from tests.fakes.reader import PlainReader


@dataclass
class Writer:
    """Writes given pieces, or fails with a given error after them; keeps what it was asked."""

    pieces: list[Piece] = field(default_factory=lambda: [TextPiece("Yes "), TextPiece("[1]"), TextPiece(".")])
    error: AirlockError | None = None
    provider: str = "ollama"
    name: str = "small"
    asked: list[object] = field(default_factory=list)

    def stream(self, request: Prompt | GateRequest, *rest: object, **more: object) -> Iterator[Piece]:
        self.asked.append(request)
        yield from self.pieces
        if self.error:
            raise self.error


@dataclass
class Gate(Writer):
    ready: bool = True

    def status(self) -> GateStatus:
        return GateStatus("openai", "big", "api.example", self.ready)


class Locals:
    def __init__(self, model: Writer | None) -> None:
        self.model = model

    def pick(self, wanted: str | None = None) -> Writer | None:
        return self.model


@dataclass
class Quoted:
    text: str


class Quoting:
    def answer(self, question: str, passages: Sequence[Passage]) -> Quoted:
        return Quoted("“" + passages[0].chunk.text + "” [1]")


T = TypeVar("T")


class World:
    """A store with one document per label, and everything around it."""

    def __init__(self, home: Path) -> None:
        self.store = Store.open(home)
        self.source = self.store.add_source("papers", "/papers")
        self.chunks = {label: self.add(f"{label}.md", label, LabelSource.LABELS_TOML) for label in Label}
        self.chunks_by_default = self.add("nobody.md", Label.CONFIDENTIAL, LabelSource.DEFAULT)
        self.found: list[ChunkId] = [self.chunks[Label.PUBLIC]]
        self.sufficient = True
        self.local: Writer | None = Writer()
        self.gate: Gate | None = Gate()
        self.searched: list[str] = []

    def add(self, path: str, label: Label, source: LabelSource) -> ChunkId:
        text = f"Text of {path}."
        chunk = ChunkDraft(text, None, (), 0, len(text), np.ones(4, np.float32) / 2)
        draft = DocumentDraft(
            SourceId(self.source.id),
            path,
            path,
            "text",
            path,
            1,
            1,
            DocumentStatus.READY,
            "",
            label,
            source,
            None,
            text,
            (chunk,),
        )
        self.store.save_document(draft)
        return ChunkId(int(max(self.store.chunk_ids())))

    def retrieve(self, query: str, *, clearance: Label = Label.RESTRICTED, sources: object = None) -> Retrieved:
        self.searched.append(query)
        infos = self.store.chunk_evidence(self.found)
        passages = tuple(
            Passage(
                chunk,
                info.path,
                info.title,
                info.source_name,
                info.label,
                info.label_source,
                info.local_only,
                1.0,
                rank,
            )
            for rank, chunk in enumerate(self.store.chunks(self.found), 1)
            for info in [infos[chunk.id]]
        )
        return Retrieved(passages, (), self.sufficient, {"retrieve": 0.001})

    def answering(self, **overrides: object) -> Answering:
        settings = load_settings(**{"confirm_cloud": "never", "mixed": "local", **overrides})
        return Answering(
            settings, self.store, self, Locals(self.local), Quoting(), self.gate, Looking(self.store), PlainReader()
        )  # type: ignore[arg-type]

    def ask(self, text: str = "Is it so?", *, settings: dict[str, object] | None = None, **more: object) -> list[Event]:
        return list(self.answering(**(settings or {})).ask(Ask(text, **more), Cancel()))  # type: ignore[arg-type]


@pytest.fixture
def world(home: Path) -> Iterator[World]:
    world = World(home)
    yield world
    world.store.close()


def only(kind: type[T], events: list[Event]) -> T:
    (event,) = [event for event in events if isinstance(event, kind)]
    return event


def test_a_public_question_is_found_routed_streamed_cited_and_saved_in_that_order(world: World) -> None:
    events = world.ask()
    assert [type(event) for event in events] == [Asked, Found, Routed, Token, Token, Cited, Token, Done]
    done = only(Done, events)
    assert done.text == "Yes [1]."
    assert [citation.path for citation in done.citations] == ["public.md"]
    receipt = done.receipt
    assert (receipt.zone, receipt.answerer, receipt.provider, receipt.model) == (
        Zone.CLOUD,
        Answerer.CLOUD_MODEL,
        "openai",
        "big",
    )
    assert receipt.chunk_ids == (world.chunks[Label.PUBLIC],)
    assert receipt.status is MessageStatus.COMPLETE
    assert receipt.seconds["total"] >= receipt.seconds["first_token"] > 0
    assert [message.text for message in world.store.messages(only(Asked, events).chat_id)] == ["Is it so?", "Yes [1]."]


def test_only_ids_go_to_the_gate(world: World) -> None:
    asked = only(Asked, world.ask())
    assert world.gate
    assert world.gate.asked == [GateRequest(asked.question_id, (world.chunks[Label.PUBLIC],), ())]


@pytest.mark.parametrize("label", [Label.INTERNAL, Label.CONFIDENTIAL, Label.RESTRICTED])
@pytest.mark.parametrize("position", range(4))
def test_one_higher_passage_at_any_position_keeps_the_question_here(world: World, label: Label, position: int) -> None:
    extra = [world.add(f"more{number}.md", Label.PUBLIC, LabelSource.LABELS_TOML) for number in range(3)]
    world.found = [*extra[:position], world.chunks[label], *extra[position:]]
    done = only(Done, world.ask())
    assert world.gate
    assert world.gate.asked == []
    assert (done.receipt.zone, done.receipt.label) == (Zone.LOCAL, label)


def test_the_conversation_keeps_its_highest_label(world: World) -> None:
    world.found = [world.chunks[Label.CONFIDENTIAL]]
    chat = only(Asked, world.ask()).chat_id
    world.found = [world.chunks[Label.PUBLIC]]
    done = only(Done, world.ask("And the public one?", chat_id=chat))
    assert done.receipt.reasons[0].code == "label_conversation"
    assert done.receipt.zone is Zone.LOCAL


def test_a_default_label_stops_counting_once_somebody_labels_the_document(world: World) -> None:
    world.found = [world.chunks_by_default]
    events = world.ask()
    chat = only(Asked, events).chat_id
    assert only(Marked, events).actions == (Action.LABEL_FOLDER,)
    document = world.store.chunks([world.chunks_by_default])[0].document_id
    world.store.relabel_document(document, Label.PUBLIC, LabelSource.OWNER)
    world.found = [world.chunks[Label.PUBLIC]]
    assert only(Done, world.ask(chat_id=chat)).receipt.zone is Zone.CLOUD


def test_unlabelled_without_a_local_model_says_so_and_offers_what_to_do(world: World) -> None:
    world.local = None
    world.found = [world.chunks_by_default]
    mark = only(Marked, world.ask())
    assert mark.reason.code == "unlabelled_local"
    assert mark.actions == (Action.LABEL_FOLDER, Action.CONNECT_OLLAMA)


def test_the_local_only_switch_holds_for_the_rest_of_the_conversation(world: World) -> None:
    chat = only(Asked, world.ask(local_only=True)).chat_id
    assert only(Done, world.ask(chat_id=chat)).receipt.label is Label.RESTRICTED
    assert world.gate
    assert world.gate.asked == []


def test_a_cloud_that_fails_before_its_first_word_falls_back_to_this_computer(world: World) -> None:
    world.gate = Gate(pieces=[ProgressPiece("sent")], error=Unreachable("503"))
    events = world.ask()
    assert only(Marked, events).reason.params == {"failed": "big", "used": "small", "error": "Unreachable"}
    done = only(Done, events)
    assert (done.receipt.zone, done.receipt.answerer, done.text) == (Zone.LOCAL, Answerer.LOCAL_MODEL, "Yes [1].")
    assert done.receipt.steps == ("cloud: Unreachable", "local: complete")


def test_a_local_model_that_fails_falls_back_to_extracts_and_never_to_the_cloud(world: World) -> None:
    world.local = Writer(pieces=[], error=Unreachable("gone"))
    world.found = [world.chunks[Label.CONFIDENTIAL]]
    done = only(Done, world.ask())
    assert done.text == "“Text of confidential.md.” [1]"
    assert done.receipt.steps == ("local: Unreachable", "quotes: complete")
    assert world.gate
    assert world.gate.asked == []


def test_a_model_that_dies_midway_leaves_its_part_marked_incomplete(world: World) -> None:
    world.gate = Gate(pieces=[TextPiece("Half [1] an ans")], error=CutShort("cut"))
    events = world.ask()
    assert only(Marked, events).reason.code == "incomplete"
    assert (only(Done, events).text, only(Done, events).receipt.status) == ("Half [1] an ans", MessageStatus.INCOMPLETE)
    assert world.local
    assert world.local.asked == []


def test_a_refusal_at_the_gate_is_final_and_not_tried_elsewhere(world: World) -> None:
    world.gate = Gate(pieces=[], error=LabelTooHigh("raised meanwhile"))
    events = world.ask()
    assert only(Marked, events).reason.code == "gate_refused"
    assert only(Done, events).receipt.status is MessageStatus.REFUSED
    assert world.local
    assert world.local.asked == []


def test_a_local_model_that_is_not_provably_local_is_refused_and_nothing_else_is_tried(world: World) -> None:
    world.local = Writer(pieces=[], error=NotProvablyLocal("remote_host"))
    world.found = [world.chunks[Label.CONFIDENTIAL]]
    events = world.ask()
    assert only(Marked, events).reason.code == "not_provably_local"
    assert only(Done, events).receipt.status is MessageStatus.REFUSED


def test_the_marks_of_an_answer_are_known_again_from_its_receipt(world: World) -> None:
    def codes(events: list[Event]) -> tuple[list[str], list[str]]:
        shown = [event.reason.code for event in events if isinstance(event, Marked)]
        return sorted(shown), sorted(mark.reason.code for mark in marks_of(only(Done, events).receipt))

    world.found = [world.chunks_by_default]
    local, world.local = world.local, None
    assert codes(world.ask()) == (["unlabelled_local"], ["unlabelled_local"])
    world.local = local
    assert codes(world.ask()) == (["unlabelled_local_model"], ["unlabelled_local_model"])
    world.found = [world.chunks[Label.PUBLIC]]
    world.gate = Gate(pieces=[], error=Unreachable("503"))
    assert codes(world.ask()) == (["fallback"], ["fallback"])
    world.gate = Gate(pieces=[TextPiece("Half")], error=CutShort("cut"))
    assert codes(world.ask()) == (["incomplete"], ["incomplete"])
    world.sufficient = False
    assert codes(world.ask()) == (["no_answer"], ["no_answer"])


def test_stopping_keeps_what_came_and_ends_as_stopped(world: World) -> None:
    cancel = Cancel()
    stream = world.answering().ask(Ask("Is it so?"), cancel)
    events: list[Event] = []
    for event in stream:
        events.append(event)
        if isinstance(event, Token):
            break
    stream.close()  # type: ignore[attr-defined]
    assert cancel.cancelled
    question, answer = world.store.messages(only(Asked, events).chat_id)
    assert (answer.text, answer.status) == ("Yes ", MessageStatus.STOPPED)
    assert question.text == "Is it so?"


def test_questions_the_documents_do_not_answer_ask_no_model_and_raise_nothing(world: World) -> None:
    world.found = [world.chunks[Label.CONFIDENTIAL]]
    world.sufficient = False
    events = world.ask("那裡的天氣如何？")
    assert only(Marked, events).reason.code == "no_answer"
    assert only(Done, events).text.startswith("文件中沒有這個問題的答案")
    assert world.gate
    assert world.local
    assert world.gate.asked + world.local.asked == []
    assert world.store.chat(only(Asked, events).chat_id).label is Label.PUBLIC


def test_an_empty_store_says_to_add_a_folder(world: World) -> None:
    world.found = []
    assert only(Marked, world.ask()).actions == (Action.ADD_FOLDER,)


def test_the_first_cloud_question_of_a_conversation_waits_for_a_yes_and_names_the_documents(world: World) -> None:
    answering = world.answering(confirm_cloud="first")
    events = list(answering.ask(Ask("Is it so?"), Cancel()))
    routed = only(Routed, events)
    assert routed.confirm
    assert [(named.path, named.label) for named in routed.documents] == [("public.md", Label.PUBLIC)]
    assert world.gate
    assert world.gate.asked == []
    asked = only(Asked, events)
    done = only(Done, list(answering.resume(asked.question_id, Zone.CLOUD, Cancel())))
    assert done.receipt.zone is Zone.CLOUD
    again = list(answering.ask(Ask("And again?", chat_id=asked.chat_id), Cancel()))
    assert not only(Routed, again).confirm


def test_a_no_keeps_it_here_and_asks_again_next_time(world: World) -> None:
    answering = world.answering(confirm_cloud="first")
    asked = only(Asked, list(answering.ask(Ask("Is it so?"), Cancel())))
    done = only(Done, list(answering.resume(asked.question_id, Zone.LOCAL, Cancel())))
    assert (done.receipt.zone, done.receipt.reasons[0].code) == (Zone.LOCAL, "person_chose_local")
    assert only(Routed, list(answering.ask(Ask("Again?", chat_id=asked.chat_id), Cancel()))).confirm


def test_a_yes_does_not_cover_documents_that_were_not_named(world: World) -> None:
    answering = world.answering(confirm_cloud="first")
    asked = only(Asked, list(answering.ask(Ask("Is it so?"), Cancel())))
    world.found = [world.add("new.md", Label.PUBLIC, LabelSource.LABELS_TOML)]
    routed = only(Routed, list(answering.resume(asked.question_id, Zone.CLOUD, Cancel())))
    assert routed.confirm
    assert [named.path for named in routed.documents] == ["new.md"]
    assert world.gate
    assert world.gate.asked == []


def test_a_question_sent_with_always_asks_every_time(world: World) -> None:
    answering = world.answering(confirm_cloud="always")
    asked = only(Asked, list(answering.ask(Ask("Is it so?"), Cancel())))
    list(answering.resume(asked.question_id, Zone.CLOUD, Cancel()))
    assert only(Routed, list(answering.ask(Ask("Again?", chat_id=asked.chat_id), Cancel()))).confirm


def test_a_follow_up_is_searched_for_with_what_it_leans_on(world: World) -> None:
    chat = only(Asked, world.ask("What is the warranty of the logger?")).chat_id
    world.ask("And of the probe?", chat_id=chat)
    assert world.searched[0] == "What is the warranty of the logger?"
    assert "warranty" in world.searched[1]


def test_edit_and_ask_again_replaces_the_question_and_what_followed(world: World) -> None:
    asked = only(Asked, world.ask())
    again = only(Asked, world.ask("Is it not so?", chat_id=asked.chat_id, replace=asked.message_id))
    assert [message.text for message in world.store.messages(again.chat_id)] == ["Is it not so?", "Yes [1]."]


def test_the_context_size_a_model_was_loaded_with_is_kept_for_the_conversation(world: World) -> None:
    world.gate = None
    world.local = Writer(pieces=[TextPiece("ok"), UsagePiece(10, 2, num_ctx=8192)])
    events = world.ask()
    assert world.store.chat(only(Asked, events).chat_id).num_ctx == 8192
    assert (only(Done, events).receipt.tokens_in, only(Done, events).receipt.tokens_out) == (10, 2)


def test_marks_that_name_no_passage_are_not_citations(world: World) -> None:
    world.gate = Gate(pieces=[TextPiece("See [0], [2] and ["), TextPiece("1"), TextPiece("].")])
    assert [citation.number for citation in only(Done, world.ask()).citations] == [1]
