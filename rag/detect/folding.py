"""Brings a text to one spelling for the recognisers, and offsets back. Shows the folded text to nobody."""

from __future__ import annotations

import sys
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cache

_HYPHENS = "‐‑‒–—―−⁃﹘﹣"  # a range is written with the same signs as a phone number
_BLANKS = "\t\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_PUNCTUATION = "！（），；？"  # these end what a Chinese sentence quotes; their ASCII twins may be part of it
_ENCLOSED = ("SUPERSCRIPT", "SUBSCRIPT", "CIRCLED", "PARENTHESIZED", "MODIFIER", "ORDINAL")


@dataclass(frozen=True, slots=True)
class Folded:
    """A text in one spelling: ASCII letters, digits and signs for their look-alikes, nothing invisible.

    `removed` holds, for each character left out, its place in the original minus how many were left out before it.
    """

    text: str = field(repr=False)
    removed: tuple[int, ...] = ()

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The original's offsets for the folded text's, half open; `start` < `end`."""
        return self._shift(start), self._shift(end - 1) + 1

    def _shift(self, position: int) -> int:
        return position + bisect_right(self.removed, position)


def fold(text: str) -> Folded:
    """Fold full-width forms, foreign digits, dashes and blanks to ASCII, and leave invisible characters out."""
    if text.isascii():
        return Folded(text.replace("\t", " "))
    folded = text.translate(_table())
    invisible = [place for place, one in enumerate(folded) if unicodedata.category(one) == "Cf"]
    if not invisible:
        return Folded(folded)
    visible = "".join(one for one in folded if unicodedata.category(one) != "Cf")
    return Folded(visible, tuple(place - before for before, place in enumerate(invisible)))


@cache
def _table() -> dict[int, str]:
    """One ASCII character for each that looks like it; made once, when first needed."""
    table = {ord(one): "-" for one in _HYPHENS} | {ord(one): " " for one in _BLANKS}
    for code in range(0x80, sys.maxunicode + 1):
        one = chr(code)
        if code not in table and one.isalnum():
            plain = str(digit) if (digit := unicodedata.decimal(one, None)) is not None else _compatible(one)
            if plain:
                table[code] = plain
    return table | {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F) if chr(code) not in _PUNCTUATION}


def _compatible(one: str) -> str:
    plain = unicodedata.normalize("NFKC", one)
    named = unicodedata.name(one, "")
    return plain if len(plain) == 1 and plain.isascii() and not any(word in named for word in _ENCLOSED) else ""
