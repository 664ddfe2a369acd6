"""An Airlock over a real store whose retrieval and models are scripted, for the page and the command line."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np

from rag.answer import Ask
from rag.cancel import Cancel
from rag.config import Settings
from rag.detect.looking import Looking
from rag.events import Asked, Cited, Done, Event, Found, Marked, NamedDocument, Progressed, Routed, Token
from rag.gate.wire import GateStatus
from rag.models.local import ModelInfo
from rag.policy.labels import Label, LabelSource
from rag.records import (
    Answerer,
    ChunkId,
    Citation,
    DocumentId,
    DocumentStatus,
    MessageStatus,
    Passage,
    QuestionId,
    Reason,
    Retrieved,
    Role,
    Route,
    SourceId,
    Zone,
)
from rag.store import ChunkDraft, DocumentDraft, ReceiptDraft, Store
from rag.wiring import Airlock

DIM = 4


def fill_store(store: Store, root: Path) -> tuple[SourceId, DocumentId]:
    """One source `handbook` with a public document of two chunks, an unlabelled one, and a failed one."""
    source = store.add_source("handbook", str(root))
    leave = _save(store, source.id, "leave.md", ("Leave carries over.", "Ten days at most."), Label.PUBLIC)
    _save(store, source.id, "deep/pay.md", ("Pay is monthly.",), None)
    store.save_document(_draft(source.id, "broken.pdf", (), None, status=DocumentStatus.FAILED, reason="encrypted"))
    return source.id, leave


def _save(store: Store, source: SourceId, path: str, texts: Sequence[str], label: Label | None) -> DocumentId:
    return store.save_document(_draft(source, path, texts, label))


def _draft(
    source: SourceId,
    path: str,
    texts: Sequence[str],
    label: Label | None,
    *,
    status: DocumentStatus = DocumentStatus.READY,
    reason: str = "",
) -> DocumentDraft:
    text, chunks = "", []
    for one in texts:
        start = len(text)
        text += one + "\n\n"
        vector = np.zeros(DIM, dtype=np.float32)
        vector[0] = 1
        chunks.append(ChunkDraft(one, 1, ("Rules",), start, start + len(one), vector))
    return DocumentDraft(
        source_id=source,
        path=path,
        title=path.rpartition("/")[2],
        format="markdown",
        content_hash=path.encode().hex().ljust(64, "0")[:64],
        size=len(text),
        mtime_ns=1,
        status=status,
        reason=reason,
        label=label if label is not None else Label.CONFIDENTIAL,
        label_source=LabelSource.FRONT_MATTER if label is not None else LabelSource.DEFAULT,
        pages=None,
        text=text,
        chunks=tuple(chunks),
    )


class ScriptedRetriever:
    """Finds every chunk of the store, in order."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def retrieve(self, _query: str, *, limit: int | None = None, **_: Any) -> Retrieved:
        ids = [ChunkId(int(one)) for one in self._store.chunk_ids()][:limit]
        evidence = self._store.chunk_evidence(ids)
        passages = []
        for rank, chunk in enumerate(self._store.chunks(ids), 1):
            info = evidence[chunk.id]
            passages.append(
                Passage(
                    chunk,
                    info.path,
                    info.title,
                    info.source_name,
                    info.label,
                    info.label_source,
                    info.local_only,
                    1 / rank,
                    rank,
                )
            )
        return Retrieved(tuple(passages), (), bool(passages), {"retrieve": 0.001})


@dataclass
class ScriptedAnswering:
    """Answers like the real one, with what it is told: `words`, the zone, whether to confirm, an error midway.

    With `hold` set, it waits before the last word until the answer is cancelled.
    """

    store: Store
    retriever: ScriptedRetriever
    words: tuple[str, ...] = ("Ten ", "days [1].")
    zone: Zone = Zone.LOCAL
    confirm: bool = False
    error: Exception | None = None
    hold: bool = False
    asks: list[Ask] = field(default_factory=list)
    choices: list[Zone] = field(default_factory=list)
    held: threading.Event = field(default_factory=threading.Event)
    saved: threading.Event = field(default_factory=threading.Event)

    def ask(self, ask: Ask, cancel: Cancel) -> Iterator[Event]:
        self.asks.append(ask)
        chat = self.store.chat(ask.chat_id) if ask.chat_id else self.store.create_chat()
        own = Label.RESTRICTED if ask.local_only else Label.PUBLIC
        question = self.store.add_question(
            chat.id, ask.text, standalone=ask.text, own_label=own, local_only=ask.local_only
        )
        yield Asked(chat.id, question.id, question.message_id, self.store.chat(chat.id).title)
        must = self.confirm and not ask.confirmed
        yield from self._answer(question.id, cancel, confirm=must)

    def resume(self, question_id: QuestionId, choice: Zone, cancel: Cancel) -> Iterator[Event]:
        self.choices.append(choice)
        self.zone = choice
        yield from self._answer(question_id, cancel, confirm=False)

    def _answer(self, question_id: QuestionId, cancel: Cancel, *, confirm: bool) -> Iterator[Event]:
        question = self.store.question(question_id)
        found = self.retriever.retrieve(question.text, limit=1)
        yield Found(found.passages, (), found.sufficient, question.text)
        answerer = Answerer.CLOUD_MODEL if self.zone is Zone.CLOUD else Answerer.QUOTES
        reason = Reason("label_allows_cloud" if self.zone is Zone.CLOUD else "no_local_model", {"label": "public"})
        route = Route(self.zone, (answerer,), Label.PUBLIC, (reason,))
        provider, model = ("openai", "gpt-test") if self.zone is Zone.CLOUD else ("quotes", "")
        named = tuple(NamedDocument(one.path, one.title, one.label) for one in found.passages)
        yield Routed(route, provider, model, Label.PUBLIC, confirm, named)
        if confirm:
            return
        yield Progressed("thinking")
        yield Marked(Reason("unlabelled_local"))
        yield Token(self.words[0])
        if self.error is not None:
            raise self.error
        if self.hold:
            self.held.set()
            stopped = threading.Event()
            cancel.on_cancel(stopped.set)
            stopped.wait(20)
        status = MessageStatus.STOPPED if cancel.cancelled else MessageStatus.COMPLETE
        text = self.words[0]
        citations: tuple[Citation, ...] = ()
        if status is MessageStatus.COMPLETE:
            for word in self.words[1:]:
                text += word
                yield Token(word)
            first = found.passages[0]
            chunk = first.chunk
            citation = Citation(1, chunk.id, chunk.document_id, first.path, first.title, 1, chunk.heading, first.label)
            citations = (citation,)
            yield Cited(citation)
        draft = ReceiptDraft(
            zone=self.zone,
            answerer=answerer,
            provider=provider,
            model=model,
            label=Label.PUBLIC,
            reasons=(reason,),
            chunk_ids=tuple(one.chunk.id for one in found.passages),
            chunk_labels=tuple(one.label for one in found.passages),
            status=status,
            steps=(f"{answerer.value}: {status.value}",),
            tokens_in=None,
            tokens_out=None,
            bytes_out=None,
            request_digest=None,
            seconds={"total": 0.5},
        )
        message, receipt = self.store.add_answer(
            question_id, text, status=status, used=found.passages, citations=citations, receipt=draft
        )
        self.saved.set()
        yield Done(message, self.store.receipt(receipt), text, citations)

    def last_answer(self) -> tuple[str, MessageStatus]:
        """The newest stored answer."""
        messages = self.store.messages(self.store.chats()[0].id)
        last = [one for one in messages if one.role is Role.ASSISTANT][-1]
        return last.text, last.status


@dataclass
class ScriptedLocalModels:
    """The local models that are said to be there."""

    models: tuple[ModelInfo, ...] = ()

    def available(self) -> list[ModelInfo]:
        return list(self.models)

    def pick(self, _wanted: str | None = None) -> ModelInfo | None:
        return self.models[0] if self.models else None

    def why_none(self) -> Reason | None:
        return None if self.models else Reason("ollama_unreachable", {"address": "127.0.0.1:11434"})


@dataclass
class ScriptedGate:
    """A gate with this status."""

    answer: GateStatus = field(default_factory=lambda: GateStatus("openai", "gpt-test", "api.openai.com", ready=True))

    def status(self) -> GateStatus:
        return self.answer


def fake_airlock(
    settings: Settings, store: Store, *, gate: ScriptedGate | None = None, models: tuple[ModelInfo, ...] = ()
) -> tuple[Airlock, ScriptedAnswering]:
    """An Airlock whose parts are scripted, and its answering, to be told what to say."""
    retriever = ScriptedRetriever(store)
    answering = ScriptedAnswering(store, retriever)
    airlock = Airlock(
        settings,
        store,
        cast(Any, None),
        cast(Any, retriever),
        cast(Any, ScriptedLocalModels(models)),
        cast(Any, gate),
        cast(Any, answering),
        Looking(store),
    )
    return airlock, answering
