"""What moves between rooms: documents, chunks, passages, questions, routes, prompts and receipts.

All are frozen. A labelled text shows its id, label and length in `repr`, never itself, so that no log line
or traceback can carry it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

from rag.policy.labels import Label, LabelSource

SourceId = NewType("SourceId", int)
DocumentId = NewType("DocumentId", int)
ChunkId = NewType("ChunkId", int)
QuestionId = NewType("QuestionId", int)
MessageId = NewType("MessageId", int)
ReceiptId = NewType("ReceiptId", int)
ChatId = NewType("ChatId", str)


@dataclass(frozen=True, slots=True)
class Source:
    """A folder or upload set. `default_label` None means nobody has said how sensitive it is."""

    id: SourceId
    name: str
    root: str
    default_label: Label | None
    default_label_source: LabelSource | None
    local_only: bool
    sample: bool


class DocumentStatus(StrEnum):
    """Where a document stands: searchable, or waiting with a reason."""

    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Document:
    """A document as the store knows it. `path` is relative to its source's root, with `/`."""

    id: DocumentId
    source_id: SourceId
    source_name: str
    path: str
    title: str
    format: str
    content_hash: str
    size: int
    mtime_ns: int
    status: DocumentStatus
    reason: str
    label: Label
    label_source: LabelSource
    local_only: bool
    pages: int | None
    chunks: int
    updated_at: str


@dataclass(frozen=True, slots=True, repr=False)
class Chunk:
    """A stored piece of a document.

    `start` and `end` are character offsets into the parsed document's text; `heading` is the path of
    headings above it, outermost first; `page` counts from 1, None where the format has no pages.
    """

    id: ChunkId
    document_id: DocumentId
    ordinal: int
    text: str
    page: int | None
    heading: tuple[str, ...]
    start: int
    end: int

    def __repr__(self) -> str:
        return f"Chunk(id={self.id}, document_id={self.document_id}, {len(self.text)} characters)"


@dataclass(frozen=True, slots=True, repr=False)
class Passage:
    """A chunk retrieved for a question, with its document's label at that moment and its scores.

    `score` is the fused score in 0..1, comparable within one retrieval only. Ranks count from 1; None means
    that engine did not return the chunk.
    """

    chunk: Chunk
    path: str
    title: str
    source_name: str
    label: Label
    label_source: LabelSource
    local_only: bool
    score: float
    rank: int
    dense_rank: int | None = None
    dense_score: float | None = None
    lexical_rank: int | None = None
    lexical_score: float | None = None

    @property
    def defaulted(self) -> bool:
        """True when nobody labelled the document, so the label is only the cautious default."""
        return self.label_source is LabelSource.DEFAULT

    def __repr__(self) -> str:
        return (
            f"Passage(chunk={self.chunk.id}, {self.label}, score={self.score:.3f}, {len(self.chunk.text)} characters)"
        )


@dataclass(frozen=True, slots=True)
class Retrieved:
    """What retrieval found for one question.

    `passages` go into the prompt, best first; `cut` were found but are too weak to be used and raise nothing.
    `sufficient` False means the passages do not answer the question: say so instead of asking a model.
    """

    passages: tuple[Passage, ...]
    cut: tuple[Passage, ...]
    sufficient: bool
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, repr=False)
class Question:
    """A stored question. `own_label` is the question's own label, RESTRICTED under the Local-only switch.

    `standalone` is the text that was searched for: the question itself, or what plain code made of a follow-up.
    """

    id: QuestionId
    chat_id: ChatId
    message_id: MessageId
    text: str
    standalone: str
    own_label: Label
    local_only: bool

    def __repr__(self) -> str:
        return f"Question(id={self.id}, {self.own_label}, {len(self.text)} characters)"


class Role(StrEnum):
    """Who wrote a message."""

    USER = "user"
    ASSISTANT = "assistant"


class MessageStatus(StrEnum):
    """How an answer ended."""

    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    STOPPED = "stopped"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, repr=False)
class Message:
    """One question or answer of a conversation. `receipt_id` is set on answers."""

    id: MessageId
    chat_id: ChatId
    role: Role
    text: str
    status: MessageStatus
    created_at: str
    question_id: QuestionId | None = None
    receipt_id: ReceiptId | None = None
    citations: tuple[Citation, ...] = ()

    def __repr__(self) -> str:
        return f"Message(id={self.id}, {self.role.value}, {len(self.text)} characters)"


@dataclass(frozen=True, slots=True, repr=False)
class Citation:
    """A numbered reference from an answer to a passage, kept so that old answers still open their passages."""

    number: int
    chunk_id: ChunkId
    document_id: DocumentId
    path: str
    title: str
    page: int | None
    heading: tuple[str, ...]
    label: Label

    def __repr__(self) -> str:
        return f"Citation({self.number}, chunk={self.chunk_id}, {self.label})"


@dataclass(frozen=True, slots=True)
class Chat:
    """A conversation. `label` is its high-water mark; `num_ctx` the context size its local model was loaded with."""

    id: ChatId
    title: str
    label: Label
    cloud_confirmed: bool
    num_ctx: int | None
    created_at: str
    updated_at: str


class Zone(StrEnum):
    """Where an answer is written."""

    LOCAL = "local"
    CLOUD = "cloud"


class Answerer(StrEnum):
    """What writes the answer."""

    CLOUD_MODEL = "cloud"
    LOCAL_MODEL = "local"
    QUOTES = "quotes"


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason of a route, as data: a code from `rag.wording` and its parameters (ids, counts, names of labels)."""

    code: str
    params: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Route:
    """Where a question goes and why. `chain` lists what is tried, first to last; it never widens the zone."""

    zone: Zone
    chain: tuple[Answerer, ...]
    label: Label
    reasons: tuple[Reason, ...]

    @property
    def answerer(self) -> Answerer:
        """What is tried first."""
        return self.chain[0]


@dataclass(frozen=True, slots=True, repr=False)
class Turn:
    """An earlier message as it goes into a prompt."""

    role: Role
    text: str

    def __repr__(self) -> str:
        return f"Turn({self.role.value}, {len(self.text)} characters)"


@dataclass(frozen=True, slots=True, repr=False)
class Excerpt:
    """A passage as it goes into a prompt, with the number it is cited by."""

    number: int
    title: str
    place: str
    text: str

    def __repr__(self) -> str:
        return f"Excerpt({self.number}, {len(self.text)} characters)"


@dataclass(frozen=True, slots=True, repr=False)
class Prompt:
    """The typed parts of a request. Texts are data: no part is ever used as a template.

    `masked` True: identifiers in every part are hidden behind placeholders.
    """

    question: str
    excerpts: tuple[Excerpt, ...]
    history: tuple[Turn, ...] = ()
    masked: bool = False

    def __repr__(self) -> str:
        parts = f"{len(self.excerpts)} excerpts, {len(self.history)} turns"
        return f"Prompt({parts}, question of {len(self.question)} characters)"


@dataclass(frozen=True, slots=True, repr=False)
class TextPiece:
    """A piece of the answer as it streams."""

    text: str

    def __repr__(self) -> str:
        return f"TextPiece({len(self.text)} characters)"


@dataclass(frozen=True, slots=True)
class ProgressPiece:
    """Something worth showing before text comes: `loading_model`, `thinking`, `sent` (bytes are on their way)."""

    code: str


@dataclass(frozen=True, slots=True)
class UsagePiece:
    """Figures of one model call. `request_digest` is the SHA-256 of the request body, `bytes_out` its length.

    `masked` says how many identifiers of each kind were hidden; None when the request was not masked.
    """

    tokens_in: int | None = None
    tokens_out: int | None = None
    bytes_out: int | None = None
    request_digest: str | None = None
    num_ctx: int | None = None
    masked: dict[str, int] | None = None


Piece = TextPiece | ProgressPiece | UsagePiece


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was sent where for one answer: ids and figures, never text. Append-only.

    `mac` is its seal in the chain of receipts, in hexadecimal. `masked` counts the identifiers that were hidden,
    by kind; None when nothing was masked.
    """

    id: ReceiptId
    chat_id: ChatId
    question_id: QuestionId
    message_id: MessageId
    created_at: str
    zone: Zone
    answerer: Answerer
    provider: str
    model: str
    label: Label
    reasons: tuple[Reason, ...]
    chunk_ids: tuple[ChunkId, ...]
    chunk_labels: tuple[Label, ...]
    status: MessageStatus
    steps: tuple[str, ...]
    tokens_in: int | None
    tokens_out: int | None
    bytes_out: int | None
    request_digest: str | None
    seconds: dict[str, float]
    mac: str
    masked: dict[str, int] | None = None
