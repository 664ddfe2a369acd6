"""What moves inside ingest: a parsed document and its blocks, and the composer that lays them into one text.

Holds no file, no label and no vector. A text shows its length in `repr`, never itself.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from rag.errors import TooLarge

MAX_CHARACTERS = 20_000_000
"""Most characters one document may unpack to: about 10,000 dense pages."""


class BlockKind(StrEnum):
    """What a block is; it decides where a chunk may be cut."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST = "list"
    TABLE = "table"
    CODE = "code"


@dataclass(frozen=True, slots=True, repr=False)
class Block:
    """A piece of a document's structure: `document.text[start:end] == text`.

    `page` counts from 1, None where the format has no pages. `level` is 1..6 for headings, else 0. In a table
    each line is one row, in a list each line is one item or a continuation of it.
    """

    kind: BlockKind
    text: str
    start: int
    end: int
    page: int | None = None
    level: int = 0

    def __repr__(self) -> str:
        return f"Block({self.kind.value}, {self.start}..{self.end})"


@dataclass(frozen=True, slots=True, repr=False)
class ParsedDocument:
    """What a parser saw. `notes` are plain sentences for the owner, such as pages that hold no text."""

    format: str
    title: str
    text: str
    blocks: tuple[Block, ...]
    pages: int | None = None
    front_matter: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"ParsedDocument({self.format}, {len(self.text)} characters, {len(self.blocks)} blocks)"


class Composer:
    """Lays blocks into one text, a blank line between them, and keeps their exact offsets."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._blocks: list[Block] = []
        self._length = 0

    @property
    def empty(self) -> bool:
        """Whether nothing with text in it has been added."""
        return not self._blocks

    def add(self, kind: BlockKind, text: str, *, page: int | None = None, level: int = 0) -> None:
        """Append a block; one that is blank after cleaning is left out.

        Raises:
            TooLarge: the document's text passes MAX_CHARACTERS.
        """
        cleaned = clean(text)
        if not cleaned:
            return
        if self._blocks:
            self._parts.append("\n\n")
            self._length += 2
        start, end = self._length, self._length + len(cleaned)
        if end > MAX_CHARACTERS:
            raise TooLarge(f"the text is longer than {MAX_CHARACTERS:,} characters")
        self._parts.append(cleaned)
        self._blocks.append(Block(kind, cleaned, start, end, page, level))
        self._length = end

    def first_heading(self) -> str:
        """The text of the first heading, or an empty string."""
        return next((block.text for block in self._blocks if block.kind is BlockKind.HEADING), "")

    def finish(
        self,
        format: str,
        title: str,
        *,
        pages: int | None = None,
        front_matter: Mapping[str, str] | None = None,
        notes: tuple[str, ...] = (),
    ) -> ParsedDocument:
        """The document made of the blocks added so far."""
        return ParsedDocument(
            format,
            _one_line(title),
            "".join(self._parts),
            tuple(self._blocks),
            pages,
            dict(front_matter or {}),
            notes,
        )


# Invisible characters that break words apart or turn their order around: soft hyphen, zero-width space, word
# joiner, byte order mark, bidirectional embeddings, overrides and isolates. The joiners U+200C and U+200D
# stay: Persian and emoji need them.
_INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u2060\ufeff\u202a-\u202e\u2066-\u2069]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_LINE_END = re.compile("\r\n|[\r\u0085\u2028\u2029\x0b\x0c]")
_TRAILING_SPACE = re.compile("[ \t\u3000\xa0]+$", re.MULTILINE)
_BLANK_LINES = re.compile("\n{3,}")


def readable(text: str) -> str:
    """`text` in NFC with plain line ends and without control, invisible and unpaired surrogate characters."""
    return unicodedata.normalize("NFC", _CONTROL.sub("", _INVISIBLE.sub("", _LINE_END.sub("\n", text))))


def clean(text: str) -> str:
    """`text` made readable, without trailing white space and without blank lines around it.

    The indentation of the first line stays, because code needs it.
    """
    text = _BLANK_LINES.sub("\n\n", _TRAILING_SPACE.sub("", readable(text)))
    return text.rstrip().lstrip("\n") if text.strip() else ""


def join_lines(lines: list[str]) -> str:
    """Lines of one paragraph as one line: a space between words, none between two CJK characters."""
    joined = ""
    for line in (line.strip() for line in lines):
        if not line:
            continue
        glue = "" if not joined or (is_wide(joined[-1]) and is_wide(line[0])) else " "
        joined += glue + line
    return joined


def is_wide(character: str) -> bool:
    """Whether `character` is set without spaces around it: CJK ideographs, kana, full-width punctuation."""
    return unicodedata.east_asian_width(character) in "WF" and not "\uac00" <= character <= "\ud7a3"


def _one_line(title: str) -> str:
    return " ".join(clean(title).split())[:200]
