"""Medical record numbers and Taiwan's health insurance card (健保卡), by their labels; neither has check digits."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.detect.context import stands_before, words
from rag.policy.spans import Kind, Span

_END = r"(?![0-9A-Za-z]|-[0-9])"
_PREFIXED = re.compile(rf"(?<![A-Za-z0-9])(?:MRN|MR#|HRN|NHC)[-:# ]{{0,3}}[0-9](?:-?[0-9]){{4,11}}{_END}")
_NUMBER = re.compile(rf"(?<![A-Za-z0-9.-])[A-Za-z]{{0,3}}-?[0-9](?:-?[0-9]){{4,11}}{_END}")
_DATE = re.compile(r"(?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}")
_RECORD = words(
    r"mrn", r"(?:medical|health|hospital|patient|chart)(?:'s)?(?: record)?(?: (?:no|nos|number|id|identifier|#))\.?",
    *("病歷號碼?", "病歷編號", "病歷", "病患編號", "患者編號", "就醫號", "掛號號碼", "住院號"),
)  # fmt: skip
_CARD = re.compile(rf"(?<![0-9A-Za-z.-])[0-9]{{4}}[ -]?[0-9]{{4}}[ -]?[0-9]{{4}}{_END}")
_INSURANCE = words("健保", "健康保險卡", "IC ?卡號", r"nhi", r"health insurance", r"insurance card")


def find(text: str) -> Iterator[Span]:
    """The medical record and health card numbers in `text`."""
    for match in _PREFIXED.finditer(text):
        yield Span(*match.span(), Kind.MEDICAL_RECORD, 0.9)
    for match in _NUMBER.finditer(text):
        if stands_before(_RECORD, text, match.start(), reach=18) and not _DATE.fullmatch(match[0]):
            yield Span(*match.span(), Kind.MEDICAL_RECORD, 0.8)
    for match in _CARD.finditer(text):
        if stands_before(_INSURANCE, text, match.start(), reach=20):
            yield Span(*match.span(), Kind.TW_HEALTH_CARD, 0.9)
        elif match[0].startswith("0000") and match[0] != "000000000000":
            yield Span(*match.span(), Kind.TW_HEALTH_CARD, 0.6)
