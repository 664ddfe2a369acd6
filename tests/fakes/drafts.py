"""Drafts and passages with everything filled in, for tests that need something in a real store."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from rag.policy.labels import Label, LabelSource
from rag.records import (
    Answerer,
    ChunkId,
    DocumentId,
    DocumentStatus,
    MessageStatus,
    Passage,
    Reason,
    SourceId,
    Zone,
)
from rag.store import ChunkDraft, DocumentDraft, ReceiptDraft, Store

DIM = 8


def make_vector(seed: int, dim: int = DIM) -> np.ndarray:
    """A reproducible unit vector of shape (dim,)."""
    vector = np.random.default_rng(seed).normal(size=dim).astype(np.float32)
    return vector / np.linalg.norm(vector)


def make_chunk(text: str, start: int = 0, *, dim: int = DIM) -> ChunkDraft:
    """A chunk whose vector follows from its text."""
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
    return ChunkDraft(text, 1, ("Guide", "Part"), start, start + len(text), make_vector(seed, dim))


def make_document(
    source_id: SourceId,
    path: str = "guide.md",
    texts: Sequence[str] = ("first passage", "second passage"),
    *,
    label: Label = Label.PUBLIC,
    label_source: LabelSource = LabelSource.COMMAND_LINE,
    file_label: Label | None = None,
    content: str | None = None,
    dim: int = DIM,
) -> DocumentDraft:
    """A searchable document with one chunk for each text."""
    whole = "\n\n".join(texts)
    return DocumentDraft(
        source_id=source_id,
        path=path,
        title=path.rsplit("/", 1)[-1],
        format="markdown",
        content_hash=hashlib.sha256((content or whole).encode()).hexdigest(),
        size=len(whole),
        mtime_ns=1,
        status=DocumentStatus.READY,
        reason="",
        label=label,
        label_source=label_source,
        pages=None,
        text=whole,
        chunks=tuple(make_chunk(text, dim=dim) for text in texts),
        file_label=file_label,
        file_label_source=None if file_label is None else LabelSource.FRONT_MATTER,
    )


def make_failed(source_id: SourceId, path: str = "broken.pdf", reason: str = "encrypted") -> DocumentDraft:
    """A document that could not be read."""
    return DocumentDraft(
        source_id=source_id,
        path=path,
        title=path,
        format="pdf",
        content_hash=hashlib.sha256(path.encode()).hexdigest(),
        size=3,
        mtime_ns=1,
        status=DocumentStatus.FAILED,
        reason=reason,
        label=Label.CONFIDENTIAL,
        label_source=LabelSource.DEFAULT,
        pages=None,
        text="",
        chunks=(),
    )


def chunk_ids_of(store: Store, document_id: DocumentId) -> list[ChunkId]:
    """A document's chunks in their order."""
    return [chunk.chunk_id for chunk in store.chunk_texts(0, 100_000) if chunk.document_id == document_id]


def find_passage(store: Store, chunk_id: ChunkId, rank: int = 1) -> Passage:
    """A chunk as retrieval would hand it over at this moment."""
    (chunk,) = store.chunks([chunk_id])
    info = store.chunk_evidence([chunk_id])[chunk_id]
    return Passage(
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


def make_receipt(passages: Sequence[Passage] = (), label: Label = Label.PUBLIC) -> ReceiptDraft:
    """A receipt of an answer that a cloud model wrote."""
    return ReceiptDraft(
        zone=Zone.CLOUD,
        answerer=Answerer.CLOUD_MODEL,
        provider="openai",
        model="some-model",
        label=label,
        reasons=(Reason("rule", {"label": label.word}),),
        chunk_ids=tuple(passage.chunk.id for passage in passages),
        chunk_labels=tuple(passage.label for passage in passages),
        status=MessageStatus.COMPLETE,
        steps=("cloud: complete",),
        tokens_in=120,
        tokens_out=30,
        bytes_out=2048,
        request_digest="ab" * 32,
        seconds={"total": 1.25},
    )
