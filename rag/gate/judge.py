"""The second decision, at the door: from the labels in the store at this moment. Believes nothing but ids.

Reads question, chunks, labels and conversation in one read transaction: what was judged is what is sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Protocol

from rag.detect.identity import detector_identity, knows_names
from rag.errors import EgressRefused, LabelTooHigh, NotFound
from rag.gate.wire import GateRequest
from rag.policy.hide import hide_identifiers, parts_of
from rag.policy.labels import Label, LabelSource, Rule
from rag.policy.mask import Vault
from rag.policy.route import Evidence, Mode, cloud_allowed, request_label
from rag.policy.spans import Span
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

    def spans(self, texts: Sequence[str], detector: str) -> Mapping[str, tuple[Span, ...]]:
        """The identifiers in each text that this detector has looked at."""
        ...

    def vault(self, chat_id: ChatId) -> Vault | None:
        """What the conversation has hidden."""
        ...


@dataclass(frozen=True, slots=True)
class Rows:
    """Everything one decision and its prompt are made of, read at one moment."""

    question: Question
    conversation: Label
    passages: tuple[Passage, ...]
    turns: tuple[Turn, ...]
    spans: Mapping[str, tuple[Span, ...]] = field(default_factory=dict)
    vault: Vault | None = None

    @property
    def prompt(self) -> Prompt:
        """What they make, nothing hidden."""
        return build_prompt(self.question.text, self.passages, self.turns)

    @property
    def looked_at(self) -> bool:
        """Whether every text that would be sent was searched for identifiers."""
        return all(text in self.spans for text in parts_of(self.prompt) if text)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Permission to send exactly this prompt, and the label that allowed it.

    `vault` puts back what the prompt hides, and `masked` counts it; None when nothing had to be hidden.
    """

    label: Label
    prompt: Prompt
    vault: Vault | None = None
    masked: dict[str, int] | None = None


class Policy(Protocol):
    """The settings the judge obeys."""

    @property
    def mode(self) -> Mode: ...
    @property
    def rules(self) -> Rules: ...
    @property
    def detect(self) -> DetectPolicy: ...
    @property
    def cloud(self) -> CloudPolicy: ...


class CloudPolicy(Protocol):
    """What may be sent to this provider at all."""

    @property
    def max_label(self) -> Label: ...


class DetectPolicy(Protocol):
    """What masking asks for."""

    @property
    def without_names(self) -> bool: ...


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
    rows = read_rows(store, request, detector_identity())
    label = judge_rows(rows, policy)
    if policy.rules.by_label()[label] is not Rule.MASKED:
        return Verdict(label, rows.prompt)
    return _hide(rows, label)


def _hide(rows: Rows, label: Label) -> Verdict:
    """The prompt with everything hidden that the conversation's vault was prepared for.

    Raises:
        EgressRefused: the vault was not prepared for this prompt.
    """
    if rows.vault is None:
        raise EgressRefused(f"question {rows.question.id}: its conversation has no vault to hide identifiers in")
    held = len(rows.vault.entries)
    prompt, counts = hide_identifiers(rows.prompt, rows.spans, rows.vault)
    if len(rows.vault.entries) != held:
        raise EgressRefused(f"question {rows.question.id}: its vault was not prepared for what would be sent")
    return Verdict(label, prompt, rows.vault, counts)


def judge_rows(rows: Rows, policy: Policy) -> Label:
    """The label under which `rows` may leave.

    Raises:
        LabelTooHigh: the joined label's rule keeps it here.
        EgressRefused: a switch or the mode forbids it.
    """
    evidence = tuple(Evidence.of(passage) for passage in rows.passages)
    label = request_label(rows.question.own_label, evidence, rows.conversation)
    rule = policy.rules.by_label()[label]
    maskable = rule is Rule.MASKED and rows.looked_at and (policy.detect.without_names or knows_names())
    switch = rows.question.local_only
    within = label <= policy.cloud.max_label
    if cloud_allowed(policy.mode, rule, local_only=switch, passages=evidence, maskable=maskable, within=within):
        return label
    if not within:
        raise LabelTooHigh(f"question {rows.question.id}: this provider may not be sent {label} text")
    if rule is Rule.LOCAL or (rule is Rule.MASKED and not maskable):
        raise LabelTooHigh(f"question {rows.question.id}: the rule for {label} text is {rule.value}")
    raise EgressRefused(f"question {rows.question.id}: the mode or a Local-only switch keeps it here")


def read_rows(store: GateStore, request: GateRequest, detector: str = "") -> Rows:
    """Read what `request` names, in one snapshot; with what `detector` found in it, unless that is empty.

    Raises:
        EgressRefused: an id names nothing, or a message that is not an earlier one of the same conversation.
    """
    try:
        with store.reading():
            question = store.question(request.question_id)
            rows = Rows(
                question,
                store.chat_label(question.chat_id),
                _read_passages(store, request.chunk_ids),
                _read_turns(store, question, request),
            )
            if not detector:
                return rows
            spans = store.spans(list(parts_of(rows.prompt)), detector)
            return replace(rows, spans=spans, vault=store.vault(question.chat_id))
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
