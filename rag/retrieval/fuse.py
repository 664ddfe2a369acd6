"""Joins what words and vectors found into one list, and cuts what is too weak to be used; pure, no I/O, no labels.

Every constant was chosen by measurement: docs/decisions/0003-fusion-and-cut.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.records import ChunkId

DENSE_WEIGHT = 0.8
"""What the vectors count against the words' 1.0, where the embedding model knows every token of the question."""

NEAR = 0.95
"""The share of the best chunk's nearness from which vectors alone keep a chunk."""

VOUCHING_WORDS = 0.5
"""The share of the best chunk's BM25 score from which words keep a chunk."""

TRUSTED_WEIGHT = 0.4
"""The dense weight below which the model reads too little of the question for its nearness to keep a chunk."""

ENOUGH_WORDS = 0.12
ENOUGH_NEARNESS = 0.53
"""What a passage must show before the documents count as speaking of the question at all; see `vouches`."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A chunk either engine returned.

    `score` is the fused score in 0..1. `words` and `nearness` are its shares of the best chunk's BM25 score and of the
    best chunk's cosine above the corpus's typical one; ranks count from 1, None where the engine did not return it.
    """

    id: ChunkId
    score: float
    words: float
    nearness: float
    lexical_rank: int | None
    lexical_score: float | None
    dense_rank: int | None
    dense_score: float | None


def dense_weight(unknown_share: float) -> float:
    """What the vectors count for a question of whose tokens this share is unknown to the embedding model.

    Falls with the fourth power of what is known: a vector made of half a question is much worse than half a vector.
    """
    return DENSE_WEIGHT * (1 - unknown_share) ** 4


def fuse(
    lexical: Sequence[tuple[ChunkId, float]],
    dense: Sequence[tuple[ChunkId, float]],
    cosines: Mapping[ChunkId, float],
    *,
    typical: float,
    weight: float,
) -> list[Candidate]:
    """All candidates, best first.

    A weighted sum of scores, each as a share of its engine's best; not of ranks, because ranks forget how far
    ahead the first is: equal-weight rank fusion loses what words alone find.

    Args:
        lexical: chunks with BM25 scores, best first.
        dense: chunks with cosines, best first.
        cosines: the cosine of every chunk in either list; one that is missing counts as typical.
        typical: the mean cosine of the question to all chunks. Measured from there, nearness means the same for
            models whose cosines all lie close together.
        weight: what nearness counts against words, from `dense_weight`.
    """
    best_words = lexical[0][1] if lexical else 0.0
    spread = dense[0][1] - typical if dense else 0.0
    lexical_places = {id_: (rank, score) for rank, (id_, score) in enumerate(lexical, 1)}
    dense_places = {id_: rank for rank, (id_, _) in enumerate(dense, 1)}
    candidates = []
    for id_ in lexical_places.keys() | dense_places.keys():
        lexical_rank, lexical_score = lexical_places.get(id_, (None, None))
        words = (lexical_score or 0.0) / best_words if best_words > 0 else 0.0
        nearness = min(max(cosines.get(id_, typical) - typical, 0.0) / spread, 1.0) if spread > 0 else 0.0
        candidates.append(
            Candidate(
                id=id_,
                score=(words + weight * nearness) / (1 + weight),
                words=words,
                nearness=nearness,
                lexical_rank=lexical_rank,
                lexical_score=lexical_score,
                dense_rank=dense_places.get(id_),
                dense_score=cosines.get(id_),
            )
        )
    return sorted(candidates, key=lambda candidate: (-candidate.score, candidate.id))


def is_strong(candidate: Candidate, best: Candidate, *, ratio: float, weight: float) -> bool:
    """Whether a candidate is strong enough beside the best one to be used.

    It needs `ratio` of the best fused score, and one engine that vouches for it: half the best words, or nearly the
    best nearness from a model that can read the question. Middling scores from both are how an unrelated chunk comes
    along, and its label with it.
    """
    if candidate.id == best.id:
        return True
    vouched = candidate.words >= VOUCHING_WORDS or (candidate.nearness >= NEAR and weight >= TRUSTED_WEIGHT)
    return vouched and candidate.score >= ratio * best.score


def vouches(coverage: float, cosine: float, *, typical: float, weight: float) -> bool:
    """Whether one passage is about what was asked, rather than merely the least unlike it.

    Args:
        coverage: the share of the question's telling terms that the passage holds, rare ones counting for more.
        cosine: the passage's cosine to the question. What counts is the share of the way from the typical cosine to 1.
        typical: the mean cosine of the question to all chunks.
        weight: from `dense_weight`. Where the model reads little of the question, words alone must do, and Chinese
            pairs that cross words keep coverage low, so less of it is asked for.
    """
    reads = weight / DENSE_WEIGHT
    nearness = max(cosine - typical, 0.0) / (1 - typical) if typical < 1 else 0.0
    return coverage + reads * nearness >= ENOUGH_WORDS + reads * ENOUGH_NEARNESS
