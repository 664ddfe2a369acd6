"""Parses HTML into what a reader of the page would see. Runs no script, opens no link, keeps no hidden
text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import TYPE_CHECKING

from ingest.parsers.decode import decode
from ingest.records import BlockKind, Composer, ParsedDocument, readable

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_DROPPED = frozenset(
    (
        "script", "style", "noscript", "template", "nav", "head", "svg", "math", "iframe",
        "object", "embed", "canvas", "audio", "video", "select", "datalist", "button", "input",
        "textarea", "map", "dialog",
    )
)  # fmt: skip
_BLOCKS = frozenset(
    (
        "p", "div", "section", "article", "main", "header", "footer", "aside", "blockquote",
        "figure", "figcaption", "address", "fieldset", "form", "details", "summary", "dl", "dt",
        "dd", "hr", "body", "html", "center", "caption", "legend",
    )
)  # fmt: skip
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w-]{2,40})", re.IGNORECASE)
_SPACE = re.compile(r"[ \t\n\r\f]+")


def parse(data: bytes, name: str) -> ParsedDocument:
    """Read `data` as HTML, however broken.

    Raises:
        Unreadable: the bytes are not text.
        TooLarge: there are more characters than MAX_CHARACTERS.
    """
    declared = _META_CHARSET.search(data[:4096])
    charset = declared.group(1).decode("ascii") if declared else None
    return parse_markup(decode(data, charset), name)


def parse_markup(markup: str, name: str) -> ParsedDocument:
    """Read decoded `markup`; a page without a title takes its first heading, then the stem of `name`."""
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(readable(markup))
    composer = Composer()
    root = tree.root
    if root is not None:
        _Walk(composer).run(root)
    title = tree.css_first("head > title")
    words = title.text() if title is not None else ""
    meta = {
        (node.attributes.get("name") or "").strip().lower(): (node.attributes.get("content") or "").strip()
        for node in tree.css("meta[name]")
    }
    return composer.finish(
        "html",
        words.strip() or composer.first_heading() or PurePath(name).stem,
        front_matter={key: value for key, value in meta.items() if key and value},
    )


class _Walk:
    """One pass over the tree, with a stack of its own: pages nest deeper than Python recurses."""

    def __init__(self, composer: Composer) -> None:
        self._composer = composer
        self._inline: list[str] = []
        self._lines: list[str] = []
        self._cells: list[str] = []
        self._lists: list[int | None] = []
        self._marker = ""
        self._tables = 0
        self._pre = 0

    def run(self, root: LexborNode) -> None:
        """Add every visible block under `root` to the composer."""
        for node, entering in _events(root):
            tag = node.tag or ""
            if tag == "-text":
                self._inline.append(self._spaced(node.text_content or ""))
            elif entering:
                self._enter(tag, node)
            else:
                self._leave(tag)
        self._end_paragraph()
        self._flush_lines()

    def _spaced(self, text: str) -> str:
        return text if self._pre and not self._tables else _SPACE.sub(" ", text)

    def _enter(self, tag: str, node: LexborNode) -> None:
        if tag == "br":
            self._inline.append("\n")
        elif tag == "img":
            self._inline.append(_SPACE.sub(" ", node.attributes.get("alt") or ""))
        elif tag in ("ul", "ol"):
            self._end_paragraph()
            self._lists.append(_first_number(node) - 1 if tag == "ol" else None)
        elif tag == "li":
            self._end_paragraph()
            self._marker = self._next_marker()
        elif tag == "table":
            if not self._tables:
                self._end_paragraph()
            self._tables += 1
        elif tag in ("td", "th") and self._tables > 1:
            self._inline.append(" ")
        elif tag in _HEADINGS or tag == "pre" or tag in _BLOCKS:
            self._end_paragraph()
        self._pre += tag == "pre"

    def _leave(self, tag: str) -> None:
        if tag in ("ul", "ol"):
            self._end_paragraph()
            if self._lists:
                self._lists.pop()
            if not self._lists:
                self._flush_lines()
        elif tag == "table":
            self._tables -= 1
            if not self._tables:
                self._end_row()
                self._flush_lines(BlockKind.TABLE)
        elif tag in ("td", "th") and self._tables == 1:
            self._cells.append(" ".join("".join(self._inline).split()))
            self._inline = []
        elif tag == "tr" and self._tables == 1:
            self._end_row()
        elif tag in _HEADINGS:
            self._end_paragraph(BlockKind.HEADING, _HEADINGS[tag])
        elif tag == "pre":
            self._end_paragraph(BlockKind.CODE)
            self._pre -= 1
        elif tag in _BLOCKS or tag == "li":
            self._end_paragraph()

    def _end_paragraph(self, kind: BlockKind = BlockKind.PARAGRAPH, level: int = 0) -> None:
        """Close the words gathered so far: a block of their own, or lines of the open list or table cell."""
        if self._tables:
            self._inline.append(" ")
            return
        text = "".join(self._inline)
        self._inline = []
        if not text.strip():
            return
        if kind is not BlockKind.CODE:
            text = "\n".join(line.strip() for line in text.split("\n"))
        if self._lists:
            indent = "  " * (len(self._lists) - 1)
            for line in text.strip().splitlines():
                self._lines.append(indent + (self._marker or "  ") + line)
                self._marker = ""
        else:
            self._composer.add(kind, text.replace("\n", " ") if level else text, level=level)

    def _end_row(self) -> None:
        caption = " ".join("".join(self._inline).split())
        self._inline = []
        if caption:
            self._lines.append(caption)
        if any(self._cells):
            self._lines.append(" | ".join(self._cells))
        self._cells = []

    def _flush_lines(self, kind: BlockKind = BlockKind.LIST) -> None:
        """Add the gathered rows or items, unless the table or list stands inside an open list."""
        if self._lists and kind is BlockKind.TABLE:
            return
        self._composer.add(kind, "\n".join(self._lines))
        self._lines = []

    def _next_marker(self) -> str:
        if not self._lists or self._lists[-1] is None:
            return "- "
        self._lists[-1] += 1
        return f"{self._lists[-1]}. "


def _events(root: LexborNode) -> Iterator[tuple[LexborNode, bool]]:
    """Every visible node on entering and, for elements, again on leaving."""
    stack: list[tuple[LexborNode, bool]] = [(root, True)]
    while stack:
        node, entering = stack.pop()
        yield node, entering
        if not entering or node.tag == "-text":
            continue
        stack.append((node, False))
        children = []
        child = node.child
        while child is not None:
            if child.is_text_node or (child.is_element_node and not _is_hidden(child)):
                children.append((child, True))
            child = child.next
        stack.extend(reversed(children))


def _is_hidden(node: LexborNode) -> bool:
    if node.tag in _DROPPED:
        return True
    attributes = node.attributes
    return (
        "hidden" in attributes
        or attributes.get("aria-hidden") == "true"
        or attributes.get("role") == "navigation"
        or bool(_HIDDEN_STYLE.search(attributes.get("style") or ""))
    )


def _first_number(node: LexborNode) -> int:
    start = (node.attributes.get("start") or "").strip()
    return int(start) if start.isascii() and start.isdigit() and len(start) < 7 else 1
