"""Parses e-mail (EML) and web archives (MHTML): who, when and what, the body, then the attachments as sections."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import policy
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from pathlib import PurePath

from ingest.parsers import html, text
from ingest.parsers.decode import decode
from ingest.parsers.nested import Inside, append
from ingest.records import BlockKind, Composer, ParsedDocument
from rag.errors import Unreadable

SHOWN = ("From", "To", "Cc", "Date", "Subject")
_SPEAKING = ("sensitivity", "x-sensitivity", "x-classification", "classification")
_PURVIEW_NAME = re.compile(r"MSIP_Label_[0-9a-fA-F-]{36}_Name=([^;]{1,80})")
_ENCRYPTED = ("multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime")
_IGNORED = ("application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature")
_PGP = "-----BEGIN PGP MESSAGE-----"
_MAX_PARTS = 2_000


def parse(data: bytes, name: str, inside: Inside) -> ParsedDocument:
    """Read one message.

    Raises:
        Unreadable: its body is encrypted.
        TooLarge: there are more characters than MAX_CHARACTERS.
    """
    composer = Composer()
    subject = add_message(composer, data, inside, level=1)
    return composer.finish("mail", subject or PurePath(name).stem, front_matter=inside.front_matter, notes=inside.notes)


def add_message(composer: Composer, data: bytes, inside: Inside, *, level: int) -> str:
    """Append the message in `data`, its subject as a heading of `level`, and return the subject.

    Raises:
        Unreadable: its body is encrypted.
    """
    message = BytesParser(policy=policy.compat32).parsebytes(data)
    headers = _read_headers(message)
    if message.get_content_type() in _ENCRYPTED:
        raise Unreadable("the e-mail is encrypted; save it decrypted and ingest that")
    subject = headers.get("subject", "")
    lines = [f"{name}: {headers[name.lower()]}" for name in SHOWN if headers.get(name.lower())]
    archive = message.get_content_type() == "multipart/related" and "from" not in headers
    body, attachments = _sort_parts(message)
    if not archive and (len(lines) > (1 if subject else 0) or body or attachments):
        composer.add(BlockKind.HEADING, subject, level=level)
        composer.add(BlockKind.LIST, "\n".join(lines))
    inside.hear({"sensitivity": ", ".join(_sensitivities(headers))})
    page_title = ""
    for part in body:
        document = _read_body(part)
        if document.text.startswith(_PGP):
            raise Unreadable("the e-mail is encrypted; save it decrypted and ingest that")
        page_title = page_title or (document.title if document.format == "html" else "")
        append(composer, document, 0 if archive else level)
    for part in attachments:
        _add_attachment(composer, part, inside, level + 1)
    return subject or (page_title if archive else "")


def _read_headers(message: Message) -> dict[str, str]:
    """Each header's first value by its name in lower case, decoded."""
    headers: dict[str, str] = {}
    for name, value in message.raw_items():
        headers.setdefault(name.lower(), _decode_words(str(value)))
    return headers


def _decode_words(value: str) -> str:
    """`value` with its encoded words (RFC 2047) decoded; bare 8-bit bytes are taken for text in their encoding."""
    try:
        if not value.isascii():
            value = decode(value.encode("ascii", "surrogateescape"))
        parts = decode_header(value)
    except (ValueError, HeaderParseError, Unreadable):  # broken base64 among them
        parts = [(value.encode("ascii", "replace"), None)]
    words = [part if isinstance(part, str) else _decode(part, charset) for part, charset in parts]
    return " ".join("".join(words).split())


def _decode(data: bytes, charset: str | None) -> str:
    """`data` as its own `charset` says, else as it looks: unlike web pages, mails seldom lie."""
    try:
        return data.decode(charset or "ascii")
    except (UnicodeDecodeError, LookupError, ValueError):
        try:
            return decode(data)
        except Unreadable:
            return ""


def _sort_parts(message: Message) -> tuple[list[Message], list[Message]]:
    """The parts that are read as the body, and those that are documents of their own.

    Of alternatives the plain text is taken, unless it is empty or a mere hint at the page beside it.
    """
    body: list[Message] = []
    attachments: list[Message] = []
    stack = [message]
    seen = 0
    while stack and seen < _MAX_PARTS:
        part = stack.pop()
        seen += 1
        kind = part.get_content_type()
        children = part.get_payload()
        if kind == "message/rfc822":
            attachments.append(part)
        elif kind == "multipart/alternative" and isinstance(children, list):
            stack.extend(_best_alternative(children))
        elif part.is_multipart() and isinstance(children, list):
            # What belongs to a page (its style sheets and pictures) is no document of its own.
            shown = [one for one in children if isinstance(one, Message)]
            stack.extend(reversed(shown if kind != "multipart/related" else shown[:1] + _documents(shown[1:])))
        elif kind in ("text/plain", "text/html") and not _is_attached(part):
            body.append(part)
        elif kind not in _IGNORED:
            attachments.append(part)
    return body, attachments


def _best_alternative(children: list[Message | str]) -> list[Message]:
    parts = [child for child in children if isinstance(child, Message)]
    plain = [part for part in parts if part.get_content_type() == "text/plain"]
    others = [part for part in parts if part.get_content_type() not in ("text/plain", "text/calendar")]
    if plain and (not others or len(_payload(plain[0]).split()) >= 5):
        return plain[:1]
    return others[-1:] or plain[:1] or parts[-1:]


def _documents(parts: list[Message]) -> list[Message]:
    return [part for part in parts if _is_attached(part) and part.get_content_maintype() != "image"]


def _is_attached(part: Message) -> bool:
    return part.get_content_disposition() == "attachment" or bool(part.get_filename())


def _payload(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _read_body(part: Message) -> ParsedDocument:
    words = _decode(_payload(part), part.get_content_charset())
    if part.get_content_type() == "text/html":
        return html.parse_markup(words, "")
    return text.parse_words(words, "")


def _add_attachment(composer: Composer, part: Message, inside: Inside, level: int) -> None:
    name = _decode_words(part.get_filename() or "")
    inner = part.get_payload()
    if part.get_content_type() == "message/rfc822" and isinstance(inner, list) and isinstance(inner[0], Message):
        headers = _read_headers(inner[0])
        data = inner[0].as_bytes(policy=policy.compat32)
        inside.add(composer, data, name or f"{headers.get('subject') or 'message'}.eml", level=level)
    else:
        inside.add(composer, _payload(part), name, level=level)


def _sensitivities(headers: dict[str, str]) -> Iterator[str]:
    yield from (headers[name] for name in _SPEAKING if headers.get(name))
    yield from _PURVIEW_NAME.findall(headers.get("msip_labels", ""))
