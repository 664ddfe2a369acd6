"""Turns text into the terms the lexical index and its queries share; keeps no index and never sees a label.

One form for all spellings of a word: full-width and half-width (NFKC), upper and lower case, Traditional and
Simplified Chinese (OpenCC). English inflections are folded by the index's own stemmer. Chinese is written
without spaces, so a run of ideographs becomes its overlapping pairs and its single characters; an identifier
such as QH-200 is kept whole and in parts.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Any

IDEOGRAPHS = (
    "\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U000323af"
)
"""Scripts written without spaces that are cut into pairs: Han, kana and hangul, as ranges of a character class."""

_RUN = re.compile(rf"(?P<cjk>[{IDEOGRAPHS}]+)|(?P<word>[^\W_{IDEOGRAPHS}]+(?:[-._/@:+'’][^\W_{IDEOGRAPHS}]+)*)")
_PART = re.compile(r"\d+|[^\W\d_]+")
_POSSESSIVE = re.compile(r"['’]s$")
_SEPARATORS = re.compile(r"[-._/@:+'’]")


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of one text, in order, repetitions kept.

    `spellings` has one entry for each Latin or other alphabetic word, number or identifier: the forms it can be found
    by, whole, joined and in parts. `pairs` are overlapping pairs of ideographs, `singles` the ideographs one by one.
    """

    spellings: tuple[tuple[str, ...], ...]
    pairs: tuple[str, ...]
    singles: tuple[str, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """All forms of all words."""
        return tuple(form for forms in self.spellings for form in forms)


def fold(text: str) -> str:
    """`text` in the one form that all spellings share: NFKC, case-folded, Simplified characters."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return folded if folded.isascii() else str(_simplifier().convert(folded))


def terms(text: str) -> Terms:
    """Cut `text` into the terms it is indexed and searched by."""
    spellings: list[tuple[str, ...]] = []
    pairs: list[str] = []
    singles: list[str] = []
    for match in _RUN.finditer(fold(text)):
        if run := match["cjk"]:
            singles.extend(run)
            pairs.extend(run[at : at + 2] for at in range(len(run) - 1))
        else:
            spellings.append(_spellings(match["word"]))
    return Terms(tuple(spellings), tuple(pairs), tuple(singles))


def ideograph_share(text: str) -> float:
    """The share of ideographs among the letters and digits of `text`, 0 when it has none."""
    letters = sum(character.isalnum() for character in text)
    return len(re.findall(f"[{IDEOGRAPHS}]", text)) / letters if letters else 0.0


def _spellings(word: str) -> tuple[str, ...]:
    """The forms a word can be found by: whole, without separators, and each run of letters or digits."""
    whole = _POSSESSIVE.sub("", word)
    parts = _PART.findall(whole)
    if len(parts) < 2:
        return (whole,)
    return tuple(dict.fromkeys([whole, _SEPARATORS.sub("", whole), *parts]))


@cache
def _simplifier() -> Any:
    """OpenCC's Traditional-to-Simplified converter: 20 ms to load, immutable, safe to share between threads."""
    import opencc

    return opencc.OpenCC("t2s")
