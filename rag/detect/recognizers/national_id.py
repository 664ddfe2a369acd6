"""Identity numbers of other countries: American SSN, British NINO and NHS number, mainland China's 居民身份证."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.detect.checksums import passes_nhs, passes_prc_id
from rag.detect.context import stands_before, words
from rag.policy.spans import Kind, Span

_START, _END = r"(?<![0-9A-Za-z.-])", r"(?![0-9A-Za-z]|-[0-9])"
_SSN = re.compile(rf"{_START}(?!000|666|9)[0-9]{{3}}(?P<sign>[ -])(?!00)[0-9]{{2}}(?P=sign)(?!0000)[0-9]{{4}}{_END}")
_BARE_SSN = re.compile(rf"{_START}(?!000|666|9)[0-9]{{3}}(?!00)[0-9]{{2}}(?!0000)[0-9]{{4}}{_END}")
_SSN_WORDS = words(r"ssn", r"social security(?: (?:no|number))?")
_NINO = re.compile(
    rf"{_START}(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?[0-9]{{2}} ?[0-9]{{2}} ?[0-9]{{2}} ?[A-D]{_END}"
)
_NHS = re.compile(rf"{_START}[0-9]{{3}}[ -]?[0-9]{{3}}[ -]?[0-9]{{4}}{_END}")
_NHS_WORDS = words(r"nhs")
_PRC = re.compile(rf"{_START}[1-9][0-9]{{5}}(?:19|20)[0-9]{{2}}[01][0-9][0-3][0-9][0-9]{{3}}[0-9Xx]{_END}")
_LICENCE = re.compile(rf"{_START}[A-Z]{{0,2}}[0-9](?:-?[0-9A-Z]){{5,14}}{_END}")
_LICENCE_WORDS = words(
    r"driver'?s?'? licen[cs]e(?: (?:no|number|#))?", r"driving licen[cs]e(?: (?:no|number))?", "駕照號碼?"
)


def find(text: str) -> Iterator[Span]:
    """The foreign identity numbers in `text`."""
    for match in _SSN.finditer(text):
        yield Span(*match.span(), Kind.NATIONAL_ID, 0.8 if match["sign"] == "-" else 0.55)
    for match in _BARE_SSN.finditer(text):
        if stands_before(_SSN_WORDS, text, match.start()):
            yield Span(*match.span(), Kind.NATIONAL_ID, 0.8)
    for match in _NINO.finditer(text):
        yield Span(*match.span(), Kind.NATIONAL_ID, 0.8)
    for match in _NHS.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        if stands_before(_NHS_WORDS, text, match.start()) and passes_nhs(digits):
            yield Span(*match.span(), Kind.NATIONAL_ID, 0.95, checksummed=True)
    for match in _PRC.finditer(text):
        if passes_prc_id(match[0]):
            yield Span(*match.span(), Kind.NATIONAL_ID, 1.0, checksummed=True)
    for match in _LICENCE.finditer(text):
        if stands_before(_LICENCE_WORDS, text, match.start()):
            yield Span(*match.span(), Kind.NATIONAL_ID, 0.7)
