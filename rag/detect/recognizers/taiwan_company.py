"""統一編號: eight digits with correct check digits and a label; without a label, eight digits are a date or a filing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.detect.checksums import passes_taiwan_company
from rag.detect.context import stands_before, words
from rag.policy.spans import Kind, Span

_NUMBER = re.compile(r"(?<![0-9A-Za-z./-])[0-9]{8}(?![0-9A-Za-z]|[./-][0-9])")
_LABELS = words(
    *(r"ubn", r"vat(?: ?(?:no|number|id))?", r"tax ?id", r"tax number", r"gui(?: number)?", r"uniform number"),
    *(
        r"(?:business|company|unified)(?: \w+){0,2} (?:no|number|id)",
        "統一編號",
        "統編",
        "公司編號",
        "營利事業",
        "稅籍",
    ),
)


def find(text: str) -> Iterator[Span]:
    """The company numbers in `text`."""
    for match in _NUMBER.finditer(text):
        if passes_taiwan_company(match[0]) and stands_before(_LABELS, text, match.start()):
            yield Span(*match.span(), Kind.TW_COMPANY, 0.95, checksummed=True)
