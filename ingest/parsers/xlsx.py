"""Parses XLSX: each sheet a heading with its tables, row by row as a stream, however large or sparse it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from ingest.parsers.grid import Grid
from ingest.parsers.number_formats import show_number
from ingest.parsers.ooxml import Package, attribute, core_title, local_name
from ingest.records import MAX_CHARACTERS, BlockKind, Composer, ParsedDocument
from rag.errors import TooLarge, Unreadable

MAX_SHEETS = 1_000


def parse(data: bytes, name: str) -> ParsedDocument:
    """Read every sheet of `data`, hidden ones too, then their comments. Formulas are told by their last results.

    Raises:
        Unreadable: damaged, or not a workbook.
        TooLarge: a part unpacks to more than its limit, or there are more characters than MAX_CHARACTERS.
    """
    package = Package(data)
    main = next(iter(package.related("").get("officeDocument", [])), "xl/workbook.xml")
    book = package.xml(main)
    if book is None:
        raise Unreadable("the file is damaged: it holds no workbook")
    parts = {link: path for link, _, path in package.links(main)}
    related = package.related(main)
    cells = _Cells(package, book, related)
    composer = Composer()
    hidden = 0
    sheets = list(_sheets(book))
    if len(sheets) > MAX_SHEETS:
        raise TooLarge(f"the file holds {len(sheets):,} sheets; at most {MAX_SHEETS:,} are read")
    for title, link, is_hidden in sheets:
        part = parts.get(link, "")
        if "worksheets/" in part:  # charts and dialogs have no rows
            hidden += is_hidden
            sheet = _read_sheet(package, part, cells)
            if sheet.blocks:
                composer.add(BlockKind.HEADING, title + (" (hidden sheet)" if is_hidden else ""), level=1)
            for block in sheet.blocks:
                composer.add(block.kind, block.text)
    notes = (f"{hidden} of {len(sheets)} sheets is hidden; it was read too",) if hidden == 1 else ()
    notes = (f"{hidden} of {len(sheets)} sheets are hidden; they were read too",) if hidden > 1 else notes
    return composer.finish("xlsx", core_title(package) or PurePath(name).stem, notes=notes)


class _Cells:
    """Knows what a cell's stored value means: shared texts, number formats, and where the calendar begins."""

    def __init__(self, package: Package, book: Any, related: Any) -> None:
        self._shared = [text for part in related.get("sharedStrings", [])[:1] for text in _shared(package, part)]
        self._formats: list[tuple[int, str]] = []
        styles = package.xml(related["styles"][0]) if related.get("styles") else None
        codes: dict[int, str] = {}
        for node in styles if styles is not None else ():
            if local_name(node) == "numFmts":
                codes = {_number(attribute(one, "numFmtId")): attribute(one, "formatCode") for one in node}
            elif local_name(node) == "cellXfs":
                ids = [_number(attribute(one, "numFmtId")) for one in node]
                self._formats = [(one, codes.get(one, "")) for one in ids]
        properties = next((node for node in book if local_name(node) == "workbookPr"), None)
        self._from_1904 = properties is not None and attribute(properties, "date1904") in ("1", "true")

    def text(self, cell: Any) -> str:
        """What the cell shows; its formula where no result was ever stored."""
        kind = cell.get("t") or "n"
        value = next((node for node in cell if local_name(node) == "v"), None)
        raw = "" if value is None else value.text or ""
        if kind == "s":
            index = _number(raw)
            return self._shared[index] if 0 <= index < len(self._shared) else ""
        if kind == "inlineStr":
            return "".join(_rich_text(node) for node in cell if local_name(node) == "is")
        if kind == "b":
            return "TRUE" if raw == "1" else "FALSE"
        if kind == "n" and raw:
            style = _number(cell.get("s") or "0")
            format_id, code = self._formats[style] if 0 <= style < len(self._formats) else (0, "")
            return show_number(raw, format_id, code, from_1904=self._from_1904)
        formula = next((node.text or "" for node in cell if local_name(node) == "f"), "")
        return raw or (f"={formula}" if formula else "")


def _sheets(book: Any) -> Iterator[tuple[str, str, bool]]:
    """Each sheet's name, the id of the link to its part, and whether it is hidden."""
    for node in book:
        if local_name(node) == "sheets":
            for sheet in node:
                # Two attributes end in `id`: sheetId, and the link's id in a namespace of its own.
                link = next((str(value) for key, value in sheet.attrib.items() if key.endswith("}id")), "")
                yield attribute(sheet, "name"), link, attribute(sheet, "state") in ("hidden", "veryHidden")


def _read_sheet(package: Package, part: str, cells: _Cells) -> ParsedDocument:
    composer = Composer()
    grid = Grid(composer)
    number = 0
    for row in package.elements(part, "row"):
        number = _number(row.get("r") or "") or number + 1
        texts: dict[int, str] = {}
        column = 0
        for cell in row:
            column = _column(cell.get("r") or "") or column + 1
            text = cells.text(cell)
            if text:
                texts[column] = text
        grid.add(number, texts)
    grid.finish()
    composer.add(BlockKind.LIST, "\n".join(_comments(package, part)))
    return composer.finish("xlsx", "")


def _comments(package: Package, part: str) -> Iterator[str]:
    for comments in package.related(part).get("comments", []):
        root = package.xml(comments)
        for node in root.iter("{*}comment") if root is not None else ():
            text = " ".join("".join(_rich_text(one) for one in node if local_name(one) == "text").split())
            if text:
                yield f"- {attribute(node, 'ref')}: {text}"


def _shared(package: Package, part: str) -> Iterator[str]:
    total = 0
    for node in package.elements(part, "si"):
        text = _rich_text(node)
        total += len(text)
        if total > MAX_CHARACTERS:
            raise TooLarge(f"the text is longer than {MAX_CHARACTERS:,} characters")
        yield text


def _rich_text(node: Any) -> str:
    """The words of all runs, without the readings (furigana) that stand above them."""
    return "".join(one.text or "" for one in node.iter("{*}t") if next(one.iterancestors("{*}rPh"), None) is None)


def _column(reference: str) -> int:
    """The number of the column in a cell's reference such as `AB12`, counted from 1; 0 where there is none."""
    column = 0
    for letter in reference[:3].upper():
        if not "A" <= letter <= "Z":
            break
        column = column * 26 + ord(letter) - 64
    return column


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
