"""Parses Markdown into headings, paragraphs, lists, tables and code. Raw HTML inside becomes its text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING

from ingest.parsers.decode import decode
from ingest.parsers.front_matter import split_front_matter
from ingest.records import BlockKind, Composer, ParsedDocument, join_lines, readable

if TYPE_CHECKING:
    from markdown_it.token import Token


def parse(data: bytes, name: str) -> ParsedDocument:
    """Read `data` as CommonMark with tables and front matter.

    Raises:
        Unreadable: the bytes are not text.
        TooLarge: there are more characters than MAX_CHARACTERS.
    """
    from markdown_it import MarkdownIt

    front_matter, body = split_front_matter(readable(decode(data)))
    composer = Composer()
    _Walk(composer).run(MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(body))
    title = front_matter.get("title") or composer.first_heading() or PurePath(name).stem
    return composer.finish("markdown", title, front_matter=front_matter)


class _Walk:
    """One pass over the token stream. Inside a list or a table lines are gathered and added as one block."""

    def __init__(self, composer: Composer) -> None:
        self._composer = composer
        self._counters: list[int | None] = []
        self._lines: list[str] = []
        self._marker = ""
        self._cells: list[str] = []
        self._heading = 0
        self._in_table = False

    def run(self, tokens: Sequence[Token]) -> None:
        """Add every block of `tokens` to the composer."""
        handlers: dict[str, Callable[[Token], None]] = {
            "heading_open": self._heading_open,
            "heading_close": self._heading_close,
            "inline": self._inline,
            "bullet_list_open": self._list_open,
            "ordered_list_open": self._list_open,
            "bullet_list_close": self._list_close,
            "ordered_list_close": self._list_close,
            "list_item_open": self._item_open,
            "table_open": self._table_open,
            "tr_close": self._row_close,
            "table_close": self._table_close,
            "fence": self._code,
            "code_block": self._code,
            "html_block": self._html,
        }
        for token in tokens:
            handle = handlers.get(token.type)
            if handle is not None:
                handle(token)

    def _heading_open(self, token: Token) -> None:
        self._heading = int(token.tag[1:])

    def _heading_close(self, _token: Token) -> None:
        self._heading = 0

    def _inline(self, token: Token) -> None:
        text = plain_inline(token.children or [])
        if self._in_table:
            self._cells.append(" ".join(text.split()))
        elif self._counters:
            self._add_line(text)
        elif self._heading:
            self._composer.add(BlockKind.HEADING, text.replace("\n", " "), level=self._heading)
        else:
            self._composer.add(BlockKind.PARAGRAPH, text)

    def _list_open(self, token: Token) -> None:
        ordered = token.type == "ordered_list_open"
        self._counters.append(int(token.attrGet("start") or 1) - 1 if ordered else None)

    def _list_close(self, _token: Token) -> None:
        self._counters.pop()
        if not self._counters:
            self._flush(BlockKind.LIST)

    def _item_open(self, _token: Token) -> None:
        counter = self._counters[-1]
        if counter is None:
            self._marker = "- "
        else:
            self._counters[-1] = counter + 1
            self._marker = f"{counter + 1}. "

    def _table_open(self, _token: Token) -> None:
        self._in_table = True

    def _row_close(self, _token: Token) -> None:
        self._lines.append(" | ".join(self._cells))
        self._cells = []

    def _table_close(self, _token: Token) -> None:
        self._in_table = False
        if not self._counters:
            self._flush(BlockKind.TABLE)

    def _code(self, token: Token) -> None:
        if self._counters:
            for line in token.content.splitlines():
                self._add_line(line)
        else:
            self._composer.add(BlockKind.CODE, token.content)

    def _html(self, token: Token) -> None:
        text = _html_text(token.content)
        if self._counters:
            self._add_line(text)
        else:
            self._composer.add(BlockKind.PARAGRAPH, text)

    def _add_line(self, text: str) -> None:
        """Put `text` under the current item: its first line behind the marker, further ones indented."""
        indent = "  " * (len(self._counters) - 1)
        for line in text.splitlines():
            self._lines.append(indent + (self._marker or "  ") + line)
            self._marker = ""

    def _flush(self, kind: BlockKind) -> None:
        self._composer.add(kind, "\n".join(self._lines))
        self._lines = []


def plain_inline(children: Sequence[Token]) -> str:
    """The words of inline tokens: link texts without addresses, images as their alternative text."""
    lines: list[str] = [""]
    for token in children:
        if token.type in ("text", "code_inline", "image"):
            lines[-1] += token.content
        elif token.type in ("strong_open", "strong_close") and token.markup == "__":
            lines[-1] += "__"  # in real documents this is far more often a name such as __init__ than bold
        elif token.type == "softbreak":
            lines[-1] = lines[-1] + "\n"
        elif token.type == "hardbreak" or (token.type == "html_inline" and token.content.lower().startswith("<br")):
            lines.append("")
    return "\n".join(join_lines(line.split("\n")) for line in lines)


def _html_text(markup: str) -> str:
    from ingest.parsers.html import parse_markup

    return parse_markup(markup, "").text
