"""Parses DOCX into the text its reader sees: headings, lists, tables and text boxes in order, tracked
changes as accepted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from ingest.parsers.numbering import Numbering
from ingest.parsers.ooxml import Package
from ingest.records import BlockKind, Composer, ParsedDocument
from rag.errors import Unreadable

# Word writes one of two namespaces, transitional or strict; only the local names matter here.
_DROPPED = frozenset(
    (
        "del", "moveFrom", "delText", "instrText", "Fallback", "pPrChange", "rPrChange", "sectPr",
        "proofErr", "fldData", "annotationRef", "footnoteRef",
    )
)  # fmt: skip
_NOTE_PARTS = (
    ("header", "headers"),
    ("footer", "footers"),
    ("footnotes", "footnotes"),
    ("endnotes", "endnotes"),
)


def parse(data: bytes, name: str) -> ParsedDocument:
    """Read the body of `data`, then its footnotes, headers and footers.

    Raises:
        Unreadable: damaged, not a Word document, or without any text.
        TooLarge: a part unpacks to more than its limit.
    """
    package = Package(data)
    main = next(iter(package.related("").get("officeDocument", [])), "word/document.xml")
    root = package.xml(main)
    body = next((node for node in root if _tag(node) == "body"), None) if root is not None else None
    if body is None:
        raise Unreadable("the file is damaged: it holds no document body")
    related = package.related(main)
    styles = _Styles(_first_xml(package, related.get("styles", [])))
    composer = Composer()
    walk = _Walk(composer, styles, Numbering(_first_xml(package, related.get("numbering", []))))
    walk.run(body)
    for kind, _ in _NOTE_PARTS:
        _add_margin(package, related.get(kind, []), composer, styles)
    if composer.empty:
        raise Unreadable("the document holds no text")
    title = walk.title or _core_title(package) or composer.first_heading() or PurePath(name).stem
    return composer.finish("docx", title)


class _Styles:
    """Which paragraph styles are headings, titles or lists, through their chains of inheritance."""

    def __init__(self, root: Any | None) -> None:
        self._by_id: dict[str, Any] = {}
        for node in root if root is not None else ():
            if _tag(node) == "style":
                self._by_id[_value(node, "styleId")] = node

    def level(self, paragraph: Any) -> int:
        """The heading level 1..6 of `paragraph`; 0 when it is none; -1 for a document title."""
        properties = _child(paragraph, "pPr")
        own = _outline_level(properties)
        if own is not None:
            return own
        for style in self.chain(properties):
            name = _value(_child(style, "name"), "val").lower()
            if name == "title":
                return -1
            if name.startswith("heading ") and name[8:].isdigit():
                return min(int(name[8:]), 6)
            own = _outline_level(_child(style, "pPr"))
            if own is not None:
                return own
        return 0

    def numbering(self, paragraph: Any) -> tuple[str, int] | None:
        """The list (numId, level) that `paragraph` belongs to by itself or by its style."""
        properties = _child(paragraph, "pPr")
        sources = [properties, *(_child(style, "pPr") for style in self.chain(properties))]
        for source in sources:
            node = _child(source, "numPr")
            if node is not None:
                number = _value(_child(node, "numId"), "val")
                level = _value(_child(node, "ilvl"), "val")
                return (number, int(level) if level.isdigit() else 0) if number not in ("", "0") else None
        return None

    def chain(self, properties: Any | None) -> Iterator[Any]:
        """The style named in `properties` and those it is based on."""
        name = _value(_child(properties, "pStyle"), "val")
        for _ in range(20):
            style = self._by_id.get(name)
            if style is None:
                return
            yield style
            name = _value(_child(style, "basedOn"), "val")


class _Walk:
    """One pass over the body in document order; neighbouring list paragraphs become one block."""

    def __init__(self, composer: Composer, styles: _Styles, numbering: Numbering) -> None:
        self.title = ""
        self._composer = composer
        self._styles = styles
        self._numbering = numbering
        self._items: list[str] = []

    def run(self, container: Any) -> None:
        """Add what stands in `container` (a body, content control or text box)."""
        self._visit(container)
        self._end_list()

    def _visit(self, container: Any) -> None:
        for node in container:
            tag = _tag(node)
            if tag == "p":
                self._paragraph(node)
            elif tag == "tbl":
                self._end_list()
                self._composer.add(BlockKind.TABLE, "\n".join(_rows(node)))
            elif tag not in _DROPPED and tag not in ("pPr", "tblPr", "sdtPr"):
                self._visit(node)

    def _paragraph(self, node: Any) -> None:
        text = paragraph_text(node).strip()
        level = self._styles.level(node)
        numbered = self._styles.numbering(node) if text else None
        marker = self._numbering.marker(*numbered) if numbered else ""
        if text and level:
            self._end_list()
            heading = " ".join((marker + text).split())
            self.title = self.title or (heading if level < 0 else "")
            self._composer.add(BlockKind.HEADING, heading, level=abs(level))
        elif text and numbered:
            self._items.append("  " * min(numbered[1], 8) + marker + text.replace("\n", " "))
        elif text:
            self._end_list()
            self._composer.add(BlockKind.PARAGRAPH, text)
        for box in _text_boxes(node):
            self._visit(box)

    def _end_list(self) -> None:
        self._composer.add(BlockKind.LIST, "\n".join(self._items))
        self._items = []


def paragraph_text(paragraph: Any) -> str:
    """The paragraph's own words: inserted and linked runs, without deleted ones and without its text
    boxes."""
    parts: list[str] = []
    stack = [paragraph]
    while stack:
        node = stack.pop()
        tag = _tag(node)
        if tag == "t":
            parts.append(node.text or "")
        elif tag in ("tab", "ptab") and _tag(node.getparent()) == "r":
            parts.append("\t")
        elif tag in ("br", "cr"):
            parts.append("\n")
        elif tag == "noBreakHyphen":
            parts.append("-")
        elif tag not in _DROPPED and tag not in ("txbxContent", "pPr", "rPr"):
            stack.extend(reversed(node))
    return "".join(parts)


def _text_boxes(paragraph: Any) -> Iterator[Any]:
    """Text boxes anchored in `paragraph`; the older copy that Word keeps for old readers is passed over."""
    stack = list(reversed(paragraph))
    while stack:
        node = stack.pop()
        if _tag(node) == "txbxContent":
            yield node
        elif _tag(node) not in _DROPPED:
            stack.extend(reversed(node))


def _rows(table: Any) -> Iterator[str]:
    """Each row as one line, cells parted by ` | `; a table inside a cell is told inside that cell."""
    for row in _inside(table, "tr"):
        if _child(_child(row, "trPr"), "del") is not None:
            continue
        cells = []
        for cell in _inside(row, "tc"):
            merge = _child(_child(cell, "tcPr"), "vMerge")
            continues = merge is not None and _value(merge, "val") in ("", "continue")
            cells.append("" if continues else " ".join(" ".join(_cell_texts(cell)).split()))
        if any(cells):
            yield " | ".join(cells)


def _cell_texts(container: Any) -> Iterator[str]:
    for node in container:
        tag = _tag(node)
        if tag == "p":
            yield paragraph_text(node)
            for box in _text_boxes(node):
                yield from _cell_texts(box)
        elif tag == "tbl":
            yield "; ".join(_rows(node))
        elif tag not in _DROPPED and tag not in ("tcPr", "sdtPr"):
            yield from _cell_texts(node)


def _inside(container: Any, wanted: str) -> Iterator[Any]:
    """Children called `wanted`, also within content controls and tracked insertions."""
    for node in container:
        if _tag(node) == wanted:
            yield node
        elif _tag(node) in ("sdt", "sdtContent", "ins", "moveTo", "customXml", "smartTag"):
            yield from _inside(node, wanted)


def _add_margin(package: Package, parts: list[str], composer: Composer, styles: _Styles) -> None:
    """Add headers, footers or notes; a text that stands in several of them once."""
    seen: set[str] = set()
    for part in parts:
        root = package.xml(part)
        if root is None:
            continue
        margin = Composer()
        _Walk(margin, styles, Numbering(None)).run(root)
        for block in margin.finish("docx", "").blocks:
            if block.text not in seen and not block.text.isdigit():
                seen.add(block.text)
                kind = BlockKind.PARAGRAPH if block.kind is BlockKind.HEADING else block.kind
                composer.add(kind, block.text)


def _core_title(package: Package) -> str:
    root = package.xml("docProps/core.xml")
    return next((node.text or "" for node in root if _tag(node) == "title"), "").strip() if root is not None else ""


def _first_xml(package: Package, parts: list[str]) -> Any | None:
    return package.xml(parts[0]) if parts else None


def _outline_level(properties: Any | None) -> int | None:
    level = _value(_child(properties, "outlineLvl"), "val")
    return (int(level) + 1 if int(level) < 6 else 0) if level.isdigit() else None


def _tag(node: Any) -> str:
    """The local name; an empty string for what is no element, such as an entity left unresolved."""
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""


def _child(node: Any | None, name: str) -> Any | None:
    return None if node is None else next((child for child in node if _tag(child) == name), None)


def _value(node: Any | None, name: str) -> str:
    if node is None:
        return ""
    return next((str(value) for key, value in node.attrib.items() if key.rpartition("}")[2] == name), "")
