"""Parses program source, settings and markup that is kept as it is written: code, cut between its definitions."""

from __future__ import annotations

import re
from pathlib import PurePath

from ingest.parsers.decode import decode
from ingest.records import BlockKind, Composer, ParsedDocument, readable

# A blank line before something at the margin that opens, not one that closes a bracket or goes on.
_BOUNDARY = re.compile(r"\n(?:[ \t]*\n)+(?=[^\s)\]}])")


def parse(data: bytes, name: str) -> ParsedDocument:
    """Read `data` as lines whose indentation counts; the title is the file's name.

    Raises:
        Unreadable: the bytes are not text.
        TooLarge: there are more characters than MAX_CHARACTERS.
    """
    composer = Composer()
    for part in _BOUNDARY.split(readable(decode(data))):
        composer.add(BlockKind.CODE, part)
    return composer.finish("source", PurePath(name).name)
