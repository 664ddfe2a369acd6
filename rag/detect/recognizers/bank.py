"""IBANs, by their country's length and modulo 97; other account numbers only where they are labelled."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.detect.checksums import IBAN_LENGTHS, passes_iban
from rag.detect.context import stands_before, words
from rag.policy.spans import Kind, Span

_IBAN_START = re.compile(r"(?<![0-9A-Za-z])[A-Za-z]{2}[0-9]{2}(?=[ -]?[0-9A-Za-z])")
_IBAN_GROUPS = re.compile(r"[A-Za-z]{2}[0-9]{2}(?:[ -]?[0-9A-Za-z]){11,30}")
_ACCOUNT = re.compile(
    r"(?<![0-9A-Za-z.-])(?:\([0-9]{3}\) ?-?|[0-9]{2}-[0-9]{2}-[0-9]{2} )?[0-9](?:[ -]?[0-9]){6,17}(?![0-9A-Za-z]|\.[0-9]|-[0-9A-Za-z])"
)
_LABELS = words(
    *(r"(?:bank )?(?:account|acct|a/c)(?: (?:no|number|#))?\.?", r"sort code", r"routing(?: number)?"),
    *("匯款帳[號戶]", "銀行帳[號戶]", "帳號", "帳戶號碼", "入帳帳戶", "郵局局號", "存摺"),
)


def find(text: str) -> Iterator[Span]:
    """The IBANs and labelled account numbers in `text`."""
    for match in _IBAN_START.finditer(text):
        end = _find_iban_end(text, match.start())
        if end:
            yield Span(match.start(), end, Kind.IBAN, 1.0, checksummed=True)
    for match in _ACCOUNT.finditer(text):
        if stands_before(_LABELS, text, match.start(), reach=20):
            yield Span(*match.span(), Kind.BANK_ACCOUNT, 0.75)


def _find_iban_end(text: str, start: int) -> int:
    """Where the IBAN that begins at `start` ends: after as many characters as its country has; 0 if none does."""
    groups = _IBAN_GROUPS.match(text, start)
    wanted = IBAN_LENGTHS.get(text[start : start + 2].upper(), 0)
    if not groups or not wanted:
        return 0
    places = [start + place for place, one in enumerate(groups[0]) if one.isalnum()][:wanted]
    end = places[-1] + 1
    whole = not text[end : end + 1].isascii() or not text[end : end + 1].isalnum()
    number = "".join(text[place] for place in places).upper()
    return end if whole and passes_iban(number) else 0
