"""The real parts put together in one process, so that a path can act between two of their steps and a guard be removed.

Store, retrieval, answering, local models and the gate's server are the product's own; only both models are fakes.
"""

from __future__ import annotations

import io
import logging
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rag.answer import Ask
from rag.cancel import Cancel
from rag.config import Settings
from rag.errors import AirlockError
from rag.events import Asked, Done, Event, Found, Marked, Routed
from rag.gate.client import GateClient
from rag.gate.wire import GateRequest
from rag.policy.labels import Label, LabelSource
from rag.records import ChatId, ChunkId, Document, MessageId, QuestionId, TextPiece, Zone
from rag.store import Store
from rag.wiring import Airlock, build
from tests.fakes.gate_server import run_gate
from tests.proof.papers import Paper, make_papers
from tests.proof.recorder import Recorder
from tests.proof.search import Detector
from tests.proof.servers import Cloud, LocalServer, run_servers

KEY = "sk-proof-8c1d5e0f7a2b4c69"
"""The cloud's key: it may be seen by the cloud and nowhere else."""


class NotExercised(Exception):
    """A path was not walked as it should have been; the message says what did not happen."""


def require(happened: object, what: str) -> None:
    """Insist that something happened.

    Raises:
        NotExercised: it did not.
    """
    if not happened:
        raise NotExercised(what)


@dataclass
class Turn:
    """One question and all events of its answer."""

    events: list[Event]

    def _one(self, kind: type[Any]) -> Any:
        return next((event for event in self.events if isinstance(event, kind)), None)

    @property
    def chat(self) -> ChatId:
        return ChatId(self._one(Asked).chat_id)

    @property
    def question(self) -> QuestionId:
        return QuestionId(self._one(Asked).question_id)

    @property
    def message(self) -> MessageId:
        return MessageId(self._one(Asked).message_id)

    @property
    def paths(self) -> list[str]:
        """Of the documents whose passages went into the prompt."""
        return [passage.path for passage in self._one(Found).passages]

    @property
    def chunks(self) -> tuple[ChunkId, ...]:
        return tuple(passage.chunk.id for passage in self._one(Found).passages)

    @property
    def planned(self) -> Zone:
        """Where the route said it would go."""
        return Zone(self._one(Routed).route.zone)

    @property
    def waits(self) -> bool:
        return bool(self._one(Routed).confirm)

    @property
    def done(self) -> Done | None:
        found: Done | None = self._one(Done)
        return found

    @property
    def zone(self) -> Zone | None:
        """Where it was answered; None when it was not."""
        return self.done.receipt.zone if self.done else None

    @property
    def answerer(self) -> str:
        return self.done.receipt.answerer.value if self.done else ""

    @property
    def marks(self) -> set[str]:
        return {event.reason.code for event in self.events if isinstance(event, Marked)}


@dataclass
class Bench:
    """The scene, and what was found out about it."""

    home: Path
    papers: tuple[Paper, ...]
    settings: Settings
    airlock: Airlock
    gate: GateClient
    local: LocalServer
    cloud: Cloud
    recorder: Recorder
    log: io.StringIO
    always: Detector
    disk: Path
    seen_files: set[tuple[Path, int]] = field(default_factory=set)
    forbidden: list[Detector] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)

    @property
    def store(self) -> Store:
        return self.airlock.store

    def paper(self, folder: str, number: int = 0, *, chinese: bool | None = None) -> Paper:
        """The `number`th paper of `folder`, in either language or in one."""
        found = [one for one in self.papers if one.folder == folder and chinese in (None, one.chinese)]
        return found[number % len(found)]

    @property
    def spare(self) -> Paper:
        """A paper of which the folder holds no copy."""
        return make_papers(seed=8)[0]

    def new_question(self, text: str, label: Label = Label.PUBLIC) -> QuestionId:
        """Store a question in a conversation of its own, without answering it."""
        chat = self.store.create_chat()
        return self.store.add_question(chat.id, text, standalone=text, own_label=label, local_only=False).id

    def document(self, paper: Paper) -> Document:
        """The paper as it is stored."""
        return next(one for one in self.store.documents() if one.path == paper.path)

    def chunks(self, paper: Paper) -> tuple[ChunkId, ...]:
        """The paper's chunks."""
        return tuple(self.store.chunk_ids_of(self.document(paper).id))

    def label(self, paper: Paper, label: Label) -> None:
        """Have the owner label it; from then on a raised one must not be seen."""
        self.store.relabel_document(self.document(paper).id, label, LabelSource.OWNER, reason="the proof")
        if label is not Label.PUBLIC:
            self.forbid(paper)

    def forbid(self, *papers: Paper) -> None:
        """From now on these, public so far, must not be seen either."""
        self.check()
        self.forbidden.append(Detector(canary for paper in papers for canary in paper.canaries))

    def ask(
        self,
        text: str,
        chat: ChatId | None = None,
        *,
        on: Mapping[type[Any], Callable[[], object]] | None = None,
        **options: Any,
    ) -> Turn:
        """Ask as the page does. `on` acts when an event of a kind has come, before the next step is taken."""
        stream = self.airlock.answering.ask(Ask(text, chat_id=chat, **options), Cancel())
        return self._follow(stream, on or {})

    def go_on(self, turn: Turn, zone: Zone) -> Turn:
        """Answer the question whether a turn may go to the cloud."""
        return self._follow(self.airlock.answering.resume(turn.question, zone, Cancel()), {})

    def _follow(self, stream: Iterator[Event], on: Mapping[type[Any], Callable[[], object]]) -> Turn:
        events: list[Event] = []
        acts = dict(on)
        for event in stream:
            events.append(event)
            act = acts.pop(type(event), None)
            if act is not None:
                act()
        return Turn(events)

    def at_the_door(
        self, question: QuestionId, chunks: Sequence[ChunkId], messages: Sequence[MessageId] = ()
    ) -> str | None:
        """Ask the gate directly, as an inside gone bad would; the refusal's name, None when it answered."""
        request = GateRequest(question, tuple(chunks), tuple(messages))
        try:
            pieces = list(self.gate.stream(request, Cancel()))
        except AirlockError as error:
            return type(error).__name__
        return None if any(isinstance(piece, TextPiece) for piece in pieces) else "silence"

    def check(self) -> bytes:
        """Search everything that arrived anywhere since the last check; returns what the cloud got."""
        arrived = self.cloud.take()
        self.sent.append(arrived)
        for detector in (self.always, *self.forbidden):
            self.findings += [f"cloud: {sighting}" for sighting in detector.search(arrived)]
        for stray in self.recorder.take():
            seen = self.always.search(bytes(stray.payload))
            key = " with the key" if KEY.encode() in stray.payload else ""
            self.findings.append(
                f"stray: {stray}{key} {bytes(stray.payload[:140])!r}" + "".join(f"; {sighting}" for sighting in seen)
            )
        said = self.log.getvalue().encode()
        self.log.seek(0)
        self.log.truncate()
        self.look_at("log", said)
        self.look_at_disk()
        return arrived

    def look_at(self, where: str, data: bytes) -> None:
        """Search something that may hold no confidential text."""
        self.findings += [f"{where}: {sighting}" for sighting in self.always.search(data)]
        if KEY.encode() in data:
            self.findings.append(f"{where}: the key")

    def look_at_disk(self) -> None:
        """Search every file that was written beside the store and the papers since the last look."""
        for file in sorted(self.disk.rglob("*")):
            if file.is_file() and (state := (file, file.stat().st_size)) not in self.seen_files:
                self.seen_files.add(state)
                self.look_at(f"file {file.name}", file.read_bytes())

    def reset(self) -> None:
        """Both models sound again, nothing found, public papers public."""
        self.check()
        self.cloud.behave()
        self.local.become()
        self.reset_labels()
        self.findings.clear()
        self.forbidden.clear()
        self.sent.clear()

    def reset_labels(self) -> None:
        """Public papers public again."""
        for paper in self.papers:
            if paper.folder == "toggled":
                document = self.document(paper)
                if document.label is not Label.PUBLIC:
                    self.store.relabel_document(document.id, Label.PUBLIC, LabelSource.OWNER, reason="the proof")


def make_settings(home: Path, local_server: LocalServer, cloud_server: Cloud, **further: Any) -> Settings:
    """Settings for the scene: short patience, no question before sending."""
    values: dict[str, Any] = {
        "home": home,
        "receipts_folder": home.parent / f"{home.name}-receipts",
        "confirm_cloud": "never",
        "local": {"ollama_url": local_server.url, "connect_seconds": 1, "first_token_seconds": 2, "silence_seconds": 2},
        "cloud": {
            "enabled": True, "base_url": cloud_server.url, "model": "big", "connect_seconds": 2,
            "first_token_seconds": 2, "total_seconds": 5,
        },
    }  # fmt: skip
    for name, value in further.items():
        values[name] = {**values[name], **value} if isinstance(values.get(name), dict) else value
    return Settings(**values)


@contextmanager
def open_bench(home: Path, papers: tuple[Paper, ...], **further: Any) -> Iterator[Bench]:
    """The scene over an ingested home."""
    always = Detector(canary for paper in papers if paper.secret for canary in paper.canaries)
    with ExitStack() as stack:
        recorder = stack.enter_context(Recorder())
        local, cloud = stack.enter_context(run_servers())
        recorder.allow(local.port)
        recorder.allow(cloud.port)
        settings = make_settings(home, local, cloud, **further)
        disk = home.parent / "tmp"
        disk.mkdir(exist_ok=True)
        tempfile.tempdir = str(disk)
        log = stack.enter_context(_heard())
        stack.enter_context(_errors_to(disk / "stderr"))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="proof-", dir="/tmp")))
        reader = Store.open(home, read_only=True)
        stack.callback(reader.close)
        gate = stack.enter_context(run_gate(reader, settings, folder, KEY))
        airlock = stack.enter_context(build(settings, None, folder / "gate"))
        yield Bench(home, papers, settings, airlock, gate, local, cloud, recorder, log, always, disk)


@contextmanager
def _heard() -> Iterator[io.StringIO]:
    """Everything that is logged, at any level."""
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield log
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


@contextmanager
def _errors_to(file: Path) -> Iterator[None]:
    """Standard error, whoever writes to it, into a file that is searched."""
    sys.stderr.flush()
    kept = os.dup(2)
    with file.open("wb") as target:
        os.dup2(target.fileno(), 2)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)
