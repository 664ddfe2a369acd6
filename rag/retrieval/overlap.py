"""Whether a question repeats stored text that may not leave: word for word, whatever its case, width or script.

Catches what was pasted or copied, not what was said in other words. Decides no route: it only names the label.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from rag.policy.labels import Label, Rule
from rag.records import Chunk, ChunkId
from rag.retrieval.text import IDEOGRAPHS, fold

if TYPE_CHECKING:
    from rag.store import ChunkInfo

WORDS = 8
"""Words in a row that count as repeated."""
CHARACTERS = 12
"""Ideographs in a row that count as repeated."""
WINDOW = 60
"""Words or ideographs of a long question that are looked up at once."""
MOST_WINDOWS = 60
CANDIDATES = 12

_WORD = re.compile(rf"[{IDEOGRAPHS}]|[^\W_{IDEOGRAPHS}]+")
_IDEOGRAPH = re.compile(rf"[{IDEOGRAPHS}]")


class Finds(Protocol):
    """The word index."""

    def search(self, query: str, k: int) -> list[tuple[ChunkId, float]]: ...


class Holds(Protocol):
    """The store."""

    def chunks(self, ids: Sequence[ChunkId]) -> list[Chunk]: ...
    def chunk_evidence(self, ids: Sequence[ChunkId]) -> Mapping[ChunkId, ChunkInfo]: ...


class Overlap:
    """Compares a question with the stored chunks whose rule is `local`."""

    def __init__(self, store: Holds, index: Finds, rules: Mapping[Label, Rule]) -> None:
        self._store = store
        self._index = index
        self._rules = rules

    def label_of(self, text: str) -> Label | None:
        """The highest label of local text that `text` repeats; None when it repeats none."""
        wanted = shingles(text)
        if not wanted:
            return None
        ids = list(dict.fromkeys(id_ for part in _windows(text) for id_, _ in self._index.search(part, CANDIDATES)))
        evidence = self._store.chunk_evidence(ids)
        local = [id_ for id_ in ids if id_ in evidence and self._stays(evidence[id_])]
        repeated = [chunk.id for chunk in self._store.chunks(local) if wanted & shingles(chunk.text)]
        return max((evidence[id_].label for id_ in repeated), default=None)

    def _stays(self, info: ChunkInfo) -> bool:
        return info.local_only or self._rules[info.label] is Rule.LOCAL


def shingles(text: str) -> set[tuple[str, ...]]:
    """Every run of `WORDS` words, and of `CHARACTERS` ideographs, in `text`, in the one form of all spellings."""
    tokens = _WORD.findall(fold(text))
    found = {tuple(tokens[at : at + CHARACTERS]) for at in _starts(tokens, CHARACTERS)}
    words = [token for token in tokens if not _IDEOGRAPH.match(token)]
    return found | {tuple(words[at : at + WORDS]) for at in range(len(words) - WORDS + 1)}


def _starts(tokens: Sequence[str], length: int) -> Iterator[int]:
    """Where a run of `length` ideographs begins."""
    run = 0
    for at, token in enumerate(tokens):
        run = run + 1 if _IDEOGRAPH.match(token) else 0
        if run >= length:
            yield at - length + 1


def _windows(text: str) -> Iterator[str]:
    """`text` in overlapping parts that the index can look up, evenly spread when there are very many."""
    tokens = _WORD.findall(fold(text))
    starts = list(range(0, max(1, len(tokens) - CHARACTERS), WINDOW - CHARACTERS))
    step = max(1, -(-len(starts) // MOST_WINDOWS))
    for start in starts[::step]:
        part = tokens[start : start + WINDOW]
        yield "".join(token if _IDEOGRAPH.match(token) else f" {token} " for token in part)
