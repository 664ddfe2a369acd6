"""The type is decided by content; what has no reader says what it is."""

from __future__ import annotations

import pytest

from ingest.parsers import detect_format, parse_bytes, require_format
from rag.errors import Unreadable, Unsupported
from tests.ingest.samples import make_docx, make_pdf, make_zip, word_paragraph

DOCX = make_docx(word_paragraph("The turbine closes on the ninth of May."))
PDF = make_pdf([["The turbine closes on the ninth of May."]])


@pytest.mark.parametrize(
    ("data", "name", "format"),
    [
        (PDF, "really.docx", "pdf"),
        (DOCX, "really.pdf", "docx"),
        (b"<!DOCTYPE html><p>x", "report.doc", "html"),
        (b"<html lang=en><p>x", "NOEXTENSION", "html"),
        ("<html><p>x".encode("utf-16"), "a.html", "html"),
        (b"# Title", "a.MD", "markdown"),
        (b"just words", "NOEXTENSION", "text"),
        (b"just words", "server.log", "text"),
        (b"BMW built the car", "car.txt", "text"),
        (b"a,b\n1,2", "list.csv", "csv"),
        (b'{"a": 1}', "tickets.json", "json"),
        (b"From: a@b\n\nhello", "mail.eml", "mail"),
        (b"SECRET=1", "config.env", "source"),
        (b"x = 1", "tool.xyz", "text"),
    ],
)
def test_the_content_decides(data: bytes, name: str, format: str) -> None:
    assert detect_format(data, name) == format


@pytest.mark.parametrize(
    ("data", "name", "reason"),
    [
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 50, "photo.txt", "PNG image: needs OCR"),
        (make_zip({"readme.txt": "x"}), "archive.zip", "zip archive files"),
        (
            b"\xd0\xcf\x11\xe0" + "WordDocument".encode("utf-16-le"),
            "old.doc",
            r"\.doc\) are not read; save it as \.docx",
        ),
        (b"x\x00\x01\x02", "tool.xyz", "xyz files"),
    ],
)
def test_what_is_not_read_says_what_it_is(data: bytes, name: str, reason: str) -> None:
    assert detect_format(data, name) is None
    with pytest.raises(Unsupported, match=reason):
        require_format(data, name)


def test_an_office_file_with_a_password_says_so() -> None:
    data = b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le")
    with pytest.raises(Unreadable, match="locked with a password"):
        parse_bytes(data, "locked.docx")


@pytest.mark.parametrize("data", [DOCX, PDF])
def test_every_format_survives_any_single_byte_being_wrong(data: bytes) -> None:
    for at in range(0, len(data), max(1, len(data) // 60)):
        broken = data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]
        try:
            assert parse_bytes(broken, "x").format
        except Unreadable:
            continue
