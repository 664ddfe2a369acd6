"""What the store hands out beside the records every room knows. Holds no logic."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rag.policy.labels import Label, LabelSource
from rag.records import ChunkId, DocumentId, SourceId


@dataclass(frozen=True, slots=True)
class ChunkInfo:
    """Where a chunk comes from, and its document's label as it is now."""

    document_id: DocumentId
    path: str
    title: str
    source_name: str
    label: Label
    label_source: LabelSource
    local_only: bool


@dataclass(frozen=True, slots=True, repr=False)
class ChunkForIndex:
    """A chunk with everything that words can be found in."""

    chunk_id: ChunkId
    document_id: DocumentId
    title: str
    path: str
    heading: tuple[str, ...]
    text: str
    label: Label

    def __repr__(self) -> str:
        return f"ChunkForIndex(chunk={self.chunk_id}, {self.label}, {len(self.text)} characters)"


@dataclass(frozen=True, slots=True)
class Changes:
    """What happened to the chunks after a generation, for a cache that stands there.

    Take `removed` out first, then put `added` in: a chunk in both has changed (its document was moved).
    `generation` is where the cache stands afterwards. `complete` False means the log no longer reaches back:
    rebuild from everything.
    """

    added: tuple[ChunkId, ...]
    removed: tuple[ChunkId, ...]
    complete: bool
    generation: int


@dataclass(frozen=True, slots=True)
class LabelChange:
    """One line of the audit of labels. `document_id` None means the source's own label; `old` None means
    none."""

    at: str
    source_id: SourceId
    document_id: DocumentId | None
    old: Label | None
    new: Label
    old_source: LabelSource | None
    new_source: LabelSource
    reason: str


@dataclass(frozen=True, slots=True)
class Counts:
    """How much a source, or the whole store, holds. `unlabelled` counts the searchable documents nobody
    labelled."""

    documents: int
    chunks: int
    failed: int
    unlabelled: int


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """Where the key of the receipts' chain lies, and the head that is noted beside it.

    `fits` False means the newest receipt was sealed with another key than the one that is there now.
    """

    key_file: Path
    head_file: Path
    key_id: str
    fits: bool


@dataclass(frozen=True, slots=True)
class CloudUse:
    """Calls of one cloud model and their tokens; `model` is empty for calls that failed and were answered here."""

    model: str
    calls: int
    tokens_in: int
    tokens_out: int
