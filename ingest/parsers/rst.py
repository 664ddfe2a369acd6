"""Parses reStructuredText: headings by their underlines, lists, literal blocks and paragraphs. Runs no directive."""

from __future__ import annotations

import re
from pathlib import PurePath

from ingest.parsers.decode import decode
from ingest.records import BlockKind, Composer, ParsedDocument, readable

_LINE = re.compile(r"([!-/:-@\[-`{-~])\1{2,}\s*$")
_COMMENT = re.compile(r"\.\. (?!\[)(?!\S+::)|\.\.$|\.\. _")
_DIRECTIVE = re.compile(r"\.\. (?:\|[^|]+\| )?[\w:-]+:: ?")
_ITEM = re.compile(r"(?:[-*+•]|\(?(?:\d+|[a-zA-Z#])[.)]) ")
_ROLE = re.compile(r":[\w:.+-]+:`([^`<]*?)(?:\s*<[^`>]*>)?`")
_LINK = re.compile(r"`([^`<]+?)\s*<[^`>]*>`_+")
_MARKED = re.compile(r"(\*\*|``|\*)(\S(?:[^*`\n]*\S)?)\1")


def parse(data: bytes, name: str) -> ParsedDocument:
    """Read `data`; the order in which kinds of underline appear gives the level of the headings.

    Raises:
        Unreadable: the bytes are not text.
        TooLarge: there are more characters than MAX_CHARACTERS.
    """
    composer = Composer()
    styles: list[str] = []
    literal = False
    for lines in _groups(readable(decode(data)).split("\n")):
        if literal and lines[0][:1].isspace():
            composer.add(BlockKind.CODE, "\n".join(lines))
            continue
        lines = _take_heading(composer, styles, lines)
        if not lines or _COMMENT.match(lines[0]):
            continue
        literal = lines[-1].endswith("::") or lines[0].startswith((".. code", ".. literal", ".. parsed-literal"))
        _add_text(composer, lines)
    return composer.finish("rst", composer.first_heading() or PurePath(name).stem)


def _groups(lines: list[str]) -> list[list[str]]:
    """Neighbouring lines that are not blank."""
    groups: list[list[str]] = [[]]
    for line in lines:
        if line.strip():
            groups[-1].append(line.rstrip())
        elif groups[-1]:
            groups.append([])
    return [group for group in groups if group]


def _take_heading(composer: Composer, styles: list[str], lines: list[str]) -> list[str]:
    """Add the heading that `lines` begin with, if any, and return the lines after it."""
    over = len(lines) > 2 and _LINE.match(lines[0]) and lines[2].rstrip() == lines[0].rstrip()
    title, under = (lines[1], lines[2]) if over else (lines[0], lines[1] if len(lines) > 1 else "")
    if not _LINE.match(under) or _LINE.match(title) or len(under) + 3 < len(title):
        return [] if len(lines) == 1 and _LINE.match(lines[0]) else lines
    style = ("over" if over else "") + under[0]
    if style not in styles:
        styles.append(style)
    composer.add(BlockKind.HEADING, _plain(title.strip()), level=min(6, styles.index(style) + 1))
    return lines[3 if over else 2 :]


def _add_text(composer: Composer, lines: list[str]) -> None:
    first = lines[0].lstrip()
    if first.startswith(("+--", "+==", "===")):
        composer.add(BlockKind.TABLE, "\n".join(line for line in lines if not set(line) <= set("+-= |")))
    elif _ITEM.match(first):
        composer.add(BlockKind.LIST, _plain("\n".join(lines)))
    else:
        words = "\n".join([_DIRECTIVE.sub("", lines[0]), *lines[1:]])
        composer.add(BlockKind.PARAGRAPH, _plain(re.sub(r"::$", ":", words)).strip())


def _plain(text: str) -> str:
    """`text` without the marks of roles, links, emphasis and literals."""
    return _MARKED.sub(r"\2", _LINK.sub(r"\1", _ROLE.sub(r"\1", text)))
