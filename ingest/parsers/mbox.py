"""Parses a mailbox file (MBOX): its messages one after another, each under its subject."""

from __future__ import annotations

import re
from pathlib import PurePath

from ingest.parsers.mail import add_message
from ingest.parsers.nested import Inside
from ingest.records import Composer, ParsedDocument
from rag.errors import TooLarge, Unreadable

MAX_MESSAGES = 50_000
_START = re.compile(rb"^From [^\r\n]*\d{4}[^\r\n]*\r?\n", re.MULTILINE)
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)


def parse(data: bytes, name: str, inside: Inside) -> ParsedDocument:
    """Read every message of `data`; an encrypted one is noted and passed over.

    Raises:
        TooLarge: there are more than MAX_MESSAGES messages, or more characters than MAX_CHARACTERS.
    """
    messages = [part for part in _START.split(data) if part.strip()]
    if len(messages) > MAX_MESSAGES:
        raise TooLarge(f"the mailbox holds {len(messages):,} messages; at most {MAX_MESSAGES:,} are read")
    composer = Composer()
    encrypted = 0
    for message in messages:
        try:
            add_message(composer, _QUOTED.sub(rb"\1", message), inside, level=1)
        except Unreadable:
            encrypted += 1
    notes = (f"{encrypted} of {len(messages)} messages encrypted and not read",) if encrypted else ()
    return composer.finish("mbox", PurePath(name).stem, front_matter=inside.front_matter, notes=(*notes, *inside.notes))
