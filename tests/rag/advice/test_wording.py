"""Every code the advice can give has a sentence in both languages, with its figures filled in."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from rag.advice.recommend import Advice, advise
from rag.advice.wording import CRITERION_WORDS, INPUT_WORDS, OPTION_WORDS, SENTENCES, say_criterion
from rag.advice.workload import SCALABLE, Option
from tests.rag.advice.months import month, shares


def every_kind_of_advice() -> Iterator[Advice]:
    kept = shares(public=0.5, confidential=0.5)
    for changes in (
        {"nothing_may_leave": True, "offline": True},
        {"own_computer": False},
        {"shares": shares(public=0.0, confidential=1.0)},
        {"shares": kept, "cloud_wins": 0.7, "questions": 2e5, "local_seconds": 45.0},
        {"cloud_wins": 0.2, "local_seconds": 3.0},
        {"cloud_wins": 0.5},
        {"price_in": None},
        {"price_in": 0.01, "price_out": 0.01, "local_seconds": 900.0},
        {"questions": 20_000},
    ):
        yield advise(month(**changes))


def test_every_sentence_is_reached_and_filled_in() -> None:
    said = set()
    for advice in every_kind_of_advice():
        for criterion in advice.criteria:
            said.add(criterion.code)
            for text in say_criterion(criterion).values():
                assert not re.search(r"\$[a-z]", text)
    assert said == set(SENTENCES)


def test_every_name_has_words() -> None:
    assert set(OPTION_WORDS) == set(Option)
    assert set(SCALABLE) <= set(INPUT_WORDS)
    assert {one.name for advice in every_kind_of_advice() for one in advice.criteria} == set(CRITERION_WORDS)


@pytest.mark.parametrize("language", ["en", "zh-TW"])
def test_shares_are_written_as_percent_and_counts_with_separators(language: str) -> None:
    advice = advise(month(questions=20_000))
    texts = [say_criterion(one)[language] for one in advice.criteria]
    assert any("20,000" in text and "15,789" in text for text in texts)
    kept = advise(month(shares=shares(public=0.75, confidential=0.25)))
    assert any("25%" in say_criterion(one)[language] for one in kept.criteria)
