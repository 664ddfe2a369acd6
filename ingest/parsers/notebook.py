"""Parses Jupyter notebooks: their text cells as Markdown, their code and its printed results as code."""

from __future__ import annotations

import json
from pathlib import PurePath
from typing import Any

from ingest.parsers import json_data, markdown
from ingest.parsers.decode import decode
from ingest.parsers.nested import append
from ingest.records import BlockKind, Composer, ParsedDocument

_MAX_OUTPUT = 2_000


def parse(data: bytes, name: str) -> ParsedDocument:
    """Read the cells of `data` in order; what is no notebook is read as JSON.

    Raises:
        Unreadable: the bytes are not text.
        TooLarge: there are more characters than MAX_CHARACTERS.
    """
    try:
        book = json.loads(decode(data))
    except (ValueError, RecursionError):
        book = None
    cells = book.get("cells") if isinstance(book, dict) else None
    if not isinstance(cells, list):
        return json_data.parse(data, name)
    composer = Composer()
    for cell in cells:
        if isinstance(cell, dict):
            _add_cell(composer, cell)
    return composer.finish("notebook", composer.first_heading() or PurePath(name).stem)


def _add_cell(composer: Composer, cell: dict[str, Any]) -> None:
    source = _joined(cell.get("source"))
    if cell.get("cell_type") == "markdown":
        append(composer, markdown.parse(source.encode("utf-8", "replace"), ""), 0)
        return
    composer.add(BlockKind.CODE, source)
    for output in cell.get("outputs") or ():
        if isinstance(output, dict):
            data = output.get("data")
            printed = output.get("text") or (data.get("text/plain") if isinstance(data, dict) else None)
            composer.add(BlockKind.CODE, _joined(printed)[:_MAX_OUTPUT])


def _joined(lines: Any) -> str:
    """Text that a notebook stores as one string or as a list of lines."""
    if isinstance(lines, list):
        return "".join(line for line in lines if isinstance(line, str))
    return lines if isinstance(lines, str) else ""
