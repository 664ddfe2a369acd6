"""What one answer's stream is made of, in the order it happens. Every face renders these; none adds its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from rag.policy.labels import Label
from rag.records import (
    Answerer,
    ChatId,
    Citation,
    MessageId,
    MessageStatus,
    Passage,
    QuestionId,
    Reason,
    Receipt,
    Route,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """The question is stored."""

    chat_id: ChatId
    question_id: QuestionId
    message_id: MessageId
    title: str


@dataclass(frozen=True, slots=True)
class Found:
    """Retrieval is done; nothing has been sent anywhere."""

    passages: tuple[Passage, ...]
    cut: tuple[Passage, ...]
    sufficient: bool
    standalone: str


@dataclass(frozen=True, slots=True)
class NamedDocument:
    """A document whose passages would be sent."""

    path: str
    title: str
    label: Label


@dataclass(frozen=True, slots=True)
class Routed:
    """The destination, before anything is sent. With `confirm` the stream ends here and waits for a choice.

    `documents` are those that would be used. Where `left_out` names some, the choice is between the cloud without
    them and this computer with everything; `left_out_passages` of their passages keep the question here.
    """

    route: Route
    provider: str
    model: str
    chat_label: Label
    confirm: bool = False
    documents: tuple[NamedDocument, ...] = ()
    left_out: tuple[NamedDocument, ...] = ()
    left_out_passages: int = 0


@dataclass(frozen=True, slots=True)
class Progressed:
    """Something worth showing while no text comes; the code is one of `rag.wording`."""

    code: str


@dataclass(frozen=True, slots=True, repr=False)
class Token:
    """A piece of the answer."""

    text: str

    def __repr__(self) -> str:
        return f"Token({len(self.text)} characters)"


@dataclass(frozen=True, slots=True)
class Cited:
    """A passage is cited for the first time."""

    citation: Citation


class Action(StrEnum):
    """What a person can do about a mark."""

    LABEL_FOLDER = "label_folder"
    CONNECT_OLLAMA = "connect_ollama"
    ADD_FOLDER = "add_folder"
    RETRY_LOCAL = "retry_local"


ACTIONS: Mapping[str, tuple[Action, ...]] = {
    "unlabelled_local": (Action.LABEL_FOLDER, Action.CONNECT_OLLAMA),
    "unlabelled_local_model": (Action.LABEL_FOLDER,),
    "nothing_indexed": (Action.ADD_FOLDER,),
    "gate_refused": (Action.RETRY_LOCAL,),
}


@dataclass(frozen=True, slots=True)
class Marked:
    """Something a person should know about this answer."""

    reason: Reason

    @property
    def actions(self) -> tuple[Action, ...]:
        """What can be done about it."""
        return ACTIONS.get(self.reason.code, ())


_MARKING = frozenset(
    {
        "left_out",
        "question_repeats",
        "question_identifiers",
        "fallback",
        "gate_refused",
        "not_provably_local",
        "no_answer",
        "nothing_indexed",
    }
)


def marks_of(receipt: Receipt) -> tuple[Marked, ...]:
    """The marks of a stored answer, as they were shown when it was written."""
    marks = [Marked(reason) for reason in receipt.reasons if reason.code in _MARKING]
    if any(reason.code == "unlabelled" for reason in receipt.reasons):
        quoted = receipt.answerer is Answerer.QUOTES
        marks.append(Marked(Reason("unlabelled_local" if quoted else "unlabelled_local_model")))
    if receipt.status is MessageStatus.INCOMPLETE:
        marks.append(Marked(Reason("incomplete")))
    return tuple(marks)


@dataclass(frozen=True, slots=True, repr=False)
class Done:
    """The answer and its receipt are stored. `text` is the whole answer; `route` what really happened."""

    message_id: MessageId
    receipt: Receipt
    text: str
    citations: tuple[Citation, ...] = field(default=())

    def __repr__(self) -> str:
        return f"Done(message={self.message_id}, receipt={self.receipt.id}, {len(self.text)} characters)"


Event = Asked | Found | Routed | Progressed | Token | Cited | Marked | Done
