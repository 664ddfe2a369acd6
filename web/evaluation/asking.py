"""Asks every question of a set and notes what came: the ranking of documents, the refusal, the route, the time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from rag.policy.labels import Label, Rule, join
from rag.policy.route import Mode
from web.evaluation.sets import SetQuestion, Span, same_name

if TYPE_CHECKING:
    from rag.config import Settings
    from rag.records import Passage, Retrieved

SPAN_CUTS = (5, 10)
"""How many of the best passages count for the recall of spans."""


@dataclass(frozen=True, slots=True)
class Found:
    """A document in a ranking, by its best passage."""

    document: str
    title: str
    score: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one question brought.

    `refused` is retrieval's verdict that the documents do not answer it. `rule` is what the labels of the passages
    in the prompt would allow, None when it was refused and nothing would be sent. `span_recall` gives the share of
    the answer's characters that lie in the first 5 and 10 passages and in the prompt; empty without spans.
    `seconds` is the retrieval as a person waits for it, `stages` its parts.
    """

    question: SetQuestion
    ranking: tuple[Found, ...]
    refused: bool
    label: Label | None
    rule: Rule | None
    span_recall: dict[str, float]
    seconds: float
    stages: dict[str, float]


class Finds(Protocol):
    """What asking needs of retrieval."""

    def retrieve(self, query: str, *, limit: int | None = ..., cut: bool = ...) -> Retrieved: ...


def ask_all(
    questions: Sequence[SetQuestion], retriever: Finds, settings: Settings, on_done: Callable[[int], None] | None = None
) -> list[Outcome]:
    """Ask `questions` one after another. `on_done` is told how many have been asked."""
    outcomes = []
    retriever.retrieve(questions[0].text)  # opening the indexes is no part of any question's time
    for number, question in enumerate(questions, 1):
        outcomes.append(ask_one(question, retriever, settings))
        if on_done is not None:
            on_done(number)
    return outcomes


def ask_one(question: SetQuestion, retriever: Finds, settings: Settings) -> Outcome:
    """Ask twice: as a person's question is asked, for what would be sent and how long it takes; then for
    everything the engines found, weak or not, for the ranking."""
    began = time.perf_counter()
    answer = retriever.retrieve(question.text)
    seconds = time.perf_counter() - began
    everything = retriever.retrieve(question.text, cut=False, limit=2 * settings.retrieval.candidates).passages
    refused = not answer.sufficient
    label = join(passage.label for passage in answer.passages) if answer.passages and not refused else None
    recall = {}
    if question.spans:
        recall = {f"recall@{k}": cover(question.spans, everything[:k]) for k in SPAN_CUTS}
        recall["prompt"] = cover(question.spans, answer.passages)
    return Outcome(
        question=question,
        ranking=rank_documents(everything),
        refused=refused,
        label=label,
        rule=None if label is None else rule_of(label, answer.passages, settings),
        span_recall=recall,
        seconds=seconds,
        stages=answer.seconds,
    )


def rank_documents(passages: Iterable[Passage]) -> tuple[Found, ...]:
    """The documents of `passages` (best first), each where its best passage stands."""
    best: dict[str, Found] = {}
    for passage in passages:
        name = same_name(passage.path)
        best.setdefault(name, Found(name, passage.title, passage.score))
    return tuple(best.values())


def rule_of(label: Label, passages: Iterable[Passage], settings: Settings) -> Rule:
    """What policy allows for these passages, whichever models are connected."""
    if settings.mode is Mode.LOCAL_ONLY or any(passage.local_only for passage in passages):
        return Rule.LOCAL
    return settings.rules.by_label()[label]


def cover(spans: Sequence[Span], passages: Iterable[Passage]) -> float:
    """The share of the characters of `spans` that lie in any of `passages`."""
    held: dict[str, set[int]] = {}
    for passage in passages:
        held.setdefault(same_name(passage.path), set()).update(range(passage.chunk.start, passage.chunk.end))
    total = sum(span.end - span.start for span in spans)
    covered = sum(len(held.get(span.document, set()).intersection(range(span.start, span.end))) for span in spans)
    return covered / total if total > 0 else 0.0
