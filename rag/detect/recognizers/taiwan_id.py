"""身分證字號 and 居留證 (統一證號), old and new; only with correct check digits."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.detect.checksums import passes_taiwan_id
from rag.policy.spans import Kind, Span

_NUMBER = re.compile(
    r"(?<![0-9A-Za-z_])(?<![0-9A-Za-z][-.])(?:"
    r"[A-Za-z][ -]?[1289A-Da-d][0-9]{8}|[A-Za-z] ?[1289][0-9]{4}[ -][0-9]{4}|[A-Za-z](?: [0-9]){9}"
    r"|[A-Za-z][ -]?[1289][0-9]{2}(?P<sign>[ -])[0-9]{3}(?P=sign)[0-9]{3}"
    r")(?![0-9A-Za-z_]|[-.][0-9A-Za-z])"
)


def find(text: str) -> Iterator[Span]:
    """The identity and resident numbers in `text`."""
    for match in _NUMBER.finditer(text):
        number = re.sub(r"[ -]", "", match[0]).upper()
        if number[1] in "1289ABCD" and passes_taiwan_id(number):
            kind = Kind.TW_ID if number[1] in "12" else Kind.TW_RESIDENT
            yield Span(*match.span(), kind, 1.0, checksummed=True)
