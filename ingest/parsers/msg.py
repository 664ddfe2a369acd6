"""Parses Outlook's own message files (MSG) as e-mail: who, when and what, the body, then the attachments."""

from __future__ import annotations

import struct
from pathlib import PurePath
from typing import TYPE_CHECKING

from ingest.parsers import html, text
from ingest.parsers.mail import SHOWN
from ingest.parsers.nested import Inside, append
from ingest.records import BlockKind, Composer, ParsedDocument
from rag.errors import Unreadable

if TYPE_CHECKING:
    from oxmsg import Message

_HTML_ENCODING_UNKNOWN = (UnicodeDecodeError, LookupError, KeyError, ValueError)


def parse(data: bytes, name: str, inside: Inside) -> ParsedDocument:
    """Read one message; a message attached as an Outlook item is noted, not read.

    Raises:
        Unreadable: damaged.
        TooLarge: there are more characters than MAX_CHARACTERS.
    """
    from oxmsg import Message

    composer = Composer()
    try:
        message = Message.load(data)
        subject = " ".join(message.subject.split())
        lines = _describe(message)
        body = _read_body(message)
        attachments = [(one.file_name or "", one.file_bytes) for one in message.attachments]
    except (OSError, struct.error, *_HTML_ENCODING_UNKNOWN):
        raise Unreadable("the file is damaged: it cannot be read as an Outlook message") from None
    composer.add(BlockKind.HEADING, subject, level=1)
    composer.add(BlockKind.LIST, "\n".join(lines))
    append(composer, body, 1)
    items = sum(1 for _, content in attachments if content is None)
    for file_name, content in attachments:
        if content is not None:
            inside.add(composer, content, file_name)
    notes = (f"{items} attached Outlook items not read",) if items else ()
    return composer.finish(
        "msg", subject or PurePath(name).stem, front_matter=inside.front_matter, notes=(*notes, *inside.notes)
    )


def _describe(message: Message) -> list[str]:
    to = ", ".join(f"{one.name} <{one.email_address}>".strip() for one in message.recipients)
    date = message.sent_date
    values = {"From": message.sender or "", "To": to, "Date": f"{date:%Y-%m-%d %H:%M}" if date else ""}
    values["Subject"] = message.subject
    return [f"{name}: {' '.join(values[name].split())}" for name in SHOWN if values.get(name)]


def _read_body(message: Message) -> ParsedDocument:
    """The plain body, else the page; a page in an encoding that is not there counts as none."""
    words = message.body or ""
    if words.strip():
        return text.parse_words(words, "")
    return html.parse_markup(message.html_body or "", "")
