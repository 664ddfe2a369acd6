"""The answer without a model: the sentences that answer best, cited. Invents nothing, sends nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.models.relevance import Candidate, Embeds, Judged, find_candidates, judge
from rag.models.sentences import Sentence
from rag.records import Passage

MOST_SENTENCES = 4
MOST_CHARACTERS = 900

_WEAKEST = 0.6
_SAME_MEANING = 0.93
_MARK = re.compile(r"\[(\d{1,3})\]")
_LEADING_MARKS = re.compile(r"^(?:[-*+•‧●○◦▪>]\s+|#{1,6}\s+)+")


@dataclass(frozen=True, slots=True, repr=False)
class QuotedAnswer:
    """Sentences as a Markdown list with `[n]` marks; `numbers` are the passages used, as positions from 1."""

    text: str
    numbers: tuple[int, ...]

    def __repr__(self) -> str:
        return f"QuotedAnswer({len(self.text)} characters, {self.numbers})"


class Quotes:
    """Picks and cites sentences; keeps nothing between questions."""

    def __init__(self, embedder: Embeds) -> None:
        self._embedder = embedder

    def answer(self, question: str, passages: Sequence[Passage]) -> QuotedAnswer:
        """The best sentences for `question`: at most four and 900 characters, each document in reading order.

        The document of the best sentence comes first. Empty only when the passages hold no sentence.
        """
        judged = judge(question, find_candidates(passages), self._embedder)
        return _write(_pick(judged))


def _pick(judged: Sequence[Judged]) -> list[Candidate]:
    """From the best down, without what says the same as one already picked or is far weaker than the best."""
    picked: list[Judged] = []
    length = 0
    for each in judged:
        size = len(each.candidate.sentence.text)
        if picked and each.score < _WEAKEST * picked[0].score:
            break
        if any(float(each.vector @ other.vector) > _SAME_MEANING for other in picked):
            continue
        if picked and length + size > MOST_CHARACTERS:
            continue
        picked.append(each)
        length += size
        if len(picked) == MOST_SENTENCES:
            break
    return [each.candidate for each in picked]


def _write(picked: Sequence[Candidate]) -> QuotedAnswer:
    documents = list(dict.fromkeys(candidate.passage.chunk.document_id for candidate in picked))
    ordered = sorted(
        picked,
        key=lambda candidate: (
            documents.index(candidate.passage.chunk.document_id),
            candidate.passage.chunk.start + candidate.sentence.start,
        ),
    )
    lines = [f"- {_quote(candidate.sentence)} [{candidate.number}]" for candidate in ordered]
    return QuotedAnswer("\n".join(lines), tuple(dict.fromkeys(candidate.number for candidate in ordered)))


def _quote(sentence: Sentence) -> str:
    """The sentence without list or heading marks; the document's own `[3]` becomes ［3］, lest it cite."""
    text = _LEADING_MARKS.sub("", sentence.text)
    if sentence.row:
        cells = re.split(r"[|\t]", text.strip("| "))
        text = " · ".join(cell.strip() for cell in cells if cell.strip())
    return _MARK.sub(r"［\1］", text)
