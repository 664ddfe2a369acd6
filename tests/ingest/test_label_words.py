"""What people write for sensitivity, in both languages, and that unknown words protect."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.label_words import label_of_front_matter, label_of_word
from rag.policy.labels import Label


@pytest.mark.parametrize(
    ("word", "label"),
    [
        ("public", Label.PUBLIC),
        ("公開", Label.PUBLIC),
        ("对外公开", Label.PUBLIC),
        ("Internal Use Only", Label.INTERNAL),
        ("internal_only", Label.INTERNAL),
        ("內部", Label.INTERNAL),
        ("普通", Label.INTERNAL),
        ("CONFIDENTIAL", Label.CONFIDENTIAL),
        ("機密", Label.CONFIDENTIAL),
        ("密", Label.CONFIDENTIAL),
        ("【機密】", Label.CONFIDENTIAL),
        ("restricted", Label.RESTRICTED),
        ("Top Secret", Label.RESTRICTED),
        ("極機密", Label.RESTRICTED),
        ("絕對機密", Label.RESTRICTED),
        ("ｓｅｃｒｅｔ", Label.RESTRICTED),
    ],
)
def test_a_word_means_its_label(word: str, label: Label) -> None:
    assert label_of_word(word) is label


@pytest.mark.parametrize("word", ["", "not public", "publicity", "3", "待定"])
def test_a_word_that_is_not_known_means_nothing(word: str) -> None:
    assert label_of_word(word) is None


@pytest.mark.parametrize(
    "key", ["sensitivity", "Label", "classification", "機密等級", "密等", "security-classification"]
)
def test_each_key_is_heard(key: str) -> None:
    spoken = label_of_front_matter({key: "restricted"})
    assert spoken is not None
    assert spoken.label is Label.RESTRICTED


def test_other_keys_say_nothing() -> None:
    assert label_of_front_matter({"title": "secret", "tags": "restricted", "author": "public"}) is None


def test_an_unknown_word_counts_as_confidential_and_is_told() -> None:
    spoken = label_of_front_matter({"密等": "待定"})
    assert spoken is not None
    assert (spoken.label, spoken.unknown) == (Label.CONFIDENTIAL, "待定")


def test_the_highest_of_several_words_counts() -> None:
    spoken = label_of_front_matter({"label": "public", "sensitivity": "internal, 極機密"})
    assert spoken is not None
    assert spoken.label is Label.RESTRICTED


@given(st.text(min_size=1).filter(str.strip))
def test_whatever_is_written_never_makes_a_text_looser_than_confidential_unless_it_is_a_known_word(
    word: str,
) -> None:
    spoken = label_of_front_matter({"sensitivity": word})
    if spoken is not None and spoken.label < Label.CONFIDENTIAL:
        assert not spoken.unknown
