"""Fusion and the cut, with scores written out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.records import ChunkId
from rag.retrieval.fuse import DENSE_WEIGHT, Candidate, dense_weight, fuse, is_strong, vouches

A, B, C = ChunkId(1), ChunkId(2), ChunkId(3)


def test_a_fused_score_is_the_weighted_mean_of_shares_of_the_best() -> None:
    lexical, dense = [(A, 20.0), (B, 5.0)], [(B, 0.8), (A, 0.5)]
    first, second = fuse(lexical, dense, dict(dense), typical=0.2, weight=0.5)
    assert (first.id, second.id) == (A, B)
    assert (first.words, first.nearness) == (1.0, pytest.approx(0.5))
    assert first.score == pytest.approx((1.0 + 0.5 * 0.5) / 1.5)
    assert second.score == pytest.approx((0.25 + 0.5 * 1.0) / 1.5)


def test_ranks_and_scores_of_each_engine_are_kept() -> None:
    found = {one.id: one for one in fuse([(A, 3.0)], [(B, 0.9)], {A: 0.1, B: 0.9}, typical=0.0, weight=0.8)}
    assert (found[A].lexical_rank, found[A].lexical_score, found[A].dense_rank) == (1, 3.0, None)
    assert (found[B].lexical_rank, found[B].dense_rank, found[B].dense_score) == (None, 1, 0.9)


def test_words_alone_decide_when_the_model_knows_nothing_of_the_question() -> None:
    order = fuse([(A, 9.0), (B, 8.0)], [(C, 0.9), (B, 0.8)], {A: 0.0, B: 0.8, C: 0.9}, typical=0.1, weight=0.0)
    assert [one.id for one in order] == [A, B, C]
    assert order[2].score == 0.0


def test_what_words_put_far_ahead_is_not_overtaken_by_a_nearer_chunk() -> None:
    order = fuse([(A, 40.0), (B, 8.0)], [(B, 0.6), (C, 0.5)], {A: 0.4, B: 0.6, C: 0.5}, typical=0.2, weight=0.8)
    assert order[0].id == A


def test_nearness_is_measured_from_the_typical_cosine() -> None:
    crowded = fuse([], [(A, 0.9), (B, 0.85)], {A: 0.9, B: 0.85}, typical=0.8, weight=0.8)
    assert [one.nearness for one in crowded] == [pytest.approx(1.0), pytest.approx(0.5)]


def test_nothing_found_gives_nothing() -> None:
    assert fuse([], [], {}, typical=0.0, weight=0.8) == []


@pytest.mark.parametrize(("unknown", "weight"), [(0.0, DENSE_WEIGHT), (0.5, DENSE_WEIGHT / 16), (1.0, 0.0)])
def test_the_dense_weight_falls_steeply_with_what_is_unknown(unknown: float, weight: float) -> None:
    assert dense_weight(unknown) == pytest.approx(weight)


def make(id_: int, score: float, words: float, nearness: float) -> Candidate:
    return Candidate(ChunkId(id_), score, words, nearness, 1, 1.0, 1, 0.5)


BEST = make(1, 0.9, 1.0, 0.8)


def test_the_best_is_strong_whatever_it_is() -> None:
    assert is_strong(make(1, 0.1, 0.0, 0.1), make(1, 0.1, 0.0, 0.1), ratio=0.65, weight=0.0)


@pytest.mark.parametrize(
    ("candidate", "strong"),
    [
        (make(2, 0.7, 0.6, 0.2), True),  # words vouch
        (make(2, 0.7, 0.3, 0.97), True),  # nearness vouches
        (make(2, 0.7, 0.4, 0.9), False),  # middling in both: nobody vouches
        (make(2, 0.5, 0.6, 0.97), False),  # too far below the best
    ],
)
def test_a_strong_candidate_needs_score_and_one_engine_that_vouches(candidate: Candidate, strong: bool) -> None:
    assert is_strong(candidate, BEST, ratio=0.65, weight=0.8) is strong


def test_nearness_vouches_only_where_the_model_reads_the_question() -> None:
    assert not is_strong(make(2, 0.8, 0.3, 1.0), BEST, ratio=0.65, weight=0.1)


@given(st.floats(0, 1), st.floats(-1, 1), st.floats(-0.2, 0.9), st.floats(0, DENSE_WEIGHT))
def test_more_words_never_make_a_passage_vouch_less(
    coverage: float, cosine: float, typical: float, weight: float
) -> None:
    if vouches(coverage / 2, cosine, typical=typical, weight=weight):
        assert vouches(coverage, cosine, typical=typical, weight=weight)


def test_an_unrelated_passage_does_not_vouch() -> None:
    assert not vouches(0.2, 0.25, typical=0.05, weight=0.8)
    assert not vouches(0.05, 0.7, typical=0.6, weight=dense_weight(0.7))


def test_a_passage_that_holds_most_of_the_question_vouches() -> None:
    assert vouches(0.6, 0.5, typical=0.05, weight=0.8)
    assert vouches(0.3, 0.6, typical=0.5, weight=dense_weight(0.7))


@given(
    st.dictionaries(st.integers(1, 9), st.floats(0.01, 50), max_size=6),
    st.dictionaries(st.integers(1, 9), st.floats(-1, 1), max_size=6),
    st.floats(-0.5, 0.9),
    st.floats(0, 1),
)
def test_fused_scores_lie_in_0_to_1_and_fall(
    words: dict[int, float], cosines: dict[int, float], typical: float, weight: float
) -> None:
    lexical = sorted(((ChunkId(id_), score) for id_, score in words.items()), key=lambda one: -one[1])
    dense = sorted(((ChunkId(id_), score) for id_, score in cosines.items()), key=lambda one: -one[1])
    scores = [one.score for one in fuse(lexical, dense, dict(dense), typical=typical, weight=weight)]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 + 1e-9 for score in scores)
    assert len(scores) == len(words.keys() | cosines.keys())
