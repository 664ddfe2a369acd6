"""A question's own label: what raises it, and what does not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.config import Detect
from rag.detect.looking import Looking
from rag.own_label import QuestionReader
from rag.policy.labels import Label
from rag.store import Store


class Repeating:
    def __init__(self, label: Label | None = None) -> None:
        self.label = label

    def label_of(self, text: str) -> Label | None:
        return self.label


@pytest.fixture
def looking(home: Path) -> Iterator[Looking]:
    with Store.open(home) as store:
        yield Looking(store)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("A123456789 的請假紀錄？", "TW_ID"),
        ("Was 4539 5787 6362 1486 charged twice?", "CARD"),
        ("Why does password = Passw0rd!YgLJHD fail?", "SECRET"),
    ],
)
def test_identity_numbers_cards_and_keys_make_a_question_confidential(looking: Looking, text: str, kinds: str) -> None:
    own = QuestionReader(Repeating(), looking, Detect()).read(text, [], local_only=False)
    assert own.label is Label.CONFIDENTIAL
    (reason,) = own.reasons
    assert (reason.code, reason.params["kinds"]) == ("question_identifiers", kinds)


@pytest.mark.parametrize("text", ["When does mei.lin@example.com answer?", "誰接 0912-345-678？", "Who is on duty?"])
def test_addresses_and_telephone_numbers_alone_raise_nothing(looking: Looking, text: str) -> None:
    own = QuestionReader(Repeating(), looking, Detect()).read(text, [], local_only=False)
    assert (own.label, own.reasons) == (Label.PUBLIC, ())


def test_repeated_text_gives_its_label_and_says_so(looking: Looking) -> None:
    own = QuestionReader(Repeating(Label.RESTRICTED), looking, Detect()).read("x", [], local_only=False)
    assert own.label is Label.RESTRICTED
    assert [reason.code for reason in own.reasons] == ["question_repeats"]


def test_an_identifier_in_an_earlier_question_counts_for_this_one(looking: Looking) -> None:
    own = QuestionReader(Repeating(), looking, Detect()).read("And now?", ["Who is A123456789?"], local_only=False)
    assert own.label is Label.CONFIDENTIAL


def test_the_switch_needs_no_reading_and_without_recognisers_only_text_is_compared() -> None:
    reader = QuestionReader(Repeating(), None, Detect())
    assert reader.read("A123456789", [], local_only=True).label is Label.RESTRICTED
    assert reader.read("A123456789", [], local_only=False).label is Label.PUBLIC


def test_the_label_of_such_questions_can_be_configured(looking: Looking) -> None:
    reader = QuestionReader(Repeating(), looking, Detect(question_label="restricted"))
    assert reader.read("A123456789", [], local_only=False).label is Label.RESTRICTED
