"""Decides a file's format from its content; the name only tells kinds of text apart."""

from __future__ import annotations

import re
from pathlib import PurePath

from rag.errors import Unreadable, Unsupported

HEAD_BYTES = 4096
_OLE = b"\xd0\xcf\x11\xe0"

_MAGIC = (
    (b"\x89PNG", "PNG image"), (b"\xff\xd8\xff", "JPEG image"), (b"GIF8", "GIF image"), (b"BM", "BMP image"),
    (b"II*\x00", "TIFF image"), (b"MM\x00*", "TIFF image"), (b"RIFF", "audio or video"), (b"OggS", "audio"),
    (b"ID3", "audio"), (b"fLaC", "audio"), (b"\x1f\x8b", "gzip archive"), (b"7z\xbc\xaf", "7-Zip archive"),
    (b"Rar!", "RAR archive"), (b"BZh", "bzip2 archive"), (b"\xfd7zXZ", "xz archive"), (b"{\\rtf", "RTF"),
    (b"\x7fELF", "program"), (b"MZ", "program"), (b"SQLite format 3", "SQLite database"),
    (b"%!PS", "PostScript"),
)  # fmt: skip
_AMBIGUOUS_MAGIC = ("program", "BMP image")  # two letters that a text may begin with
_TEXT_NAMES = frozenset(("", ".txt", ".text", ".log", ".rst", ".adoc", ".org", ".tex", ".me"))
_MARKDOWN_NAMES = frozenset((".md", ".markdown", ".mdown", ".mkd", ".mdx", ".qmd"))
_HTML_NAMES = frozenset((".html", ".htm", ".xhtml", ".xht", ".shtml"))
_OTHER_TEXT = {
    ".csv": "CSV", ".tsv": "TSV", ".json": "JSON", ".jsonl": "JSON lines", ".ndjson": "JSON lines",
    ".xml": "XML", ".eml": "e-mail", ".mbox": "mailbox", ".mht": "web archive", ".mhtml": "web archive",
    ".p7s": "signed e-mail", ".ipynb": "notebook", ".yaml": "YAML", ".yml": "YAML", ".toml": "TOML",
    ".ini": "settings", ".env": "settings", ".cfg": "settings", ".svg": "SVG image", ".ics": "calendar",
    ".vcf": "contacts", ".srt": "subtitles", ".vtt": "subtitles", ".css": "style sheet",
    ".js": "program source", ".py": "program source",
}  # fmt: skip
_OFFICE = ((b"xl/", "Excel"), (b"ppt/", "PowerPoint"), (b"visio/", "Visio"))
_HTML_START = re.compile(rb"^\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html[\s>])", re.I | re.S)


def detect_format(data: bytes, name: str) -> str | None:
    """`markdown`, `text`, `html`, `pdf` or `docx`; None where `explain_unsupported` has the reason."""
    return None if explain_unsupported(data, name) else _kind(data, name)


def explain_unsupported(data: bytes, name: str) -> str:
    """Why there is no reader for this content, or an empty string when there is one.

    `data` may be only the first HEAD_BYTES of a file, except for archives (`PK`), which are told apart by
    what they hold.
    """
    suffix = PurePath(name).suffix.lower()
    kind = _kind(data, name)
    if kind == "html" and suffix in (".mht", ".mhtml", ".eml"):
        return f"{_OTHER_TEXT[suffix]} files are not read yet"
    if kind in ("pdf", "docx", "html"):
        return ""
    if kind == "zip":
        what = _zip_kind(data)
        return f"{what} files are not read yet" if what else ""
    if not data.strip(b" \t\r\n\x00\xef\xbb\xbf\xff\xfe"):
        return "the file is empty"
    magic = _magic(data)
    if magic:
        return magic
    return "" if kind else f"{_OTHER_TEXT.get(suffix, suffix.lstrip('.')[:12] or 'unknown')} files are not read yet"


def _magic(data: bytes) -> str:
    """What the first bytes say the file is instead of a document; empty when they say nothing."""
    if data.startswith(_OLE):
        return _explain_ole(data)
    if data[4:8] == b"ftyp":
        return "photo or video files are not read"
    what = next((name for mark, name in _MAGIC if data.startswith(mark)), "")
    if what in _AMBIGUOUS_MAGIC and b"\x00" not in data[:HEAD_BYTES]:
        return ""
    return f"{what} files are not read" if what else ""


def require_format(data: bytes, name: str) -> str:
    """The format of `data`.

    Raises:
        Unsupported: there is no reader for it; the message says what it is.
        Unreadable: it is an Office file locked with a password, or a damaged one.
    """
    if data.startswith(_OLE) and "EncryptedPackage".encode("utf-16-le") in data:
        raise Unreadable("the document is locked with a password; save a copy without it and ingest that")
    reason = explain_unsupported(data, name)
    if reason:
        raise Unsupported(reason)
    kind = _kind(data, name)
    if kind is None or kind == "zip":
        raise Unreadable("the file is damaged: its container cannot be opened")
    return kind


def _kind(data: bytes, name: str) -> str | None:
    suffix = PurePath(name).suffix.lower()
    if b"%PDF-" in data[:1024]:
        return "pdf"
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "docx" if _zip_kind(data) == "Word" else "zip"
    if _HTML_START.match(data[:HEAD_BYTES].replace(b"\x00", b"").removeprefix(b"\xef\xbb\xbf").lstrip(b"\xff\xfe")):
        return "html"
    if suffix in _HTML_NAMES:
        return "html"
    if suffix in _MARKDOWN_NAMES:
        return "markdown"
    if suffix in _TEXT_NAMES or not suffix[1:].isalnum() or len(suffix) > 8:
        return "text"
    return None


def _zip_kind(data: bytes) -> str:
    """What kind of package a zip archive is, by the names in it; empty where its directory is cut off."""
    if b"PK\x05\x06" not in data[-70_000:]:
        return ""
    if b"word/document" in data or b"wordprocessingml" in data:
        return "Word"
    for mark, what in _OFFICE:
        if mark in data:
            return what
    if data[30:60].startswith(b"mimetypeapplication/epub"):
        return "EPUB"
    return "OpenDocument" if data[30:60].startswith(b"mimetypeapplication/vnd.oasis") else "zip archive"


def _explain_ole(data: bytes) -> str:
    for mark, what in (
        ("WordDocument", ".doc"),
        ("Workbook", ".xls"),
        ("Book", ".xls"),
        ("PowerPoint Document", ".ppt"),
    ):
        if mark.encode("utf-16-le") in data:
            return f"old Office files ({what}) are not read; save it as {what}x"
    return "this old Office or e-mail format is not read"
