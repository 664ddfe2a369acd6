"""How well each sentence answers a question: one number from words, meaning, neighbours. Keeps nothing."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from rag.models.sentences import Sentence, split_sentences
from rag.records import Passage
from rag.retrieval.text import terms

Scores = npt.NDArray[np.float64]
Vectors = npt.NDArray[np.float32]

_CONSIDERED = 60
"""Sentences that are embedded; the words choose them."""

# Shares of the score, chosen on DRCD, XQuad (zh-TW), SQuAD 2, RGB and Chroma's chunk evaluation; like shares
# do about as well.
_WORDS, _MEANING, _PASSAGE, _KIND, _NEIGHBOUR = 0.45, 0.35, 0.15, 0.12, 0.2

_EMPTY_WORDS = """
a an and any are as at be been but by can could did do does for from had has have how i if in is it its me my of on
or our shall should so than that the their them there these they this to was we were what when where which who whom
whose why will with would you your
"""
_STOPWORDS = frozenset(_EMPTY_WORDS.split())
_STOP_CHARACTERS = frozenset("的了吗呢是在和与及或有为什么麽哪谁何几多少怎样请问可以")
_ENDINGS = ("ations", "ation", "ings", "ing", "edly", "ies", "ied", "ed", "es", "ly", "s")

_ASKS_FIGURE = re.compile(
    r"\b(?:when|how (?:many|much|long|often|old|far|high|fast|large|big)"
    r"|what (?:year|date|day|time|number|percentage|percent|price|cost|amount)|which year)\b"
    r"|多少|幾|几|何時|何时|什麼時候|什么时候|哪一?[年天]|日期|多[久長长高大]",
    re.IGNORECASE,
)
_FIGURE = re.compile(
    r"[0-9０-９]+|[一二三四五六七八九十百千萬万億亿]+(?:[年月日天個个次人元名倍週周時时分%％]|小時|公里)"
)
_ASKS_NAME = re.compile(r"\b(?:who|whom|whose)\b|[誰谁]|哪一?位", re.IGNORECASE)
_NAME = re.compile(r"(?<=[a-z,;] )[A-Z][\w’'-]+|[《「·•]")
_LAST = 10.0  # more than any score
_ENDS_LIKE_A_HEADING = ("?", "？", ":", "：")


class Embeds(Protocol):
    """What judging sentences needs of the embedder."""

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors (N, dim), L2-normalised."""
        ...

    def embed_query(self, text: str) -> Vectors:
        """Vector (dim,), L2-normalised."""
        ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence that may be quoted; `number` counts passages from 1, `place` their sentences from 0."""

    number: int
    passage: Passage
    sentence: Sentence
    place: int


@dataclass(frozen=True, slots=True)
class Judged:
    """A candidate with its score, comparable within one question only, and its vector."""

    candidate: Candidate
    score: float
    vector: Vectors


def find_candidates(passages: Sequence[Passage]) -> list[Candidate]:
    """The sentences of `passages` in order, without those an overlapping passage has shown already."""
    found = []
    seen = set()
    for number, passage in enumerate(passages, start=1):
        for place, sentence in enumerate(split_sentences(passage.chunk.text)):
            key = (passage.chunk.document_id, sentence.text)
            if key not in seen and any(character.isalnum() for character in sentence.text):
                seen.add(key)
                found.append(Candidate(number, passage, sentence, place))
    return found


def judge(question: str, candidates: Sequence[Candidate], embedder: Embeds) -> list[Judged]:
    """The most promising candidates with their scores, best first."""
    if not candidates:
        return []
    words = _score_words(question, candidates)
    passages = _score_passages(candidates)
    first = np.argsort(-(words + passages), kind="stable")[:_CONSIDERED]
    chosen = [candidates[at] for at in first]
    vectors = embedder.embed_passages([_in_context(candidate) for candidate in chosen])
    meaning = np.clip(vectors @ embedder.embed_query(question), 0.0, 1.0)
    scores = (
        _WORDS * words[first] + _MEANING * meaning + _PASSAGE * passages[first] + _KIND * _score_kind(question, chosen)
    )
    scores = scores + _NEIGHBOUR * _score_neighbours(chosen, scores) - _answers_nothing(chosen)
    order = np.argsort(-scores, kind="stable")
    return [Judged(chosen[at], float(scores[at]), vectors[at]) for at in order]


def _score_words(question: str, candidates: Sequence[Candidate]) -> Scores:
    """Share, 0 to 1, of the question's terms that a sentence holds, weighed by rarity among the candidates."""
    held = [_keep_terms(candidate.sentence.text) for candidate in candidates]
    holding = Counter(term for terms_held in held for term in terms_held)
    weights = {
        term: math.log(1 + len(candidates) / (0.5 + holding[term])) * (0.3 if _is_single(term) else 1.0)
        for term in _keep_terms(question)
        if holding[term]
    }
    total = sum(weights.values()) or 1.0
    return np.array([sum(weights[term] for term in weights if term in each) / total for each in held])


def _keep_terms(text: str) -> frozenset[str]:
    """Words with their stems, and pairs and singles of ideographs, without those that carry no meaning."""
    cut = terms(text)
    words = [word for word in cut.words if word not in _STOPWORDS]
    pairs = [pair for pair in cut.pairs if not set(pair) & _STOP_CHARACTERS]
    singles = [single for single in cut.singles if single not in _STOP_CHARACTERS]
    return frozenset([*words, *map(_stem, words), *pairs, *singles])


def _stem(word: str) -> str:
    """A rough English stem, so that `ships` meets `shipped`; marked so that it equals no word."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word.removesuffix(ending)
            break
    return "~" + word.rstrip("ey")


def _is_single(term: str) -> bool:
    return len(term) == 1 and not term.isascii()


def _score_passages(candidates: Sequence[Candidate]) -> Scores:
    best = max(candidate.passage.score for candidate in candidates) or 1.0
    return np.array([candidate.passage.score / best for candidate in candidates])


def _score_kind(question: str, candidates: Sequence[Candidate]) -> Scores:
    """Who asks for a figure or a person wants a sentence with one that is not in the question."""
    wanted = _FIGURE if _ASKS_FIGURE.search(question) else _NAME if _ASKS_NAME.search(question) else None
    if wanted is None:
        return np.zeros(len(candidates))
    asked = question.casefold()
    found = [{match[0].casefold() for match in wanted.finditer(each.sentence.text)} for each in candidates]
    return np.array([float(any(each not in asked for each in figures)) for figures in found])


def _answers_nothing(candidates: Sequence[Candidate]) -> Scores:
    """Puts headings and questions last, however well they match; they still lift their neighbours."""
    texts = [candidate.sentence.text for candidate in candidates]
    return (
        np.array([float(text.startswith("#") or text.rstrip("*_ ").endswith(_ENDS_LIKE_A_HEADING)) for text in texts])
        * _LAST
    )


def _score_neighbours(candidates: Sequence[Candidate], scores: Scores) -> Scores:
    """The better score of the two beside it: an answer often stands next to the words of its question."""
    placed = {(each.number, each.place): score for each, score in zip(candidates, scores, strict=True)}
    return np.array(
        [
            max(placed.get((each.number, each.place - 1), 0.0), placed.get((each.number, each.place + 1), 0.0))
            for each in candidates
        ]
    )


def _in_context(candidate: Candidate) -> str:
    """A sentence with what it is about, heading or title, which it often does not say itself."""
    chunk = candidate.passage.chunk
    above = chunk.heading[-1] if chunk.heading else candidate.passage.title
    return f"{above}. {candidate.sentence.text}" if above else candidate.sentence.text
