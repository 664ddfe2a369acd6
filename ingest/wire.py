"""Frames between the ingest process and its caged child: a length, then JSON or bytes. Never pickle."""

from __future__ import annotations

import json
import struct
from typing import Any

from ingest.records import Block, BlockKind, ParsedDocument
from rag.errors import IngestError, ParserKilled, TooLarge, Unreadable, Unsupported

HEADER = struct.Struct(">II")
"""Lengths in bytes of a frame's JSON head and of the bytes after it."""

MAX_HEAD = 1 << 30
"""No reply can be longer: 20 million characters are at most 240 MB of JSON escapes, and their blocks."""

_ERRORS: dict[str, type[IngestError]] = {
    error.__name__: error for error in (Unreadable, Unsupported, TooLarge, ParserKilled)
}


def encode_frame(head: dict[str, Any], body: bytes = b"") -> bytes:
    """One frame: `head` as JSON, then `body` as it is."""
    text = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()
    return HEADER.pack(len(text), len(body)) + text + body


def encode_document(document: ParsedDocument) -> dict[str, Any]:
    """`document` as JSON values; blocks carry offsets only, their texts are slices of the whole."""
    return {
        "format": document.format,
        "title": document.title,
        "text": document.text,
        "blocks": [[block.kind.value, block.start, block.end, block.page, block.level] for block in document.blocks],
        "pages": document.pages,
        "front_matter": dict(document.front_matter),
        "notes": list(document.notes),
    }


def decode_document(value: dict[str, Any]) -> ParsedDocument:
    """The document in `value`, which comes from a process that read hostile bytes: every field is checked.

    Raises:
        ParserKilled: a field is missing, of the wrong type or out of range.
    """
    try:
        text = _checked(value["text"], str)
        pages = value["pages"]
        return ParsedDocument(
            format=_checked(value["format"], str)[:20],
            title=_checked(value["title"], str)[:200],
            text=text,
            blocks=tuple(_decode_block(item, text) for item in value["blocks"]),
            pages=None if pages is None else int(pages),
            front_matter={_checked(k, str): _checked(v, str) for k, v in value["front_matter"].items()},
            notes=tuple(_checked(note, str)[:300] for note in value["notes"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ParserKilled("the parser's reply made no sense") from None


def encode_error(error: IngestError) -> dict[str, Any]:
    """`error` as JSON values: its class and its message, which carries no document text."""
    return {"error": type(error).__name__, "message": str(error)}


def decode_error(value: dict[str, Any]) -> IngestError:
    """The error in `value`; an unknown class becomes ParserKilled."""
    return _ERRORS.get(str(value.get("error")), ParserKilled)(str(value.get("message", ""))[:300])


def _decode_block(item: Any, text: str) -> Block:
    kind, start, end, page, level = item
    if not 0 <= start < end <= len(text):
        raise ValueError("block out of range")
    return Block(BlockKind(kind), text[start:end], start, end, None if page is None else int(page), int(level))


def _checked(value: Any, kind: type[str]) -> str:
    if not isinstance(value, kind):
        raise TypeError("wrong type")
    return value
