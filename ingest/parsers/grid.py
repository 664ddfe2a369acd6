"""Lays the rows of a sheet out as tables: one row a line, blank rows between tables, no cell that holds nothing."""

from __future__ import annotations

from collections.abc import Mapping

from ingest.records import BlockKind, Composer

MAX_ROWS = 2_000
"""A longer table goes on in another block that begins with the same header, so that memory stays bounded."""
_MAX_COLUMNS = 256


class Grid:
    """Takes the rows of one sheet in order, each as texts by column number, and adds tables to the composer."""

    def __init__(self, composer: Composer, page: int | None = None) -> None:
        self._composer = composer
        self._page = page
        self._rows: list[dict[int, str]] = []
        self._last = 0

    def add(self, number: int, cells: Mapping[int, str]) -> None:
        """Take row `number` (counted from 1). A gap in the numbers ends a table, and so does an empty row."""
        row = {column: " ".join(text.split()) for column, text in cells.items() if text.strip()}
        if not row:
            return
        if number != self._last + 1:
            self.finish()
        self._last = number
        self._rows.append(row)
        if len(self._rows) > MAX_ROWS:
            header = self._flush()
            self._rows = [] if header is None else [header]

    def finish(self) -> None:
        """End the table."""
        self._flush()
        self._rows = []

    def _flush(self) -> dict[int, str] | None:
        """Add the gathered rows and return the header among them. Lone cells above a table are its captions."""
        width = max(map(len, self._rows), default=0)
        first = 0
        while width > 1 and first < len(self._rows) - 1 and len(self._rows[first]) == 1:
            self._composer.add(BlockKind.PARAGRAPH, next(iter(self._rows[first].values())), page=self._page)
            first += 1
        rows = self._rows[first:]
        kind = BlockKind.TABLE if len(rows) > 1 else BlockKind.PARAGRAPH
        self._composer.add(kind, "\n".join(_lines(rows)), page=self._page)
        return rows[0] if rows and width > 1 else None


def _lines(rows: list[dict[int, str]]) -> list[str]:
    """Rows as lines over the columns that any of them uses; side by side where those are too many to line up."""
    columns = sorted(set().union(*rows))
    if len(columns) > _MAX_COLUMNS:
        return [" | ".join(row[column] for column in sorted(row)) for row in rows]
    lines = []
    for row in rows:
        last = max(row)
        lines.append(" | ".join(row.get(column, "") for column in columns if column <= last))
    return lines
