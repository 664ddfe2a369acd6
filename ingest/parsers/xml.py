"""Parses XML that has no reader of its own (and SVG): its texts in order, short ones with the name of their element.

Resolves no entity, loads no DTD and opens nothing outside the bytes it is given.
"""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Any

from ingest.parsers.decode import decode
from ingest.parsers.ooxml import local_name
from ingest.records import BlockKind, Composer, ParsedDocument, readable
from rag.errors import Unreadable

_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,200}\?>")
_NO_WORDS = frozenset(("script", "style"))
_LINES_A_BLOCK = 40


def parse(data: bytes, name: str) -> ParsedDocument:
    """Read `data`; what is not well-formed is read as far as it goes.

    Raises:
        Unreadable: the bytes are not text, or hold no element.
        TooLarge: there are more characters than MAX_CHARACTERS.
    """
    from lxml import etree

    # The declaration often names an encoding that the file is not in, and is wrong once it is decoded.
    text = _DECLARATION.sub("", readable(decode(data)))
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        recover=True,
        remove_comments=True,
        remove_pis=True,
        encoding="utf-8",
    )
    try:
        root = etree.fromstring(text.encode(), parser)
    except (etree.XMLSyntaxError, ValueError):
        root = None
    if root is None:
        raise Unreadable("the file is damaged: its XML cannot be read")
    composer = Composer()
    lines: list[str] = []
    for node in root.iter():
        lines += _lines_of(node)
        if len(lines) >= _LINES_A_BLOCK:
            composer.add(BlockKind.PARAGRAPH, "\n".join(lines))
            lines = []
    composer.add(BlockKind.PARAGRAPH, "\n".join(lines))
    title = next((node.text or "" for node in root.iter("{*}title", "title")), "")
    return composer.finish("xml", title.strip() or PurePath(name).stem)


def _lines_of(node: Any) -> list[str]:
    """What stands directly in `node`, and the rest of its parent's text that follows it."""
    name = local_name(node)
    own = "" if not name or name in _NO_WORDS else " ".join((node.text or "").split())
    values = [f"{name}: {own}" if len(own) < 80 and not len(node) else own] if own else []
    tail = " ".join((node.tail or "").split())
    return [*values, *([tail] if tail else [])]
