"""The words around a number that say what it is. Looks at folded text, a little way, never past a sentence's end."""

from __future__ import annotations

import re

_ENDS = re.compile(r"[。!?；;！？]|\n\s*\n|\n(?=\s*\S)|\.\s+(?=[A-Z])")
"""A line's end too, unless the number opens the next line: forms put the label above the field."""
REACH = 28
"""How far a word may stand from its number, in characters; the longest label in the tests needs 22."""


def words(*alternatives: str) -> re.Pattern[str]:
    """A pattern for any of `alternatives` (regular expressions), whatever the case; Latin ones as whole words."""
    bounded = (rf"(?<![A-Za-z]){one}(?![A-Za-z])" if one.isascii() else one for one in alternatives)
    return re.compile("|".join(bounded), re.IGNORECASE)


def stands_before(pattern: re.Pattern[str], text: str, start: int, reach: int = REACH) -> bool:
    """Whether `pattern` occurs in the `reach` characters before `start`, in the same sentence."""
    window = text[max(0, start - reach) : start]
    sentence = _ENDS.split(window)[-1]
    return pattern.search(sentence) is not None


def stands_after(pattern: re.Pattern[str], text: str, end: int, reach: int = 12) -> bool:
    """Whether `pattern` occurs in the `reach` characters after `end`, in the same sentence."""
    return pattern.search(_ENDS.split(text[end : end + reach])[0]) is not None
