"""Telephone numbers: Taiwan's in all their forms, international, American and British ones, others by their label."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.detect.context import stands_after, stands_before, words
from rag.policy.spans import Kind, Span

_START = r"(?<![0-9A-Za-z./+])(?<![0-9A-Za-z]-)"
_END = r"(?![0-9A-Za-z]|-[0-9A-Za-z]|\.[0-9])"
_EXTENSION = r"(?: ?(?:分機|轉|#|[Ee]xt(?:ension)?\.?|x) ?:? ?[0-9]{1,6})?"
_LIKELY = re.compile(
    _START
    + r"(?:"
    + r"|".join(
        (
            r"09[0-9]{2}[ .-]?[0-9]{3}[ .-]?[0-9]{3}",
            r"09[0-9]{2}-[0-9]{6}|09-[0-9]{4}[ -]?[0-9]{4}",
            r"[(（]0(?:2|4)[)）] ?-?[2-8][0-9]{3}[ -]?[0-9]{4}|0(?:2|4)[ -][2-8][0-9]{3}[ -]?[0-9]{4}",
            r"[(（]0[3-8][)）] ?-?[2-9][0-9]{2}[ -]?[0-9]{4}|0[3-8][ -][2-9][0-9]{2}[ -]?[0-9]{4}",
            r"[(（]0(?:37|49|82[36]?|836|89)[)）] ?-?[2-9][0-9]{4,6}|0(?:37|49|82|826|836|89)-[2-9][0-9]{4,6}",
            r"0[48]0[09]?[ -][0-9]{3}[ -]?[0-9]{3}",
            r"(?:[(（]0[0-9]{2,4}[)）] ?|0[0-9]{2,4}[ -])[0-9]{3,4}[ -][0-9]{2,4}(?:[ -][0-9]{2})?|0[0-9]{2,3}[ -][0-9]{6,8}",
            r"(?:1[ .-])?(?:[(（][2-9][0-9]{2}[)）] ?|[2-9][0-9]{2}[.-])[2-9][0-9]{2}[ .-][0-9]{4}",
            r"(?:0|44 ?)7[0-9]{3} ?[0-9]{3} ?[0-9]{3}",
            r"(?:00)?886[ -][0-9]{1,3}(?:[ -]?[0-9]{3,4}){2}",
        )
    )
    + r")"
    + _EXTENSION
    + _END
)
_INTERNATIONAL = re.compile(
    r"(?<![0-9A-Za-z+])\+[0-9]{1,3}(?:[ .-]?[(（]?[0-9]{1,5}[)）]?){1,5}(?:[ .-]?[0-9]{2,4})" + _EXTENSION + _END
)
_LABELLED = re.compile(_START + r"[(（0-9][0-9](?:[ ()（）.-]{0,2}[0-9]){5,13}" + _EXTENSION + _END)
_LABELS = words(
    *(
        r"(?:tele|cell)?phones?",
        r"tel",
        r"mobile",
        r"fax",
        r"hotline",
        r"whatsapp",
        r"contact number",
        "電話",
        "手機",
        "行動",
    ),
    *("市話", "傳真", "致電", "撥打", "請撥", "專線", "聯絡方式", "連絡方式", "分機", "簡訊"),
)
_WEAK_LABELS = re.compile(
    r"\b(?:call|dial|ring|text|sms|reach|registered)(?: (?:me|us|him|her|them))?(?: (?:on|at|to))? ?$|\b(?:cell|desk|work|home): ?$",
    re.IGNORECASE,
)
"""Words with other meanings: only right before the number."""
_TRAILING = words(r"office", r"fax", r"mobile", r"home", r"cell", r"work", r"desk")
_NO_PHONE = re.compile(r"^(?:19|20)[0-9]{2}[-.][01]?[0-9][-.][0-3]?[0-9]\b|^[0-9]{1,3}(?:\.[0-9]{1,3}){3}$")
_THREES = re.compile(_START + r"[0-9]{3} [0-9]{3} [0-9]{3}" + _END)


def find(text: str) -> Iterator[Span]:
    """The telephone numbers in `text`, with their extensions."""
    for match in _LIKELY.finditer(text):
        yield Span(*match.span(), Kind.PHONE, 0.75)
    for match in _INTERNATIONAL.finditer(text):
        if 8 <= _count_digits(match[0]) <= 21:
            yield Span(*match.span(), Kind.PHONE, 0.85)
    for match in _LABELLED.finditer(text):
        labelled = stands_before(_LABELS, text, match.start()) or stands_before(_WEAK_LABELS, text, match.start())
        if labelled and not _NO_PHONE.match(match[0]):
            yield Span(*match.span(), Kind.PHONE, 0.7)
    for match in _THREES.finditer(text):
        if stands_after(_TRAILING, text, match.end()):
            yield Span(*match.span(), Kind.PHONE, 0.6)


def _count_digits(text: str) -> int:
    return sum(one.isdigit() for one in text)
