"""Dates of birth: a date with a word of birth beside it. Any other date is no identifier."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.detect.context import stands_after, stands_before, words
from rag.policy.spans import Kind, Span

_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?"
    r"|Nov(?:ember)?|Dec(?:ember)?)\.?"
)
_DATE = re.compile(
    r"(?<![0-9A-Za-z./-])(?:"
    r"(?:民國|西元|中華民國)? ?[0-9]{2,4} ?年 ?[0-9]{1,2} ?月 ?[0-9]{1,2} ?[日號]"
    r"|(?:民國 ?)?[0-9]{2,4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}|[0-9]{1,2}[-/.][0-9]{1,2}[-/.](?:[0-9]{4}|[0-9]{2})"
    rf"|[0-9]{{1,2}}(?:st|nd|rd|th)?(?: of)?[ -]{_MONTH},?[ -][0-9]{{4}}|{_MONTH} [0-9]{{1,2}}(?:st|nd|rd|th)?,? [0-9]{{4}}"
    r"|(?:19|20)[0-9]{2}[01][0-9][0-3][0-9]"
    r")(?![0-9A-Za-z]|[-/.][0-9])",
    re.IGNORECASE,
)
_BEFORE = words(
    r"d\.?o\.?b\.?",
    r"birth",
    r"birth ?date",
    r"birth ?day",
    r"born(?: on)?",
    "生日",
    "出生",
    "誕生",
    "(?<![發产產发])生[於于]",
)
_AFTER = re.compile(r"^ ?(?:出生|[生](?![效產活命])|誕生|\(?born\b)", re.IGNORECASE)


def find(text: str) -> Iterator[Span]:
    """The dates of birth in `text`: the date alone, not the word."""
    for match in _DATE.finditer(text):
        if stands_before(_BEFORE, text, match.start(), reach=20) or stands_after(_AFTER, text, match.end(), reach=6):
            yield Span(*match.span(), Kind.BIRTH_DATE, 0.85)
