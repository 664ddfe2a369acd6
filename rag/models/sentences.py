"""Cuts a passage into the sentences, list items and table rows a person would quote. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

_CHINESE_END = "。！？；…"
_CLOSERS = "」』）》”’\"')]"
_END = re.compile(
    rf"[{_CHINESE_END}]+[{re.escape(_CLOSERS)}]*"
    rf"|[.!?]+[{re.escape(_CLOSERS)}]*(?=\s+[\"'“‘(\[]?[A-Z0-9\u2e80-\U000323af])"
)
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:[A-Za-z]|[A-Z]\.[A-Z]|Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|No|Nos|vs|etc|e\.g|i\.e|cf|al|Inc|Ltd|Co|Corp"
    r"|Fig|Figs|Eq|Sec|Vol|pp|ca|approx|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec)\.$"
)
_STARTS_ITEM = re.compile(
    r"\s*(?:[-*+•‧●○◦▪–—]\s|\(?[0-9A-Za-z]{1,3}[.)、]\s|[（(]?[一二三四五六七八九十]{1,3}[)）、]|\||#{1,6}\s|>)"
)
_ITEM_NUMBER = re.compile(r"\s*(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,4})\.")
_TABLE_ROW = re.compile(r"\s*\|.*\|\s*$|[^\t\n]*\t[^\n]*$")
_RULE_LINE = re.compile(r"^[\s|:=_*+\-—─]+$")
_WRAPPED_COLUMNS = 40
_LONGEST = 400


@dataclass(frozen=True, slots=True, repr=False)
class Sentence:
    """A piece worth quoting: `text` in one line, `start` its offset, `row` True for a table row."""

    text: str
    start: int
    row: bool = False

    def __repr__(self) -> str:
        return f"Sentence({self.start}, {len(self.text)} characters)"


def split_sentences(text: str) -> list[Sentence]:
    """The sentences of `text` in order; headings, items and table rows stand alone, rulers are left out."""
    found = []
    for start, block in _blocks(text):
        row = _TABLE_ROW.match(block) is not None
        for offset, piece in [(0, block)] if row else _cut(block):
            line = " ".join(piece.split())
            if line and not _RULE_LINE.match(line):
                indent = len(piece) - len(piece.lstrip())
                found.append(Sentence(line, start + offset + indent, row))
    return found


def _blocks(text: str) -> Iterator[tuple[int, str]]:
    """Lines, with the lines of a wrapped paragraph kept together."""
    at = 0
    block_start = 0
    block = ""
    for line in text.splitlines(keepends=True):
        if block and not _goes_on(block, line):
            yield block_start, block
            block = ""
        if not block:
            block_start = at
        block += line
        at += len(line)
    if block:
        yield block_start, block


def _goes_on(block: str, line: str) -> bool:
    """Whether `line` continues `block`: a full line that ended without a stop was only wrapped."""
    last = block.splitlines()[-1].rstrip() if block.strip() else ""
    if not last or not line.strip() or _STARTS_ITEM.match(line) or _TABLE_ROW.match(last) or _TABLE_ROW.match(line):
        return False
    if last.lstrip().startswith("#") or last[-1] in _CHINESE_END + ":：.!?" or last[-1] in _CLOSERS:
        return False
    return _columns(last) >= _WRAPPED_COLUMNS


def _cut(block: str) -> Iterator[tuple[int, str]]:
    """Sentences of one block as (offset, text); one that runs on without end is cut at its commas."""
    start = 0
    for match in _END.finditer(block):
        end = match.end()
        said = block[start:end]
        if match[0][0] == "." and (_ABBREVIATION.search(said) or _ITEM_NUMBER.fullmatch(said)):
            continue
        yield from _shorten(start, block[start:end])
        start = end
    if block[start:].strip():
        yield from _shorten(start, block[start:])


def _shorten(start: int, text: str) -> Iterator[tuple[int, str]]:
    while len(text) > _LONGEST:
        commas = [text.rfind(mark, 0, _LONGEST) for mark in ("，", "；", "; ", ", ", "、", " ")]
        at = next((comma + 1 for comma in commas if comma > _LONGEST // 3), _LONGEST)
        yield start, text[:at]
        start, text = start + at, text[at:]
    yield start, text


def _columns(line: str) -> int:
    """Width of a line, a wide character counting two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in line)
