"""Parses plain text: paragraphs between blank lines. Knows no headings, because plain text has none."""

from __future__ import annotations

import re
from pathlib import PurePath

from ingest.parsers.decode import decode
from ingest.parsers.front_matter import split_front_matter
from ingest.records import BlockKind, Composer, ParsedDocument, readable

_BLANK_LINE = re.compile(r"\n[ \t\u3000]*\n")
_SENTENCE_END = ("。", "！", "？", ".", "!", "?", "；", ";", ",", "，")
_LONGEST_TITLE = 80


def parse(data: bytes, name: str) -> ParsedDocument:
    """Read `data` as text in whatever encoding it is in.

    Raises:
        Unreadable: the bytes are not text.
        TooLarge: there are more characters than MAX_CHARACTERS.
    """
    return parse_words(decode(data), name)


def parse_words(words: str, name: str) -> ParsedDocument:
    """Read decoded text; the title is in its front matter, its first line, or the stem of `name`.

    Raises:
        TooLarge: there are more characters than MAX_CHARACTERS.
    """
    front_matter, body = split_front_matter(readable(words))
    composer = Composer()
    for paragraph in _BLANK_LINE.split(body):
        composer.add(BlockKind.PARAGRAPH, paragraph)
    title = front_matter.get("title") or _first_line(body) or PurePath(name).stem
    return composer.finish("text", title, front_matter=front_matter)


def _first_line(body: str) -> str:
    """The first line when it reads like a title: short, and followed by a blank line or more text."""
    line, _, rest = body.strip().partition("\n")
    fits = 1 < len(line) <= _LONGEST_TITLE and not line.rstrip().endswith(_SENTENCE_END)
    return line.strip() if fits and rest.strip() else ""
