"""Parses CSV and TSV, whatever their delimiter, into one table; the first row is its header in every chunk."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import PurePath

from ingest.parsers.decode import decode
from ingest.parsers.grid import Grid
from ingest.records import MAX_CHARACTERS, Composer, ParsedDocument, readable
from rag.errors import Unreadable

_DELIMITERS = ",\t;|"
_SAMPLE_ROWS = 50


def parse(data: bytes, name: str) -> ParsedDocument:
    """Read `data` as rows of cells; a line break inside a quoted cell becomes a space.

    Raises:
        Unreadable: the bytes are not text.
        TooLarge: there are more characters than MAX_CHARACTERS.
    """
    text = readable(decode(data))
    marked, _, rest = text.partition("\n")
    declared = marked[4] if marked.lower().startswith("sep=") and len(marked) == 5 else ""  # as Excel writes it
    text = rest if declared else text
    composer = Composer()
    grid = Grid(composer)
    number = 0
    for row in _rows(text, declared or _find_delimiter(text)):
        cells = {column: cell for column, cell in enumerate(row) if cell.strip()}
        number += bool(cells)
        grid.add(number, cells)
    grid.finish()
    return composer.finish("csv", PurePath(name).stem)


def _find_delimiter(text: str) -> str:
    """The delimiter that gives most rows the same number of cells, above one; of two equals the one that gives
    more cells."""
    best, chosen = (0.0, 0), ","
    for delimiter in _DELIMITERS:
        rows = islice(_rows(text[:200_000], delimiter), _SAMPLE_ROWS)
        widths = Counter(len(row) for row in rows if any(row))
        width, rows_of_it = widths.most_common(1)[0] if widths else (0, 0)
        score = (round(rows_of_it / sum(widths.values()), 1), width) if width > 1 else (0.0, 0)
        if score > best:
            best, chosen = score, delimiter
    return chosen


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    # The module's limit is one for all of Python; its default of 128 KiB is less than real cells hold.
    csv.field_size_limit(MAX_CHARACTERS)
    try:
        yield from csv.reader(text.splitlines(keepends=True), delimiter=delimiter, skipinitialspace=delimiter == ",")
    except csv.Error:
        raise Unreadable("the file is damaged: its rows cannot be told apart") from None
