"""Parses RTF into its paragraphs and table rows; pictures and embedded objects are passed over."""

from __future__ import annotations

from itertools import groupby
from pathlib import PurePath

from ingest.records import BlockKind, Composer, ParsedDocument
from rag.errors import Unreadable


def parse(data: bytes, name: str) -> ParsedDocument:
    """Read `data` in the code page that it names.

    Raises:
        Unreadable: damaged beyond reading.
        TooLarge: there are more characters than MAX_CHARACTERS.
    """
    from striprtf.striprtf import rtf_to_text

    try:
        text = rtf_to_text(data.decode("latin-1"), errors="replace")
    except (ValueError, LookupError, IndexError, OverflowError):
        raise Unreadable("the file is damaged: its RTF cannot be read") from None
    composer = Composer()
    for is_row, lines in groupby(text.split("\n"), key=_is_row):
        if is_row:
            rows = (" | ".join(cell.strip() for cell in line.rstrip("|").split("|")) for line in lines)
            composer.add(BlockKind.TABLE, "\n".join(rows))
        else:
            for line in lines:
                composer.add(BlockKind.PARAGRAPH, line)
    return composer.finish("rtf", PurePath(name).stem)


def _is_row(line: str) -> bool:
    return line.endswith("|")
