"""Decides a file's format from its content; the name only tells kinds of text apart."""

from __future__ import annotations

import codecs
import re
from pathlib import PurePath

from ingest.parsers.containers import ole_kind, zip_kind
from rag.errors import Unreadable, Unsupported

HEAD_BYTES = 4096
NEEDS_OCR = (
    "needs OCR, which Airlock does not do: add a text layer with"
    " `ocrmypdf -l chi_tra+eng in.pdf out.pdf` (apt install ocrmypdf tesseract-ocr-chi-tra) and ingest the result"
)
_PICTURE_NEEDS_OCR = (
    "needs OCR, which Airlock does not do: write its text with `tesseract picture text -l chi_tra+eng`"
    " (apt install tesseract-ocr tesseract-ocr-chi-tra) and ingest the result"
)
_OLE = b"\xd0\xcf\x11\xe0"

_PICTURES = (
    (b"\x89PNG", "PNG image"), (b"\xff\xd8\xff", "JPEG image"), (b"GIF8", "GIF image"), (b"BM", "BMP image"),
    (b"II*\x00", "TIFF image"), (b"MM\x00*", "TIFF image"),
)  # fmt: skip
_MAGIC = (
    (b"RIFF", "audio or video"), (b"OggS", "audio"), (b"ID3", "audio"), (b"fLaC", "audio"),
    (b"\x1f\x8b", "gzip archive"), (b"7z\xbc\xaf", "7-Zip archive"), (b"Rar!", "RAR archive"),
    (b"BZh", "bzip2 archive"), (b"\xfd7zXZ", "xz archive"), (b"\x7fELF", "program"), (b"MZ", "program"),
    (b"SQLite format 3", "SQLite database"), (b"%!PS", "PostScript"),
)  # fmt: skip
_AMBIGUOUS_MAGIC = (b"MZ", b"BM")  # two letters that a text may begin with
_ZIP_FORMATS = {"Word": "docx", "Excel": "xlsx", "Excel binary": "xls", "PowerPoint": "pptx", "EPUB": "epub",
                "OpenDocument": "odf"}  # fmt: skip
_OLE_FORMATS = {".xls": "xls", ".msg": "msg"}

_TEXT_NAMES = frozenset(("", ".txt", ".text", ".log", ".adoc", ".org", ".tex", ".me", ".srt", ".vtt", ".ics", ".vcf"))
_SOURCE_NAMES = (
    ".py", ".pyi", ".js", ".mjs", ".cjs", ".ts", ".tsx", ".jsx", ".vue", ".svelte", ".java", ".kt", ".kts",
    ".scala", ".groovy", ".gradle", ".c", ".h", ".cc", ".cpp", ".cxx", ".hpp", ".hh", ".cs", ".fs", ".vb", ".m",
    ".mm", ".swift", ".go", ".rs", ".rb", ".php", ".pl", ".pm", ".lua", ".r", ".jl", ".dart", ".hs", ".ml",
    ".clj", ".ex", ".exs", ".erl", ".sql", ".sh", ".bash", ".zsh", ".fish", ".ps1", ".bat", ".cmd", ".css",
    ".scss", ".sass", ".less", ".proto", ".graphql", ".tf", ".hcl", ".cmake", ".mk", ".asm", ".s", ".sol",
    ".zig", ".nim", ".v", ".vhd", ".yaml", ".yml", ".toml", ".ini", ".env", ".cfg", ".conf", ".properties",
    ".dockerfile", ".diff", ".patch",
)  # fmt: skip
_BY_NAME = {
    **dict.fromkeys((".md", ".markdown", ".mdown", ".mkd", ".mdx", ".qmd"), "markdown"),
    **dict.fromkeys((".html", ".htm", ".xhtml", ".xht", ".shtml"), "html"),
    **dict.fromkeys((".csv", ".tsv", ".tab", ".psv"), "csv"),
    **dict.fromkeys((".json", ".jsonl", ".ndjson", ".geojson", ".webmanifest"), "json"),
    **dict.fromkeys((".eml", ".p7s", ".mht", ".mhtml"), "mail"),
    **dict.fromkeys((".rst", ".rest"), "rst"),
    **dict.fromkeys(_SOURCE_NAMES, "source"),
    ".ipynb": "notebook", ".mbox": "mbox", ".xml": "xml", ".svg": "xml", ".rss": "xml", ".atom": "xml", ".xsl": "xml",
}  # fmt: skip
"""Kinds of text by the name, where the content gives no sign of its own."""

_HTML_START = re.compile(rb"^\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html[\s>])", re.I | re.S)
_XML_START = re.compile(rb"^\s*<\?xml\s", re.I)
_MBOX_START = re.compile(rb"From [^\r\n]*\d{4}[^\r\n]*\r?\n[\w-]+:")
_HEADER = re.compile(rb"^([\w-]{2,40}):[ \t]", re.MULTILINE)
# Only programs write the first of these; the others a person may put on top of a memo.
_MAIL_MARKS = frozenset((b"message-id", b"mime-version", b"received", b"return-path", b"delivered-to"))
_MAIL_HEADERS = _MAIL_MARKS | {b"from", b"to", b"cc", b"date", b"subject", b"content-type", b"reply-to"}


def detect_format(data: bytes, name: str) -> str | None:
    """A key of `PARSERS` or `CONTAINERS`; None where `explain_unsupported` has the reason."""
    return None if explain_unsupported(data, name) else _kind(data, name)


def explain_unsupported(data: bytes, name: str) -> str:
    """Why there is no reader for this content, or an empty string when there is one.

    `data` may be only the first HEAD_BYTES of a file, except for archives (`PK`) and old Office files, which
    are told apart by what they hold.
    """
    kind = _kind(data, name)
    if kind == "zip":
        what = zip_kind(data)
        return f"{what} files are not read; unpack it and ingest the folder" if what else ""
    if kind is not None and data.startswith((_OLE, b"PK", b"{\\rtf")):
        return ""
    if not data.strip(b" \t\r\n\x00\xef\xbb\xbf\xff\xfe"):
        return "the file is empty"
    if kind == "pdf":
        return ""
    magic = _magic(data)
    if magic or kind is not None:
        return magic
    return f"{PurePath(name).suffix.lower().lstrip('.')[:12] or 'binary'} files are not read"


def _magic(data: bytes) -> str:
    """What the first bytes say the file is instead of a document; empty when they say nothing."""
    if data.startswith(_OLE):
        return _explain_ole(data)
    if data[4:8] == b"ftyp":
        heic = data[8:12] in (b"heic", b"heix", b"mif1", b"avif")
        return f"HEIC image: {_PICTURE_NEEDS_OCR}" if heic else "photo or video files are not read"
    if data.startswith(_AMBIGUOUS_MAGIC) and b"\x00" not in data[:HEAD_BYTES]:
        return ""
    picture = next((what for mark, what in _PICTURES if data.startswith(mark)), "")
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        picture = "WebP image"
    if picture:
        return f"{picture}: {_PICTURE_NEEDS_OCR}"
    what = next((what for mark, what in _MAGIC if data.startswith(mark)), "")
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
    if b"%PDF-" in data[:1024]:
        return "pdf"
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _ZIP_FORMATS.get(zip_kind(data), "zip")
    if data.startswith(_OLE):
        return _OLE_FORMATS.get(ole_kind(data))
    if data.lstrip()[:5] == b"{\\rtf":
        return "rtf"
    return _text_kind(data, PurePath(name).suffix.lower())


def _text_kind(data: bytes, suffix: str) -> str | None:
    """What kind of text it is: by its first words where they tell, else by the name; None for what is no text."""
    head = data[:HEAD_BYTES].removeprefix(codecs.BOM_UTF8)
    named = _BY_NAME.get(suffix)
    if named == "mail" or _is_mail(head):
        return "mail"
    plain = head.replace(b"\x00", b"").lstrip(b"\xff\xfe")
    if _HTML_START.match(plain):
        return "html"
    if _MBOX_START.match(head):
        return "mbox"
    if _XML_START.match(plain) and named != "html":
        return "xml"
    if named is not None:
        return named
    if suffix in _TEXT_NAMES or not suffix[1:].isalnum() or len(suffix) > 8:
        return "text"
    return "text" if _looks_like_text(head) else None


def _is_mail(head: bytes) -> bool:
    """Whether `head` begins with the headers of an e-mail, among them one that only programs write."""
    top = re.split(rb"\r?\n\r?\n", head, maxsplit=1)[0]
    names = [name.lower() for name in _HEADER.findall(top)]
    known = set(names) & _MAIL_HEADERS
    return bool(_HEADER.match(top)) and len(known) >= 3 and bool(known & _MAIL_MARKS)


def _looks_like_text(head: bytes) -> bool:
    """Whether a file of unknown name may be read as text: UTF-8, or bytes without a control character."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return True
    if re.search(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]", head):
        return False
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(head)
    except UnicodeDecodeError:
        return sum(byte < 0x80 for byte in head) * 2 > len(head)
    return True


def _explain_ole(data: bytes) -> str:
    kind = ole_kind(data)
    if kind in (".doc", ".ppt"):
        return f"old Office files ({kind}) are not read; save it as {kind}x"
    return "this old Office format is not read"
