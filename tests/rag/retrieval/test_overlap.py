"""What repeats local text word for word is recognised, in any spelling; what only speaks of the same is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.config import load_settings
from rag.policy.labels import Label
from rag.retrieval.lexical import LexicalIndex
from rag.retrieval.overlap import Overlap, shingles
from rag.store import Store
from tests.fakes.retrieval import add_source, save

SECRET = "The settlement with plant K must not exceed four million two hundred thousand dollars this year."
OPENING = "The visitor centre opens at nine on every day but Monday, all year."
CHINESE = "與 K 廠的和解金額底線為新臺幣四百二十萬元整，超過須經董事會同意後方得簽署。"


@pytest.fixture
def overlap(home: Path) -> Iterator[Overlap]:
    with Store.open(home) as store:
        source = add_source(store)
        save(store, source, "secret.md", [SECRET, CHINESE], Label.CONFIDENTIAL)
        save(store, source, "restricted.md", ["Alpha beta gamma delta epsilon zeta eta theta iota."], Label.RESTRICTED)
        save(
            store,
            source,
            "public.md",
            ["The visitor centre opens at nine on every day but Monday, all year."],
            Label.PUBLIC,
        )
        for number in range(40):
            save(store, source, f"filler-{number}.md", [f"Settlement dollars year plant note {number}."], Label.PUBLIC)
        index = LexicalIndex(store, home / "indexes" / "lexical")
        yield Overlap(store, index, load_settings().rules.by_label())


@pytest.mark.parametrize(
    "question",
    [
        f"Is this right? {SECRET}",
        SECRET.upper(),
        "why must settlement with plant k must not exceed four million two hundred pounds",
        "with plant K: must not; exceed four million, two hundred thousand!",
        f"請問「{CHINESE[8:30]}」是什麼意思",
        "与 K 厂的和解金额底线为新台币四百二十万元整，超过须经董事会同意",
        "filler " * 400 + SECRET,
    ],
)
def test_what_repeats_a_confidential_text_is_confidential(overlap: Overlap, question: str) -> None:
    assert overlap.label_of(question) is Label.CONFIDENTIAL


@pytest.mark.parametrize(
    "question",
    [
        "",
        "What is the settlement with plant K?",
        "How much may we pay plant K this year at most, in dollars?",
        "和解金底線是多少？",
        OPENING,
    ],
)
def test_a_question_in_its_own_words_or_of_public_text_is_not(overlap: Overlap, question: str) -> None:
    assert overlap.label_of(question) is None


def test_the_highest_label_counts(overlap: Overlap) -> None:
    both = f"{SECRET} alpha beta gamma delta epsilon zeta eta theta"
    assert overlap.label_of(both) is Label.RESTRICTED


def test_every_sentence_of_eight_words_is_caught_wherever_it_begins() -> None:
    words = SECRET.split()
    stored = shingles(SECRET)
    for at in range(len(words) - 7):
        assert stored & shingles("so " + " ".join(words[at : at + 8]) + " then")
        assert not stored & shingles("so " + " ".join(words[at : at + 7]) + " then")
