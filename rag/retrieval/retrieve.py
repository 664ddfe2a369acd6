"""Retrieval for one question: both engines, fused, read with their labels, cut to what is strong.

Labels and clearance are read from the store at this moment; nothing is decided about them here beyond leaving
out what the person may not read. Talks to no model that answers and to no network.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from rag.config import Retrieval
from rag.policy.labels import Label
from rag.records import Chunk, ChunkId, Passage, Retrieved, Source, SourceId
from rag.retrieval.dense import DenseIndex
from rag.retrieval.embed import Embedder
from rag.retrieval.fuse import Candidate, dense_weight, fuse, is_strong, vouches
from rag.retrieval.identity import check_model
from rag.retrieval.lexical import LexicalIndex
from rag.retrieval.repeats import find_repeats
from rag.retrieval.words import weigh_terms

if TYPE_CHECKING:
    from rag.store import ChunkInfo

Ids = npt.NDArray[np.int64]

SPARE = 3
"""Candidates read for each passage wanted, so that the list still fills when repeats are left out."""


class ChunkSource(Protocol):
    """What retrieval needs of the store."""

    def meta(self, key: str) -> str | None: ...
    def sources(self) -> list[Source]: ...
    def chunks(self, ids: Sequence[ChunkId]) -> list[Chunk]: ...
    def chunk_evidence(self, ids: Sequence[ChunkId]) -> Mapping[ChunkId, ChunkInfo]: ...
    def chunk_ids(self, *, sources: frozenset[SourceId] | None = ..., clearance: Label = ...) -> Ids: ...


@dataclass(frozen=True, slots=True)
class _Found:
    """What the engines said: candidates best first, the question's dense weight and its typical cosine."""

    candidates: list[Candidate]
    weight: float
    typical: float


class Retriever:
    """Finds the passages for a question. Safe to share between threads."""

    def __init__(
        self,
        store: ChunkSource,
        embedder: Embedder,
        dense: DenseIndex,
        lexical: LexicalIndex,
        settings: Retrieval,
    ) -> None:
        self._store = store
        self._embedder = embedder
        self._dense = dense
        self._lexical = lexical
        self._settings = settings

    @property
    def lexical(self) -> LexicalIndex:
        """The word index it searches."""
        return self._lexical

    def retrieve(
        self,
        query: str,
        *,
        clearance: Label = Label.RESTRICTED,
        sources: frozenset[SourceId] | None = None,
        limit: int | None = None,
        cut: bool = True,
    ) -> Retrieved:
        """The passages for `query`, best first.

        Args:
            clearance: documents with a higher label are neither searched nor returned.
            sources: only these sources are searched; None means all.
            limit: most passages to return, weak ones included; the configured number when None.
            cut: return weak passages apart, in `Retrieved.cut`; False leaves them in the list.

        Raises:
            IndexStale: the store's vectors were made by another model; the message gives the command.
            Damaged: a found chunk's text is not what was stored; names the document.
        """
        check_model(self._store, self._embedder)
        seconds: dict[str, float] = {}
        found = self._find(query, self._allowed(clearance, sources), seconds)
        began = time.perf_counter()
        passages = self._read(found.candidates, clearance, limit or self._settings.passages)
        strong = self._strong_ids(passages, found) if cut else {passage.chunk.id for passage in passages}
        kept = tuple(passage for passage in passages if passage.chunk.id in strong)
        weak = tuple(passage for passage in passages if passage.chunk.id not in strong)
        sufficient = self._speaks_of(query, kept, found)
        seconds["read"] = time.perf_counter() - began
        return Retrieved(kept, weak, sufficient, {stage: round(value, 6) for stage, value in seconds.items()})

    def _allowed(self, clearance: Label, sources: frozenset[SourceId] | None) -> Ids | None:
        """The chunks that may be searched, None when that is all of them."""
        if sources is None and clearance is Label.RESTRICTED:
            return None
        return self._store.chunk_ids(sources=sources, clearance=clearance)

    def _find(self, query: str, allowed: Ids | None, seconds: dict[str, float]) -> _Found:
        """Ask both engines and fuse; notes the seconds of each stage in `seconds`."""
        if not weigh_terms(query):
            return _Found([], 0.0, 0.0)  # no letter and no digit: every vector would be as near as any other
        wanted = self._settings.candidates
        marks = [time.perf_counter()]
        vector = self._embedder.embed_query(query)
        weight = dense_weight(self._embedder.unknown_share([query]))
        marks.append(time.perf_counter())
        dense = self._dense.search(vector, wanted, allowed)
        marks.append(time.perf_counter())
        lexical = self._lexical.search(query, wanted, allowed)
        marks.append(time.perf_counter())
        cosines = self._dense.cosines(vector, [id_ for id_, _ in (*dense, *lexical)])
        typical = self._dense.typical(vector)
        candidates = fuse(lexical, dense, cosines, typical=typical, weight=weight)
        marks.append(time.perf_counter())
        for stage, start, end in zip(("embed", "dense", "lexical", "fuse"), marks, marks[1:], strict=False):
            seconds[stage] = end - start
        return _Found(candidates, weight, typical)

    def _read(self, candidates: Sequence[Candidate], clearance: Label, limit: int) -> list[Passage]:
        """The first `limit` passages that repeat no other, with the labels they have at this moment."""
        by_id = {candidate.id: candidate for candidate in candidates[: limit * SPARE]}
        evidence = self._store.chunk_evidence(list(by_id))
        readable = [id_ for id_ in by_id if id_ in evidence and evidence[id_].label <= clearance]
        chunks = self._store.chunks(readable)
        chunks = _without_repeats(chunks, evidence)[:limit]
        return [_passage(chunk, evidence[chunk.id], by_id[chunk.id], rank) for rank, chunk in enumerate(chunks, 1)]

    def _strong_ids(self, passages: Sequence[Passage], found: _Found) -> set[ChunkId]:
        """The passages worth using: one that would raise the label of the best passage must be nearly as good as it."""
        by_id = {candidate.id: candidate for candidate in found.candidates}
        kept: set[ChunkId] = set()
        for passage in passages:
            raises = passage.label > passages[0].label
            ratio = max(self._settings.cut_ratio, self._settings.raise_ratio if raises else 0.0)
            best = by_id[passages[0].chunk.id]
            if is_strong(by_id[passage.chunk.id], best, ratio=ratio, weight=found.weight):
                kept.add(passage.chunk.id)
        return kept

    def _speaks_of(self, query: str, passages: Sequence[Passage], found: _Found) -> bool:
        """Whether any passage is about what was asked."""
        texts = ["\n".join((passage.title, *passage.chunk.heading, passage.chunk.text)) for passage in passages]
        return any(
            vouches(covered, passage.dense_score or 0.0, typical=found.typical, weight=found.weight)
            for covered, passage in zip(self._lexical.coverage(query, texts), passages, strict=True)
        )


def _without_repeats(chunks: Sequence[Chunk], evidence: Mapping[ChunkId, ChunkInfo]) -> list[Chunk]:
    """`chunks` without those that repeat another. Of one text in several files the least sensitive file's is kept:
    what is public in one place is no secret in another."""
    kept: dict[int, Chunk] = {}
    for position, original in enumerate(find_repeats([chunk.text for chunk in chunks])):
        chunk = chunks[position]
        if original is None:
            kept[position] = chunk
        elif chunk.text == kept[original].text and evidence[chunk.id].label < evidence[kept[original].id].label:
            kept[original] = chunk
    return [kept[position] for position in sorted(kept)]


def _passage(chunk: Chunk, info: ChunkInfo, candidate: Candidate, rank: int) -> Passage:
    return Passage(
        chunk=chunk,
        path=info.path,
        title=info.title,
        source_name=info.source_name,
        label=info.label,
        label_source=info.label_source,
        local_only=info.local_only,
        score=round(candidate.score, 6),
        rank=rank,
        dense_rank=candidate.dense_rank,
        dense_score=candidate.dense_score,
        lexical_rank=candidate.lexical_rank,
        lexical_score=candidate.lexical_score,
    )
