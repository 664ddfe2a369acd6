"""What is handed to the store to be kept: drafts of documents, chunks and receipts. Holds no logic."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rag.policy.labels import Label, LabelSource
from rag.records import (
    Answerer,
    ChunkId,
    DocumentStatus,
    MessageStatus,
    Reason,
    SourceId,
    Zone,
)


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class ChunkDraft:
    """A chunk to be stored. `vector` is float32 of shape (dim,), L2-normalised by the embedder."""

    text: str
    page: int | None
    heading: tuple[str, ...]
    start: int
    end: int
    vector: npt.NDArray[np.float32]

    def __repr__(self) -> str:
        return f"ChunkDraft({self.start}..{self.end}, {len(self.text)} characters)"


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class DocumentDraft:
    """A document to be stored, whole. A failed one has its reason, no text and no chunks.

    `file_label` is what the file says of itself (labels.toml or front matter) even where a stricter source
    decided; it keeps a later, looser label of the folder from going below it. It may be left out when the
    file itself decided.
    """

    source_id: SourceId
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
    pages: int | None
    text: str
    chunks: tuple[ChunkDraft, ...]
    file_label: Label | None = None
    file_label_source: LabelSource | None = None

    def __repr__(self) -> str:
        return f"DocumentDraft({self.path!r}, {self.label}, {len(self.chunks)} chunks)"


@dataclass(frozen=True, slots=True)
class ReceiptDraft:
    """A receipt before the store gives it its id, its time and its place. See `rag.records.Receipt`."""

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
    masked: dict[str, int] | None = None
