"""Passages and outcomes made by hand, so that every expected figure can be worked out on paper."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rag.policy.labels import Label, LabelSource, Rule
from rag.records import Chunk, ChunkId, DocumentId, Passage, Retrieved
from web.evaluation.asking import Found, Outcome
from web.evaluation.sets import SetQuestion


def passage(path: str, start: int = 0, end: int = 10, label: Label = Label.PUBLIC, score: float = 0.5) -> Passage:
    chunk = Chunk(ChunkId(1), DocumentId(1), 0, "x" * (end - start), None, (), start, end)
    return Passage(chunk, path, path.title(), "docs", label, LabelSource.OWNER, False, score, 1)


def outcome(
    id_: str, found: Sequence[str] = (), *, refused: bool = False, rule: Rule | None = None, **question: Any
) -> Outcome:
    """An outcome of a question with this id, whose ranking holds the documents `found`."""
    asked = SetQuestion(id_, f"text of {id_}", **question)
    ranking = tuple(Found(name, name.title(), 0.5) for name in found)
    return Outcome(asked, ranking, refused, Label.PUBLIC if rule else None, rule, {}, 0.01, {"embed": 0.004})


class Scripted:
    """Retrieval that finds what it is told; notes what it was asked with."""

    def __init__(self, kept: Sequence[Passage], everything: Sequence[Passage], *, sufficient: bool = True) -> None:
        self.asked: list[tuple[str, int | None, bool]] = []
        self._answers = {
            True: Retrieved(tuple(kept), (), sufficient, {"embed": 0.001}),
            False: Retrieved(tuple(everything), (), True, {}),
        }

    def retrieve(self, query: str, *, limit: int | None = None, cut: bool = True) -> Retrieved:
        self.asked.append((query, limit, cut))
        return self._answers[cut]
