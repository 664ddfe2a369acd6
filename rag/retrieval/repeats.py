"""Tells which passages repeat another, so that one text copied into many files does not fill the list; pure."""

from __future__ import annotations

from collections.abc import Sequence

from rag.retrieval.text import terms

ALIKE = 0.9
"""The share of terms two texts must have in common (intersection over union) to be repeats."""


def find_repeats(texts: Sequence[str]) -> list[int | None]:
    """For each text the position of the earlier one that it repeats, None where it is the first to say so.

    Texts that differ in a figure are no repeats, however alike: the old and the new version of a rule are two
    answers, and which one holds is for the reader to see.
    """
    kept: list[tuple[int, frozenset[str], frozenset[str]]] = []
    found: list[int | None] = []
    for position, text in enumerate(texts):
        held, figures = _parts(text)
        original = next((at for at, other, same in kept if figures == same and _alike(held, other)), None)
        if original is None:
            kept.append((position, held, figures))
        found.append(original)
    return found


def _parts(text: str) -> tuple[frozenset[str], frozenset[str]]:
    cut = terms(text)
    figures = (word for word in cut.words if any(character.isdigit() for character in word))
    chinese = (character for character in cut.singles if character in CHINESE_FIGURES)
    return frozenset((*cut.words, *cut.pairs)), frozenset((*figures, *chinese))


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    if one == other:
        return True
    return len(one & other) >= ALIKE * len(one | other)


CHINESE_FIGURES = frozenset("〇零一二三四五六七八九十百千万亿两")
"""Digits and units as written in Chinese, in the folded (Simplified) form."""
