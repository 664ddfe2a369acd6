"""Parses the binary workbooks of older Excel (XLS) and XLSB: each sheet a heading with its tables."""

from __future__ import annotations

import io
from datetime import date, datetime, time
from pathlib import PurePath
from typing import Any

from ingest.parsers.grid import Grid
from ingest.records import BlockKind, Composer, ParsedDocument
from rag.errors import TooLarge, Unreadable

MAX_CELLS = 20_000_000
"""A sheet is laid out whole, blank cells too; one whose corners span more is refused."""


def parse(data: bytes, name: str) -> ParsedDocument:
    """Read every sheet of `data`, hidden ones too.

    Raises:
        Unreadable: damaged, or locked with a password.
        TooLarge: a sheet spans more than MAX_CELLS, or there are more characters than MAX_CHARACTERS.
    """
    import python_calamine as calamine

    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        composer = Composer()
        for sheet_name in book.sheet_names:
            _add_sheet(composer, book.get_sheet_by_name(sheet_name))
    except calamine.PasswordError:
        raise Unreadable("the workbook is locked with a password; save a copy without it and ingest that") from None
    except (calamine.CalamineError, OSError, ValueError):
        raise Unreadable("the file is damaged: it cannot be read as a workbook") from None
    hidden = sum(1 for one in book.sheets_metadata if one.visible != calamine.SheetVisibleEnum.Visible)
    notes = (f"{hidden} of {len(book.sheet_names)} sheets hidden; read too",) if hidden else ()
    return composer.finish("xls", PurePath(name).stem, notes=notes)


def _add_sheet(composer: Composer, sheet: Any) -> None:
    if sheet.total_height * sheet.total_width > MAX_CELLS:
        raise TooLarge(f"a sheet spans more than {MAX_CELLS:,} cells; save it as .xlsx and ingest that")
    rows = Composer()
    grid = Grid(rows)
    for number, row in enumerate(sheet.iter_rows(), start=1):
        texts = {column: _show(value) for column, value in enumerate(row) if value != ""}
        grid.add(number, texts)
    grid.finish()
    blocks = rows.finish("xls", "").blocks
    if blocks:
        composer.add(BlockKind.HEADING, sheet.name, level=1)
    for block in blocks:
        composer.add(block.kind, block.text)


def _show(value: object) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d" if value.time() == time() else "%Y-%m-%d %H:%M")
    return value.isoformat() if isinstance(value, (date, time)) else str(value)
