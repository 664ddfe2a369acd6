"""A confidential passage is never in the bytes that a cloud receives: real store, real gate, recorded wire."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from rag.answer import Answering, Ask
from rag.cancel import Cancel
from rag.config import load_settings
from rag.detect.looking import Looking
from rag.errors import LabelTooHigh
from rag.events import Asked, Done, Event
from rag.gate.client import GateClient
from rag.gate.wire import GateRequest
from rag.policy.labels import Label, LabelSource
from rag.records import ChatId, ChunkId, DocumentId, DocumentStatus, Passage, Retrieved, Zone
from rag.store import ChunkDraft, DocumentDraft, Store
from tests.fakes.cloud_server import CloudServer
from tests.fakes.gate_server import run_gate
from tests.fakes.reader import PlainReader

PUBLIC_PASSAGES = 7
CANARIES = ("CANARY-7f3a91", "河道補助款機密代號藍鵲", "canary-file-name", "canary-title")


class NoLocalModel:
    def pick(self, wanted: str | None = None) -> None:
        return None


@dataclass
class Quoted:
    text: str = "Extract [1]."


class Quoting:
    def answer(self, question: str, passages: Sequence[Passage]) -> Quoted:
        return Quoted()


@dataclass
class Scene:
    """A store of public documents and a confidential one, and a cloud that records."""

    store: Store
    gate: GateClient
    cloud: CloudServer
    public: list[ChunkId] = field(default_factory=list)
    secret: ChunkId = field(default_factory=lambda: ChunkId(0))
    found: list[ChunkId] = field(default_factory=list)

    def add(self, path: str, title: str, text: str, label: Label) -> ChunkId:
        source = self.store.add_source("papers", "/papers")
        chunk = ChunkDraft(text, None, (title,), 0, len(text), np.ones(4, np.float32) / 2)
        facts = (path, title, "text", path, 1, 1, DocumentStatus.READY, "", label, LabelSource.LABELS_TOML, None, text)
        self.store.save_document(DocumentDraft(source.id, *facts, (chunk,)))
        return ChunkId(int(max(self.store.chunk_ids())))

    def document(self, chunk: ChunkId) -> DocumentId:
        return self.store.chunks([chunk])[0].document_id

    def retrieve(self, query: str, *, clearance: Label = Label.RESTRICTED, sources: object = None) -> Retrieved:
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
        return Retrieved(passages, (), True)

    def ask(self, found: list[ChunkId], chat_id: ChatId | None = None) -> list[Event]:
        self.found = found
        settings = load_settings(confirm_cloud="never", mixed="local")
        answering = Answering(
            settings, self.store, self, NoLocalModel(), Quoting(), self.gate, Looking(self.store), PlainReader()
        )  # type: ignore[arg-type]
        return list(answering.ask(Ask("What do the papers say?", chat_id), Cancel()))

    def leaked(self) -> list[str]:
        received = self.cloud.received.decode("utf-8", "replace")
        unescaped = received.encode().decode("unicode_escape", "replace")
        return [canary for canary in CANARIES if canary.lower() in (received + unescaped).lower()]


@pytest.fixture
def scene(home: Path, tmp_path: Path) -> Iterator[Scene]:
    with CloudServer() as cloud, Store.open(home) as store, tempfile.TemporaryDirectory(prefix="gate-") as folder:
        settings = load_settings(cloud={"enabled": True, "base_url": cloud.url, "model": "test-model"})
        reader = Store.open(home, read_only=True)
        with run_gate(reader, settings, Path(folder)) as gate:
            scene = Scene(store, gate, cloud)
            scene.public = [
                scene.add(f"public-{number}.md", f"Notice {number}", f"Public notice {number}.", Label.PUBLIC)
                for number in range(PUBLIC_PASSAGES)
            ]
            secret = f"The code is {CANARIES[0]}. {CANARIES[1]}。"
            scene.secret = scene.add(f"{CANARIES[2]}.md", CANARIES[3], secret, Label.CONFIDENTIAL)
            yield scene
        reader.close()


def done(events: list[Event]) -> Done:
    (event,) = [event for event in events if isinstance(event, Done)]
    return event


def test_public_passages_reach_the_cloud_whole(scene: Scene) -> None:
    assert done(scene.ask(scene.public)).receipt.zone is Zone.CLOUD
    for number in range(PUBLIC_PASSAGES):
        assert f"Public notice {number}.".encode() in scene.cloud.received
    assert scene.leaked() == []


def test_the_search_for_canaries_finds_them_when_they_do_leak(scene: Scene) -> None:
    """The positive control: the same document labelled public is seen by the same search."""
    scene.store.relabel_document(scene.document(scene.secret), Label.PUBLIC, LabelSource.OWNER)
    assert done(scene.ask([scene.secret])).receipt.zone is Zone.CLOUD
    assert {CANARIES[0], CANARIES[1], CANARIES[3]} <= set(scene.leaked())


@pytest.mark.parametrize("position", range(PUBLIC_PASSAGES + 1))
def test_one_confidential_passage_at_any_position_keeps_all_of_them_here(scene: Scene, position: int) -> None:
    found = [*scene.public[:position], scene.secret, *scene.public[position:]]
    assert done(scene.ask(found)).receipt.zone is Zone.LOCAL
    assert scene.cloud.received == b""


@pytest.mark.parametrize("position", range(PUBLIC_PASSAGES + 1))
def test_the_gate_refuses_it_at_any_position_whatever_the_inside_believes(scene: Scene, position: int) -> None:
    asked = next(event for event in scene.ask([]) if isinstance(event, Asked))
    found = (*scene.public[:position], scene.secret, *scene.public[position:])
    with pytest.raises(LabelTooHigh):
        list(scene.gate.stream(GateRequest(asked.question_id, found), Cancel()))
    assert scene.cloud.received == b""


def test_a_later_public_question_of_a_tainted_conversation_sends_nothing(scene: Scene) -> None:
    asked = next(event for event in scene.ask([scene.secret]) if isinstance(event, Asked))
    later = scene.ask(scene.public, asked.chat_id)
    assert done(later).receipt.zone is Zone.LOCAL
    again = next(event for event in later if isinstance(event, Asked))
    with pytest.raises(LabelTooHigh):
        list(scene.gate.stream(GateRequest(again.question_id, tuple(scene.public)), Cancel()))
    assert scene.cloud.received == b""


def test_a_label_raised_after_the_route_was_chosen_is_seen_at_the_door(scene: Scene) -> None:
    settings = load_settings(confirm_cloud="never", mixed="local")
    answering = Answering(
        settings, scene.store, scene, NoLocalModel(), Quoting(), scene.gate, Looking(scene.store), PlainReader()
    )  # type: ignore[arg-type]
    scene.found = [scene.public[0]]
    stream = answering.ask(Ask("What do the papers say?"), Cancel())
    events: list[Event] = []
    for event in stream:
        events.append(event)
        if type(event).__name__ == "Routed":
            scene.store.relabel_document(scene.document(scene.public[0]), Label.CONFIDENTIAL, LabelSource.OWNER)
    receipt = done(events).receipt
    assert receipt.reasons[-1].code == "gate_refused"
    assert scene.cloud.received == b""


def test_a_source_switched_to_local_only_is_refused_at_the_door(scene: Scene) -> None:
    asked = next(event for event in scene.ask([]) if isinstance(event, Asked))
    (source,) = scene.store.sources()
    scene.store.set_source_local_only(source.id, True)
    with pytest.raises(Exception, match="Local-only"):
        list(scene.gate.stream(GateRequest(asked.question_id, tuple(scene.public)), Cancel()))
    assert scene.cloud.received == b""
