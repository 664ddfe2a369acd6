"""The second decision, at the door: from the labels in the store at this moment. Believes nothing but ids.

Reads question, chunks, labels and conversation in one read transaction: what was judged is what is sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from rag.errors import EgressRefused, LabelTooHigh, NotFound
from rag.gate.wire import GateRequest
from rag.policy.labels import Label, LabelSource, Rule
from rag.policy.route import Evidence, Mode, cloud_allowed, request_label
from rag.prompt import build_prompt
from rag.records import (
    ChatId,
    Chunk,
    ChunkId,
    DocumentId,
    Message,
    Passage,
    Prompt,
    Question,
    QuestionId,
    Turn,
)


class ChunkInfo(Protocol):
    """What the store says about a chunk's document at this moment."""

    @property
    def document_id(self) -> DocumentId: ...
    @property
    def path(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def source_name(self) -> str: ...
    @property
    def label(self) -> Label: ...
    @property
    def label_source(self) -> LabelSource: ...
    @property
    def local_only(self) -> bool: ...


class GateStore(Protocol):
    """The part of the store the gate reads; it is opened read-only."""

    def reading(self) -> AbstractContextManager[None]:
        """One read snapshot."""
        ...

    def question(self, id: QuestionId) -> Question:
        """The stored question, or NotFound."""
        ...

    def chat_label(self, id: ChatId) -> Label:
        """The conversation's high-water mark."""
        ...

    def messages(self, chat_id: ChatId) -> list[Message]:
        """The conversation's messages in order."""
        ...

    def chunks(self, ids: Sequence[ChunkId]) -> list[Chunk]:
        """The chunks asked for, in that order, missing ones left out."""
        ...

    def chunk_evidence(self, ids: Sequence[ChunkId]) -> Mapping[ChunkId, ChunkInfo]:
        """Where each chunk comes from, with its document's label."""
        ...


@dataclass(frozen=True, slots=True)
class Rows:
    """Everything one decision and its prompt are made of, read at one moment."""

    question: Question
    conversation: Label
    passages: tuple[Passage, ...]
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Permission to send exactly this prompt, and the label that allowed it."""

    label: Label
    prompt: Prompt


class Policy(Protocol):
    """The settings the judge obeys."""

    @property
    def mode(self) -> Mode: ...
    @property
    def rules(self) -> Rules: ...


class Rules(Protocol):
    """What each label allows."""

    def by_label(self) -> dict[Label, Rule]:
        """The rules keyed by label."""
        ...


def judge(store: GateStore, request: GateRequest, policy: Policy) -> Verdict:
    """Decide whether this request may leave, and make its prompt.

    Raises:
        LabelTooHigh: the joined label's rule keeps it here.
        EgressRefused: a switch or the mode forbids it, or an id names nothing that may be used.
    """
    rows = read_rows(store, request)
    label = judge_rows(rows, policy)
    return Verdict(label, build_prompt(rows.question.text, rows.passages, rows.turns))


def judge_rows(rows: Rows, policy: Policy) -> Label:
    """The label under which `rows` may leave; pure.

    Raises:
        LabelTooHigh: the joined label's rule keeps it here.
        EgressRefused: a switch or the mode forbids it.
    """
    evidence = tuple(Evidence.of(passage) for passage in rows.passages)
    label = request_label(rows.question.own_label, evidence, rows.conversation)
    rule = policy.rules.by_label()[label]
    if cloud_allowed(policy.mode, rule, local_only=rows.question.local_only, passages=evidence):
        return label
    if rule is not Rule.CLOUD:
        raise LabelTooHigh(f"question {rows.question.id}: the rule for {label} text is {rule.value}")
    raise EgressRefused(f"question {rows.question.id}: the mode or a Local-only switch keeps it here")


def read_rows(store: GateStore, request: GateRequest) -> Rows:
    """Read what `request` names, in one snapshot.

    Raises:
        EgressRefused: an id names nothing, or a message that is not an earlier one of the same conversation.
    """
    try:
        with store.reading():
            question = store.question(request.question_id)
            return Rows(
                question,
                store.chat_label(question.chat_id),
                _read_passages(store, request.chunk_ids),
                _read_turns(store, question, request),
            )
    except NotFound as error:
        raise EgressRefused(f"question {request.question_id}: not in the store") from error


def _read_passages(store: GateStore, ids: tuple[ChunkId, ...]) -> tuple[Passage, ...]:
    if not ids:
        raise EgressRefused("a question without passages is not sent")
    chunks = store.chunks(ids)
    evidence = store.chunk_evidence(ids)
    if [chunk.id for chunk in chunks] != list(ids) or evidence.keys() != set(ids):
        missing = sorted(set(ids) - {chunk.id for chunk in chunks} | set(ids) - evidence.keys())
        raise EgressRefused(f"chunks {missing}: not in the store")
    return tuple(_passage(rank, chunk, evidence[chunk.id]) for rank, chunk in enumerate(chunks, start=1))


def _passage(rank: int, chunk: Chunk, info: ChunkInfo) -> Passage:
    return Passage(
        chunk=chunk,
        path=info.path,
        title=info.title,
        source_name=info.source_name,
        label=info.label,
        label_source=info.label_source,
        local_only=info.local_only,
        score=1.0,
        rank=rank,
    )


def _read_turns(store: GateStore, question: Question, request: GateRequest) -> tuple[Turn, ...]:
    if not request.message_ids:
        return ()
    earlier = {message.id: message for message in store.messages(question.chat_id) if message.id < question.message_id}
    foreign = [id for id in request.message_ids if id not in earlier]
    if foreign:
        raise EgressRefused(f"messages {foreign}: not earlier in the conversation of question {question.id}")
    return tuple(Turn(earlier[id].role, earlier[id].text) for id in sorted(request.message_ids))
