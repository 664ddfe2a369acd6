"""Finds where a text may be cut: after sentences, lines, clauses, words. Pure; never changes the text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

Span = tuple[int, int]

_SENTENCE = re.compile(
    r"""[^。！？!?；…\n]*?            # up to
    (?: [。！？；…]+[」』”’）)\]]*      # the end of a Chinese sentence, its quotes included,
      | [!?]+["'”’)\]]*(?=\s|$)      # of a Latin question or exclamation,
      | (?<!\b[A-Z])(?<!\b(?:Mr|Ms|Dr|St|No|vs))(?<!\bMrs)(?<!\be\.g)(?<!\bi\.e)
        \.["'”’)\]]*(?=\s|$)         # of a plain one, but not an initial or an abbreviation,
      | \n+ | $ )""",
    re.VERBOSE,
)
_CLAUSE = re.compile(r"[^，、：,;:\n]*(?:[，、：]|[,;:](?=\s)|\n+|$)")
_WORD = re.compile(r"\S+\s*|\s+")


def sentences(text: str, start: int, end: int) -> Iterator[Span]:
    """The sentences of `text[start:end]`, in order, without gaps."""
    return _pieces(_SENTENCE, text, start, end)


def cut_small(text: str, span: Span, count: Callable[[str], int], target: int) -> Iterator[Span]:
    """`span` in pieces of at most `target` tokens, in order and without gaps.

    Cuts at clauses where that is enough, else at words, else (a long run without a space) between characters.
    """
    yield from _cut(text, span, count, target, 0)


def _cut(text: str, span: Span, count: Callable[[str], int], target: int, depth: int) -> Iterator[Span]:
    # A token is at least one character, so a short span needs no counting.
    if span[1] - span[0] <= target or (span[1] - span[0] <= 40 * target and count(text[slice(*span)]) <= target):
        yield span
    elif depth < 2:
        for piece in _pieces((_CLAUSE, _WORD)[depth], text, *span):
            yield from _cut(text, piece, count, target, depth + 1)
    else:
        step = max(1, target // 2)
        for start in range(span[0], span[1], step):
            yield start, min(start + step, span[1])


def _pieces(pattern: re.Pattern[str], text: str, start: int, end: int) -> Iterator[Span]:
    while start < end:
        match = pattern.match(text, start, end)
        stop = match.end() if match and match.end() > start else min(start + 1, end)
        while stop < end and text[stop] in " \t\u3000":
            stop += 1
        yield start, stop
        start = stop
