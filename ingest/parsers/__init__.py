"""One module per format; each turns bytes into a ParsedDocument inside the caged child."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ingest.parsers import docx, html, markdown, pdf, text
from ingest.parsers.detect import detect_format, explain_unsupported, require_format
from ingest.records import ParsedDocument
from rag.errors import Unreadable

PARSERS: Mapping[str, Callable[[bytes, str], ParsedDocument]] = {
    "markdown": markdown.parse,
    "text": text.parse,
    "html": html.parse,
    "pdf": pdf.parse,
    "docx": docx.parse,
}

__all__ = ["PARSERS", "detect_format", "explain_unsupported", "parse_bytes", "require_format"]


def parse_bytes(data: bytes, name: str) -> ParsedDocument:
    """Read `data` with the reader its content asks for; `name` serves only as a hint and as a last title.

    Raises:
        Unsupported: there is no reader for it.
        Unreadable: it is damaged, locked, or holds no text.
        TooLarge: it unpacks to more than a stated limit.
    """
    document = PARSERS[require_format(data, name)](data, name)
    if not document.text:
        raise Unreadable("the file holds no text")
    return document
