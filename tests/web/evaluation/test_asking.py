"""A question is asked as a person asks it, and once more for the whole ranking."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.config import Settings, load_settings
from rag.policy.labels import Label, Rule
from tests.web.evaluation.conftest import Scripted, passage
from web.evaluation.asking import ask_all, ask_one, cover, rank_documents
from web.evaluation.sets import SetQuestion, Span


@pytest.fixture
def settings(home: Path) -> Settings:
    return load_settings()


def test_documents_stand_where_their_best_passage_stands() -> None:
    ranking = rank_documents([passage("b", score=0.9), passage("a", score=0.8), passage("b", score=0.7), passage("c")])
    assert [(one.document, one.score) for one in ranking] == [("b", 0.9), ("a", 0.8), ("c", 0.5)]


def test_the_ranking_holds_weak_passages_and_the_rule_only_what_would_be_sent(settings: Settings) -> None:
    strong, weak = passage("a"), passage("z", label=Label.RESTRICTED)
    finds = Scripted([strong], [strong, weak])
    one = ask_one(SetQuestion("1", "Heron?"), finds, settings)
    assert [found.document for found in one.ranking] == ["a", "z"]
    assert (one.label, one.rule, one.refused) == (Label.PUBLIC, Rule.CLOUD, False)
    assert finds.asked == [("Heron?", None, True), ("Heron?", 2 * settings.retrieval.candidates, False)]


def test_one_confidential_passage_in_the_prompt_keeps_it_local(settings: Settings) -> None:
    kept = [passage("a"), passage("b", label=Label.CONFIDENTIAL)]
    one = ask_one(SetQuestion("1", "Heron?"), Scripted(kept, kept), settings)
    assert (one.label, one.rule) == (Label.CONFIDENTIAL, Rule.LOCAL)


def test_a_refused_question_sends_nothing_and_has_no_rule(settings: Settings) -> None:
    one = ask_one(SetQuestion("1", "Heron?"), Scripted([passage("a")], [], sufficient=False), settings)
    assert (one.refused, one.label, one.rule) == (True, None, None)


def test_opening_the_indexes_is_no_part_of_a_questions_time(settings: Settings) -> None:
    finds = Scripted([], [])
    told: list[int] = []
    questions = [SetQuestion("1", "a"), SetQuestion("2", "b")]
    assert [one.question.id for one in ask_all(questions, finds, settings, told.append)] == ["1", "2"]
    assert [text for text, _, cut in finds.asked if cut] == ["a", "a", "b"]
    assert told == [1, 2]


@pytest.mark.parametrize(
    ("passages", "share"),
    [
        ([], 0.0),
        ([passage("d", 0, 100)], 0.75),
        ([passage("d", 12, 20)], 0.2),
        ([passage("d", 10, 20), passage("d", 15, 40), passage("e", 0, 10)], 1.0),
        ([passage("other", 0, 100)], 0.0),
    ],
)
def test_span_recall_counts_each_character_of_the_answer_once(passages: list[object], share: float) -> None:
    spans = (Span("d", 10, 40), Span("e", 0, 10))
    assert cover(spans, passages) == pytest.approx(share)  # type: ignore[arg-type]
