"""One question, told top to bottom: condense, retrieve, route, ask, stream, cite, save with its receipt.

Decides nothing about policy itself (`rag.policy.route` does) and sends nothing to a cloud itself (the gate does).
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from rag.advice.spending import judge_budget
from rag.cancel import Cancel
from rag.config import Settings
from rag.detect.identity import knows_names
from rag.detect.looking import Looking
from rag.errors import EgressRefused, ModelError, NotProvablyLocal
from rag.events import Asked, Cited, Done, Event, Found, Marked, NamedDocument, Progressed, Routed, Token
from rag.gate.client import GateClient
from rag.gate.wire import GateRequest
from rag.models.local import LocalModel, LocalModels
from rag.models.quotes import Quotes
from rag.own_label import OwnLabel
from rag.policy.budget import first_reached
from rag.policy.hide import parts_of
from rag.policy.labels import Label, Rule, join
from rag.policy.route import Evidence, Maskable, Request, choose_route, request_label
from rag.prompt import build_prompt
from rag.records import (
    Answerer,
    Chat,
    ChatId,
    Citation,
    DocumentId,
    Message,
    MessageId,
    MessageStatus,
    Passage,
    Piece,
    ProgressPiece,
    Prompt,
    Question,
    QuestionId,
    Reason,
    Retrieved,
    Role,
    Route,
    SourceId,
    TextPiece,
    Turn,
    UsagePiece,
    Zone,
)
from rag.retrieval.condense import condense
from rag.store import ReceiptDraft, Store
from rag.wording import say

_MARK = re.compile(r"\[(\d{1,2})\]")
_CHINESE = re.compile(r"[㐀-鿿]")
_REMEMBERED = 200


@dataclass(frozen=True, slots=True, repr=False)
class Ask:
    """One person's request. `prefer` is their explicit choice of zone; LOCAL then never leaves this machine.

    `replace` is the question message that this one replaces (edit and ask again, retry).
    `confirmed` is a person's yes, given beforehand, to sending this question to the cloud. `leave_out` leaves out
    the passages whose labels keep the question here, so that the rest may go to the cloud. `can_choose` says that
    somebody is there to be asked.
    """

    text: str
    chat_id: ChatId | None = None
    local_only: bool = False
    prefer: Zone | None = None
    model: str | None = None
    sources: frozenset[SourceId] | None = None
    replace: MessageId | None = None
    confirmed: bool = False
    leave_out: bool = False
    can_choose: bool = True

    def __repr__(self) -> str:
        return f"Ask(chat={self.chat_id}, {len(self.text)} characters)"


class Retrieves(Protocol):
    """What answering needs of retrieval."""

    def retrieve(
        self, query: str, *, clearance: Label = Label.RESTRICTED, sources: frozenset[SourceId] | None = None
    ) -> Retrieved:
        """Find passages for `query`."""
        ...


class ReadsQuestion(Protocol):
    """What answering needs to know a question's own label."""

    def read(self, text: str, earlier: Sequence[str], *, local_only: bool) -> OwnLabel:
        """The label of `text` by itself, after the questions `earlier` in its conversation."""
        ...


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A question that waits for a choice: the documents that were named, and whether others would be left out."""

    ask: Ask
    named: frozenset[DocumentId]
    leaves_out: bool


@dataclass(slots=True)
class _Attempt:
    """What has come so far of one answer; the only mutable thing on the way."""

    started: float
    chat_id: ChatId
    question: Question
    found: Retrieved
    route: Route
    answerer: Answerer = Answerer.QUOTES
    provider: str = ""
    model: str = ""
    text: str = ""
    usage: UsagePiece = field(default_factory=UsagePiece)
    first_token: float | None = None
    steps: list[str] = field(default_factory=list)
    notes: list[Reason] = field(default_factory=list)
    citations: dict[int, Citation] = field(default_factory=dict)
    sent: tuple[Passage, ...] = ()


class Answering:
    """Answers questions as one stream of events; safe to use from several threads."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        retriever: Retrieves,
        local_models: LocalModels,
        quotes: Quotes,
        gate: GateClient | None,
        looking: Looking,
        reader: ReadsQuestion,
    ) -> None:
        self._settings = settings
        self._store = store
        self._retriever = retriever
        self._local_models = local_models
        self._quotes = quotes
        self._gate = gate
        self._looking = looking
        self._reader = reader
        self._waiting: dict[QuestionId, _Waiting] = {}

    def ask(self, ask: Ask, cancel: Cancel) -> Iterator[Event]:
        """Answer one question.

        Raises:
            NotFound: the conversation or the message to replace does not exist.
            StoreError: the store cannot be read or written.
        """
        started = time.monotonic()
        chat = self._store.chat(ask.chat_id) if ask.chat_id else self._store.create_chat()
        if ask.replace is not None:
            self._store.delete_messages_from(ask.replace)
        earlier = [message.text for message in self._store.messages(chat.id) if message.role is Role.USER]
        own = self._reader.read(ask.text, earlier, local_only=ask.local_only)
        question = self._store.add_question(
            chat.id,
            ask.text,
            standalone=condense(ask.text, earlier),
            own_label=own.label,
            local_only=ask.local_only,
        )
        yield Asked(chat.id, question.id, question.message_id, self._store.chat(chat.id).title)
        yield from self._find_and_answer(ask, question, cancel, started, named=None, raised=own.reasons)

    def resume(self, question_id: QuestionId, choice: Zone, cancel: Cancel) -> Iterator[Event]:
        """Go on with a question that waits for a person's choice of zone.

        The passages are found and judged anew. When they come from documents that were not named, the choice no
        longer covers them and is asked for again.
        """
        started = time.monotonic()
        question = self._store.question(question_id)
        forgotten = _Waiting(Ask(question.text, question.chat_id, question.local_only), frozenset(), False)
        waiting = self._waiting.pop(question_id, forgotten)
        chosen = replace(
            waiting.ask,
            chat_id=question.chat_id,
            prefer=choice,
            replace=None,
            leave_out=waiting.ask.leave_out or (waiting.leaves_out and choice is Zone.CLOUD),
        )
        yield from self._find_and_answer(chosen, question, cancel, started, named=waiting.named)

    # -- the way of one question, after it is stored

    def _find_and_answer(
        self,
        ask: Ask,
        question: Question,
        cancel: Cancel,
        started: float,
        *,
        named: frozenset[DocumentId] | None,
        raised: Sequence[Reason] = (),
    ) -> Iterator[Event]:
        found = self._retriever.retrieve(question.standalone, sources=ask.sources)
        chat = self._store.chat(question.chat_id)
        local = self._local_models.pick(ask.model)
        rest = self._sendable(ask, question, chat, found, local)
        left_out = _apart(found.passages, rest.passages) if rest is not None else ()
        if rest is not None and (ask.leave_out or self._settings.mixed == "without"):
            found = rest
        yield Found(found.passages, found.cut, found.sufficient, question.standalone)
        if not found.sufficient or not found.passages:
            yield from self._say_unanswered(started, question, chat, found)
            return
        if rest is not None and found is not rest and ask.can_choose and self._settings.mixed == "ask":
            yield self._offer(ask, question, chat, rest, left_out, local, started)
            return
        attempt = _Attempt(started, chat.id, question, found, self._route(ask, question, chat, found, local))
        attempt.sent = found.passages
        attempt.notes.extend(raised)
        if left_out and found is rest:
            attempt.notes.append(_about_left_out(left_out))
        if self._must_confirm(ask, chat, attempt.route, found, named):
            documents = frozenset(_documents_of(found.passages))
            self._remember(question.id, _Waiting(ask, documents, leaves_out=False))
            yield self._routed(attempt, local, chat.label, confirm=True)
            return
        if attempt.route.zone is Zone.CLOUD:
            self._store.confirm_cloud(chat.id)
        yield self._routed(attempt, local, chat.label, confirm=False)
        for note in attempt.notes:
            yield Marked(note)
        yield from self._mark_unlabelled(attempt)
        yield from self._answer(attempt, local, chat, cancel)

    def _route(self, ask: Ask, question: Question, chat: Chat, found: Retrieved, local: LocalModel | None) -> Route:
        evidence = tuple(Evidence.of(passage) for passage in found.passages)
        label = request_label(question.own_label, evidence, chat.label)
        return choose_route(
            Request(
                mode=self._settings.mode,
                rules=self._settings.rules.by_label(),
                question=question.own_label,
                passages=evidence,
                conversation=chat.label,
                local_only=question.local_only,
                chosen_local=ask.prefer is Zone.LOCAL,
                cloud=self._gate is not None and self._gate.status().ready,
                local_model=local is not None,
                prefer=ask.prefer or self._settings.prefer,
                maskable=self._maskable(label, question, found),
                max_label=self._settings.cloud.max_label,
                spent=self._spent(),
            )
        )

    def _spent(self) -> str:
        """The limit of the cloud's budget that is reached, empty when none is."""
        reached = first_reached(judge_budget(self._store, self._settings)) if self._gate is not None else None
        return reached.name if reached is not None else ""

    def _maskable(self, label: Label, question: Question, found: Retrieved) -> Maskable:
        """Whether all that would be sent can be masked. Looks only where masking is what decides."""
        if self._gate is None or self._settings.rules.by_label()[label] is not Rule.MASKED:
            return Maskable.NOT_LOOKED
        if not (self._settings.detect.without_names or knows_names()):
            return Maskable.NO_NAMES
        self._looking.look(parts_of(self._prompt(question, found.passages)))
        return Maskable.YES

    def _prompt(self, question: Question, passages: Sequence[Passage]) -> Prompt:
        turns = [Turn(message.role, message.text) for message in self._earlier(question)]
        return build_prompt(question.text, passages, turns)

    def _must_confirm(
        self, ask: Ask, chat: Chat, route: Route, found: Retrieved, named: frozenset[DocumentId] | None
    ) -> bool:
        if route.zone is not Zone.CLOUD or self._settings.confirm_cloud == "never" or ask.confirmed:
            return False
        if named is not None:
            return not _documents_of(found.passages) <= named
        return self._settings.confirm_cloud == "always" or not chat.cloud_confirmed

    def _remember(self, question_id: QuestionId, waiting: _Waiting) -> None:
        while len(self._waiting) >= _REMEMBERED:
            self._waiting.pop(next(iter(self._waiting)), None)
        self._waiting[question_id] = waiting

    def _sendable(
        self, ask: Ask, question: Question, chat: Chat, found: Retrieved, local: LocalModel | None
    ) -> Retrieved | None:
        """What was found without the passages that keep it here, where that alone would let it go to the cloud."""
        rules = self._settings.rules.by_label()
        rest = tuple(one for one in found.passages if not one.local_only and rules[one.label] is not Rule.LOCAL)
        if self._gate is None or self._settings.mixed == "local" or not 0 < len(rest) < len(found.passages):
            return None
        without = replace(found, passages=rest)
        return without if self._route(ask, question, chat, without, local).zone is Zone.CLOUD else None

    def _offer(
        self,
        ask: Ask,
        question: Question,
        chat: Chat,
        rest: Retrieved,
        left_out: tuple[Passage, ...],
        local: LocalModel | None,
        started: float,
    ) -> Routed:
        """Ask whether to answer in the cloud without some passages, or here with all."""
        self._remember(question.id, _Waiting(ask, frozenset(_documents_of(rest.passages)), leaves_out=True))
        attempt = _Attempt(started, chat.id, question, rest, self._route(ask, question, chat, rest, local))
        offered = self._routed(attempt, local, chat.label, confirm=True)
        return replace(offered, left_out=_name_documents(left_out), left_out_passages=len(left_out))

    def _routed(self, attempt: _Attempt, local: LocalModel | None, chat_label: Label, *, confirm: bool) -> Routed:
        provider, model = self._name(attempt.route.answerer, local)
        documents = _name_documents(attempt.found.passages)
        return Routed(attempt.route, provider, model, chat_label, confirm, documents)

    def _name(self, answerer: Answerer, local: LocalModel | None) -> tuple[str, str]:
        if answerer is Answerer.CLOUD_MODEL and self._gate is not None:
            status = self._gate.status()
            return status.provider, status.model
        if answerer is Answerer.LOCAL_MODEL and local is not None:
            return local.provider, local.name
        return "quotes", ""

    def _mark_unlabelled(self, attempt: _Attempt) -> Iterator[Event]:
        """Say when nobody's label, only the cautious default, kept this answer here."""
        if not any(reason.code == "unlabelled" for reason in attempt.route.reasons):
            return
        quoted = attempt.route.answerer is Answerer.QUOTES
        yield Marked(Reason("unlabelled_local" if quoted else "unlabelled_local_model"))

    # -- asking, down the chain

    def _answer(self, attempt: _Attempt, local: LocalModel | None, chat: Chat, cancel: Cancel) -> Iterator[Event]:
        status = MessageStatus.STOPPED
        try:
            for position, answerer in enumerate(attempt.route.chain):
                attempt.answerer = answerer
                attempt.provider, attempt.model = self._name(answerer, local)
                try:
                    yield from self._stream(attempt, self._pieces(attempt, local, chat, cancel))
                    status = MessageStatus.STOPPED if cancel.cancelled else MessageStatus.COMPLETE
                    attempt.steps.append(f"{answerer.value}: {status.value}")
                    break
                except ModelError as error:
                    attempt.steps.append(f"{answerer.value}: {type(error).__name__}")
                    if cancel.cancelled:
                        break
                    if attempt.text:
                        status = MessageStatus.INCOMPLETE
                        yield Marked(Reason("incomplete"))
                        break
                    yield self._mark_fallback(attempt, local, attempt.route.chain[position + 1], error)
        except EgressRefused as error:
            status = MessageStatus.REFUSED
            attempt.steps.append(f"{attempt.answerer.value}: {type(error).__name__}")
            reason = Reason("not_provably_local" if isinstance(error, NotProvablyLocal) else "gate_refused")
            attempt.notes.append(reason)
            yield Marked(reason)
        except GeneratorExit:
            cancel.cancel()
            attempt.steps.append(f"{attempt.answerer.value}: {MessageStatus.STOPPED.value}")
            self._save(attempt, MessageStatus.STOPPED)
            raise
        yield self._save(attempt, status)

    def _pieces(self, attempt: _Attempt, local: LocalModel | None, chat: Chat, cancel: Cancel) -> Iterator[Piece]:
        """The stream of whatever writes the answer."""
        earlier = self._earlier(attempt.question)
        if attempt.answerer is Answerer.CLOUD_MODEL and self._gate is not None:
            if self._settings.rules.by_label()[attempt.route.label] is Rule.MASKED:
                prompt = self._prompt(attempt.question, attempt.sent)
                self._store.prepare_vault(attempt.chat_id, prompt, self._looking.identity)
            request = GateRequest(
                attempt.question.id,
                tuple(passage.chunk.id for passage in attempt.sent),
                tuple(message.id for message in earlier),
            )
            return self._gate.stream(request, cancel)
        if attempt.answerer is Answerer.LOCAL_MODEL and local is not None:
            prompt = self._prompt(attempt.question, attempt.sent)
            return local.stream(prompt, num_ctx=chat.num_ctx, cancel=cancel)
        quoted = self._quotes.answer(attempt.question.standalone, attempt.sent)
        return iter([TextPiece(quoted.text)])

    def _earlier(self, question: Question) -> list[Message]:
        """The conversation before `question`, whole answers only."""
        return [
            message
            for message in self._store.messages(question.chat_id)
            if message.id < question.message_id and message.text and message.status is not MessageStatus.REFUSED
        ]

    def _stream(self, attempt: _Attempt, pieces: Iterator[Piece]) -> Iterator[Event]:
        for piece in pieces:
            if isinstance(piece, ProgressPiece):
                yield Progressed(piece.code)
            elif isinstance(piece, UsagePiece):
                attempt.usage = piece
                if piece.num_ctx is not None:
                    self._store.set_chat_num_ctx(attempt.chat_id, piece.num_ctx)
            else:
                if attempt.first_token is None:
                    attempt.first_token = time.monotonic() - attempt.started
                attempt.text += piece.text
                yield Token(piece.text)
                yield from self._cite(attempt, len(piece.text))

    def _cite(self, attempt: _Attempt, added: int) -> Iterator[Event]:
        """Report passages cited for the first time in the newest piece, even when a mark was split by it."""
        for match in _MARK.finditer(attempt.text, max(0, len(attempt.text) - added - 4)):
            number = int(match[1])
            if 1 <= number <= len(attempt.sent) and number not in attempt.citations:
                attempt.citations[number] = _citation(number, attempt.sent[number - 1])
                yield Cited(attempt.citations[number])

    def _mark_fallback(
        self, attempt: _Attempt, local: LocalModel | None, following: Answerer, error: ModelError
    ) -> Event:
        failed = attempt.model or attempt.answerer.value
        _, model = self._name(following, local)
        params = {"failed": failed, "used": model or following.value, "error": type(error).__name__}
        reason = Reason("fallback", params)
        attempt.notes.append(reason)
        return Marked(reason)

    def _say_unanswered(self, started: float, question: Question, chat: Chat, found: Retrieved) -> Iterator[Event]:
        """Answer honestly that the documents hold no answer; no model is asked and nothing raises a label."""
        nothing = not (found.passages or found.cut)
        reason = Reason("nothing_indexed" if nothing else "no_answer")
        route = Route(Zone.LOCAL, (Answerer.QUOTES,), join((chat.label, question.own_label)), (reason,))
        attempt = _Attempt(started, chat.id, question, found, route, provider="quotes")
        attempt.text = say(reason, "zh-TW" if _CHINESE.search(question.text) else "en")
        yield Routed(route, "quotes", "", chat.label)
        yield Marked(reason)
        yield Token(attempt.text)
        yield self._save(attempt, MessageStatus.REFUSED)

    def _save(self, attempt: _Attempt, status: MessageStatus) -> Done:
        zone = Zone.CLOUD if attempt.answerer is Answerer.CLOUD_MODEL else Zone.LOCAL
        citations = tuple(attempt.citations[number] for number in sorted(attempt.citations))
        seconds = dict(attempt.found.seconds)
        if attempt.first_token is not None:
            seconds["first_token"] = round(attempt.first_token, 4)
        seconds["total"] = round(time.monotonic() - attempt.started, 4)
        message_id, receipt_id = self._store.add_answer(
            attempt.question.id,
            attempt.text,
            status=status,
            used=attempt.sent,
            citations=citations,
            receipt=ReceiptDraft(
                zone=zone,
                answerer=attempt.answerer,
                provider=attempt.provider,
                model=attempt.model,
                label=attempt.route.label,
                reasons=(*attempt.route.reasons, *attempt.notes),
                chunk_ids=tuple(passage.chunk.id for passage in attempt.sent),
                chunk_labels=tuple(passage.label for passage in attempt.sent),
                status=status,
                steps=tuple(attempt.steps),
                tokens_in=attempt.usage.tokens_in,
                tokens_out=attempt.usage.tokens_out,
                bytes_out=attempt.usage.bytes_out,
                request_digest=attempt.usage.request_digest,
                seconds=seconds,
                masked=attempt.usage.masked,
            ),
        )
        return Done(message_id, self._store.receipt(receipt_id), attempt.text, citations)


def _citation(number: int, passage: Passage) -> Citation:
    chunk = passage.chunk
    return Citation(
        number, chunk.id, chunk.document_id, passage.path, passage.title, chunk.page, chunk.heading, passage.label
    )


def _documents_of(passages: Sequence[Passage]) -> set[DocumentId]:
    return {passage.chunk.document_id for passage in passages}


def _name_documents(passages: Sequence[Passage]) -> tuple[NamedDocument, ...]:
    """Each document of `passages` once, in their order."""
    seen: dict[DocumentId, NamedDocument] = {}
    for passage in passages:
        seen.setdefault(passage.chunk.document_id, NamedDocument(passage.path, passage.title, passage.label))
    return tuple(seen.values())


def _apart(all_of_them: Sequence[Passage], some: Sequence[Passage]) -> tuple[Passage, ...]:
    """Those that are not among `some`."""
    kept = {passage.chunk.id for passage in some}
    return tuple(passage for passage in all_of_them if passage.chunk.id not in kept)


def _about_left_out(left_out: Sequence[Passage]) -> Reason:
    label = join(passage.label for passage in left_out)
    return Reason("left_out", {"count": str(len(left_out)), "label": label.word})
