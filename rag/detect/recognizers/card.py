"""Payment cards: the Luhn formula must hold, and a brand's prefix and length, or else a label.

Old 13-digit Visa numbers and Maestro share their length with bar codes and order numbers: those need the label.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.detect.checksums import passes_luhn
from rag.detect.context import stands_before, words
from rag.policy.spans import Kind, Span

_CANDIDATE = re.compile(
    r"(?<![0-9A-Za-z._/])(?<![0-9A-Za-z]-)[1-6][0-9]{3}(?:[ -]?[0-9]){8,15}(?![0-9A-Za-z_]|-[0-9A-Za-z]|\.[0-9])"
)
_BRANDS = re.compile(
    r"4[0-9]{15}(?:[0-9]{3})?"  # Visa
    r"|5[1-5][0-9]{14}|2(?:22[1-9]|2[3-9][0-9]|[3-6][0-9]{2}|7[01][0-9]|720)[0-9]{12}"  # Mastercard
    r"|3[47][0-9]{13}"  # American Express
    r"|6(?:011|4[4-9][0-9]|5[0-9]{2})[0-9]{12}(?:[0-9]{3})?"  # Discover
    r"|35(?:2[89]|[3-8][0-9])[0-9]{12}|(?:2131|1800)[0-9]{11}"  # JCB
    r"|3(?:0[0-5]|[689][0-9])[0-9]{11}"  # Diners Club
    r"|62[0-9]{14,17}"  # UnionPay
)
_LABELS = words(
    r"(?:credit |debit |bank )?cards?", r"visa", r"maestro", r"mastercard", r"amex", "信用卡", "金融卡", "卡號"
)


def find(text: str) -> Iterator[Span]:
    """The card numbers in `text`."""
    for match in _CANDIDATE.finditer(text):
        digits = re.sub(r"[ -]", "", match[0])
        if not passes_luhn(digits) or len(set(digits)) < 2:
            continue
        if _BRANDS.fullmatch(digits):
            yield Span(*match.span(), Kind.CARD, 1.0, checksummed=True)
        elif stands_before(_LABELS, text, match.start()):
            yield Span(*match.span(), Kind.CARD, 0.9, checksummed=True)
