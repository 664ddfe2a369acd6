"""The laws of the label lattice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.policy.labels import UNLABELLED, Label, join, parse_label

labels = st.sampled_from(list(Label))
sets = st.lists(labels, max_size=6)


@given(labels, labels, labels)
def test_join_is_associative_commutative_and_idempotent(a: Label, b: Label, c: Label) -> None:
    assert join((join((a, b)), c)) is join((a, join((b, c))))
    assert join((a, b)) is join((b, a))
    assert join((a, a)) is a


@given(sets)
def test_public_is_the_identity_and_restricted_absorbs(some: list[Label]) -> None:
    assert join([*some, Label.PUBLIC]) is join(some)
    assert join([*some, Label.RESTRICTED]) is Label.RESTRICTED


@given(sets, labels)
def test_adding_a_label_never_lowers_the_join(some: list[Label], more: Label) -> None:
    assert join([*some, more]) >= join(some)


def test_nothing_joined_is_public_and_unlabelled_is_confidential() -> None:
    assert join(()) is Label.PUBLIC
    assert UNLABELLED is Label.CONFIDENTIAL


@given(labels)
def test_every_label_is_read_back_from_its_word_in_any_case(label: Label) -> None:
    assert parse_label(label.word) is label
    assert parse_label(f" {label.word.upper()} ") is label
    assert str(label) == label.word


@pytest.mark.parametrize("word", ["", "secret", "publi", "0", "機密"])
def test_an_unknown_word_is_refused_with_the_four_allowed_ones(word: str) -> None:
    with pytest.raises(ValueError, match="public, internal, confidential, restricted"):
        parse_label(word)
