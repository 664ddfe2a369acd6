"""Passport numbers with a label, and the machine-readable zone of a passport."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.detect.context import stands_before, words
from rag.policy.spans import Kind, Span

_NUMBER = re.compile(r"(?<![0-9A-Za-z.-])[A-Za-z]{0,2} ?[0-9]{6,9}(?![0-9A-Za-z]|-[0-9])")
_LABELS = words(r"passports?(?: (?:no|number|#))?\.?", "護照號碼?", "護照")
_MACHINE_READABLE = re.compile(r"(?<![A-Z0-9<])P[A-Z<][A-Z]{3}[A-Z<]{39} ?\n ?[A-Z0-9<]{44}(?![A-Z0-9<])")


def find(text: str) -> Iterator[Span]:
    """The passport numbers in `text`."""
    for match in _MACHINE_READABLE.finditer(text):
        yield Span(*match.span(), Kind.PASSPORT, 0.95)
    for match in _NUMBER.finditer(text):
        if stands_before(_LABELS, text, match.start(), reach=20):
            yield Span(match.end() - len(match[0].lstrip()), match.end(), Kind.PASSPORT, 0.85)
