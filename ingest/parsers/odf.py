"""Parses OpenDocument texts, sheets and slides (ODT, ODS, ODP), tracked changes as accepted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from ingest.parsers.grid import Grid
from ingest.parsers.ooxml import Package, attribute, local_name
from ingest.records import BlockKind, Composer, ParsedDocument
from rag.errors import Unreadable

_DROPPED = frozenset(
    (
        "tracked-changes", "sequence-decls", "forms", "scripts", "settings", "shapes", "event-listeners", "script",
        "table-of-content-source", "bibliography-source", "date-time", "date-time-decl", "footer-decl", "thumbnail",
    )
)  # fmt: skip
_MAX_REPEATS = 100
"""A cell or row that says it is repeated more often than this is a filler that only fills the sheet."""


def parse(data: bytes, name: str) -> ParsedDocument:
    """Read the content of `data` in document order, with footnotes, comments and speakers' notes.

    Raises:
        Unreadable: damaged, or locked with a password.
        TooLarge: a part unpacks to more than its limit, or there are more characters than MAX_CHARACTERS.
    """
    package = Package(data)
    manifest = package.xml("META-INF/manifest.xml")
    if manifest is not None and next(manifest.iter("{*}encryption-data"), None) is not None:
        raise Unreadable("the document is locked with a password; save a copy without it and ingest that")
    content = package.xml("content.xml")
    if content is None:
        raise Unreadable("the file is damaged: it holds no content")
    composer = Composer()
    walk = _Walk(composer)
    walk.run(content)
    meta = package.xml("meta.xml")
    title = next((node.text or "" for node in meta.iter("{*}title")), "") if meta is not None else ""
    return composer.finish(
        "odf", title.strip() or composer.first_heading() or PurePath(name).stem, pages=walk.page or None
    )


class _Walk:
    """One pass in document order with a stack of its own, since hostile files nest deeper than Python recurses."""

    def __init__(self, composer: Composer) -> None:
        self.page = 0
        self._composer = composer

    def run(self, root: Any) -> None:
        """Add every block under `root`."""
        stack = [root]
        while stack:
            node = stack.pop()
            tag = local_name(node)
            if tag == "page":
                self.page += 1
            if tag == "h":
                level = attribute(node, "outline-level")
                self._add(
                    BlockKind.HEADING, _words(node), min(6, int(level)) if level.isdigit() and level != "0" else 1
                )
            elif tag == "p":
                self._add(BlockKind.PARAGRAPH, _words(node))
                stack.extend(reversed(list(_anchored(node))))
            elif tag == "list":
                self._add(BlockKind.LIST, "\n".join(_items(node)))
            elif tag == "table":
                self._table(node)
            elif tag and tag not in _DROPPED:
                stack.extend(reversed(node))

    def _add(self, kind: BlockKind, text: str, level: int = 0) -> None:
        self._composer.add(kind, " ".join(text.split()) if level else text, page=self.page or None, level=level)

    def _table(self, table: Any) -> None:
        name = attribute(table, "name")
        parent = local_name(table.getparent()) if table.getparent() is not None else ""
        if parent == "spreadsheet" and next(table.iter("{*}p"), None) is not None:
            self._add(BlockKind.HEADING, name, 1)
        grid = Grid(self._composer, self.page or None)
        number = 0
        for row in _rows(table):
            cells, repeats = dict(_cells(row)), _repeats(row, "number-rows-repeated")
            for _ in range(repeats if cells and repeats <= _MAX_REPEATS else 1):
                number += 1
                grid.add(number, cells)
            number += 0 if cells else repeats - 1
        grid.finish()


def _rows(table: Any) -> Iterator[Any]:
    """The rows of `table`, also within groups and headers, without those of tables inside its cells."""
    stack = [*reversed(table)]
    while stack:
        node = stack.pop()
        if local_name(node) == "table-row":
            yield node
        elif local_name(node) in ("table-header-rows", "table-rows", "table-row-group"):
            stack.extend(reversed(node))


def _cells(row: Any) -> Iterator[tuple[int, str]]:
    """The filled cells of `row` by column."""
    column = 0
    for cell in row:
        if local_name(cell) in ("table-cell", "covered-table-cell"):
            repeats = _repeats(cell, "number-columns-repeated")
            text = " ".join(_words(one) for one in cell.iter("{*}p", "{*}h"))
            if text.strip():
                for offset in range(repeats if repeats <= _MAX_REPEATS else 1):
                    yield column + offset, text
            column += repeats


def _repeats(node: Any, name: str) -> int:
    text = attribute(node, name)
    return max(1, int(text)) if text.isdigit() and len(text) < 8 else 1


def _items(container: Any, depth: int = 0) -> Iterator[str]:
    """The items of a list, those of lists inside it indented."""
    for item in container:
        if local_name(item) not in ("list-item", "list-header"):
            continue
        marker = "- "
        for node in item:
            if local_name(node) in ("p", "h"):
                words = _words(node)
                if words.strip():
                    yield "  " * min(depth, 8) + marker + " ".join(words.split())
                    marker = "  "
            elif local_name(node) == "list" and depth < 50:
                yield from _items(node, depth + 1)


def _anchored(paragraph: Any) -> Iterator[Any]:
    """Footnotes, comments, frames and text boxes that hang on `paragraph`, outermost first."""
    stack = [*reversed(paragraph)]
    while stack:
        node = stack.pop()
        if local_name(node) in ("note-body", "annotation", "frame", "custom-shape", "text-box"):
            yield node
        else:
            stack.extend(reversed(node))


def _words(node: Any) -> str:
    """The paragraph's own words, without what hangs on it."""
    parts: list[str] = []
    stack: list[Any] = [node]
    while stack:
        one = stack.pop()
        if isinstance(one, str):
            parts.append(one)
            continue
        tag = local_name(one)
        if one is not node and one.tail:
            stack.append(one.tail)
        if tag in ("note", "annotation", "frame", "custom-shape", "ruby-text") or not tag:
            continue
        if tag in ("s", "tab", "line-break"):
            parts.append({"s": " ", "tab": "\t", "line-break": "\n"}[tag])
        stack.extend(reversed(one))
        parts.append(one.text or "")
    return "".join(parts)
