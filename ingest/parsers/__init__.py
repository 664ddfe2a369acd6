"""One module per format; each turns bytes into a ParsedDocument inside the caged child."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ingest.parsers import (
    delimited,
    docx,
    epub,
    html,
    json_data,
    mail,
    markdown,
    mbox,
    msg,
    notebook,
    odf,
    pdf,
    pptx,
    rst,
    rtf,
    source,
    text,
    xls,
    xlsx,
    xml,
)
from ingest.parsers.detect import detect_format, explain_unsupported, require_format
from ingest.parsers.nested import Inside
from ingest.records import ParsedDocument
from rag.errors import Unreadable

PARSERS: Mapping[str, Callable[[bytes, str], ParsedDocument]] = {
    "markdown": markdown.parse,
    "text": text.parse,
    "html": html.parse,
    "pdf": pdf.parse,
    "docx": docx.parse,
    "xlsx": xlsx.parse,
    "xls": xls.parse,
    "csv": delimited.parse,
    "json": json_data.parse,
    "notebook": notebook.parse,
    "xml": xml.parse,
    "epub": epub.parse,
    "odf": odf.parse,
    "rtf": rtf.parse,
    "rst": rst.parse,
    "source": source.parse,
}
CONTAINERS: Mapping[str, Callable[[bytes, str, Inside], ParsedDocument]] = {
    "mail": mail.parse,
    "mbox": mbox.parse,
    "msg": msg.parse,
    "pptx": pptx.parse,
}
"""Formats that hold documents inside; what they hold is read by the same parsers and appended."""

__all__ = ["CONTAINERS", "PARSERS", "detect_format", "explain_unsupported", "parse_bytes", "require_format"]


def parse_bytes(data: bytes, name: str) -> ParsedDocument:
    """Read `data` with the reader its content asks for; `name` serves only as a hint and as a last title.

    Raises:
        Unsupported: there is no reader for it.
        Unreadable: it is damaged, locked, or holds no text.
        TooLarge: it unpacks to more than a stated limit.
    """
    return _read(data, name, Inside(_read))


def _read(data: bytes, name: str, inside: Inside) -> ParsedDocument:
    format = require_format(data, name)
    document = CONTAINERS[format](data, name, inside) if format in CONTAINERS else PARSERS[format](data, name)
    if not document.text:
        raise Unreadable("the file holds no text")
    return document
