"""What every parser must do: exact offsets, the words of its sample, and nothing but our errors for broken bytes."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Mapping

import pytest

from ingest.parsers import CONTAINERS, PARSERS, parse_bytes
from ingest.records import BlockKind, ParsedDocument
from rag.errors import IngestError
from tests.ingest.samples import (
    make_docx,
    make_epub,
    make_odt,
    make_pdf,
    make_pptx,
    make_xlsx,
    word_paragraph,
)

WORDS = "The inspection window closes on the ninth of May."
CHINESE = "檢查期限為五月九日。"
MAIL = (
    b"From: a@example.org\r\nTo: b@example.org\r\nSubject: =?utf-8?B?" + base64.b64encode("檢查期限".encode())
    + b"?=\r\nDate: Thu, 5 Mar 2026 08:00:00 +0800\r\nMessage-ID: <1@example.org>\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n'
    + WORDS.encode()
    + b'\r\n--x\r\nContent-Type: text/csv\r\nContent-Disposition: attachment; filename="list.csv"\r\n\r\n'
    b"name,day\r\nweir,9\r\n--x--\r\n"
)  # fmt: skip

SAMPLES: Mapping[str, tuple[str, bytes]] = {
    "markdown": ("a.md", f"# Title\n\n{WORDS}\n\n{CHINESE}".encode()),
    "text": ("a.txt", f"{WORDS}\n\n{CHINESE}".encode("big5", "ignore")),
    "html": ("a.html", f"<html><body><h1>Title</h1><p>{WORDS}</p><p>{CHINESE}</p></body></html>".encode()),
    "pdf": ("a.pdf", make_pdf([[WORDS], ["Second page."]])),
    "docx": ("a.docx", make_docx(word_paragraph(WORDS) + word_paragraph(CHINESE))),
    "xlsx": (
        "a.xlsx",
        make_xlsx({"Dates": [["what", "when"], [WORDS, CHINESE]], "Old": [["gone", "x"]]}, hidden=["Old"]),
    ),
    "pptx": ("a.pptx", make_pptx([("Title", WORDS), ("Next", CHINESE)], notes="Said aloud.")),
    "csv": ("a.csv", f"what;when\n{WORDS};{CHINESE}\nweir;9\n".encode()),
    "json": ("a.json", json.dumps({"what": WORDS, "when": {"zh": CHINESE}}).encode()),
    "notebook": (
        "a.ipynb",
        json.dumps(
            {
                "nbformat": 4,
                "metadata": {},
                "cells": [
                    {"cell_type": "markdown", "source": ["# Title\n", WORDS]},
                    {"cell_type": "code", "source": "print(1)", "outputs": []},
                ],
            }
        ).encode(),
    ),
    "xml": ("a.xml", f'<?xml version="1.0"?><r><what>{WORDS}</what><when>{CHINESE}</when></r>'.encode()),
    "epub": ("a.epub", make_epub([f"<h1>One</h1><p>{WORDS}</p>", f"<h1>Two</h1><p>{CHINESE}</p>"])),
    "odf": ("a.odt", make_odt(f'<text:h text:outline-level="1">Title</text:h><text:p>{WORDS}</text:p>')),
    "rtf": ("a.rtf", b"{\\rtf1\\ansi\\ansicpg1252 " + WORDS.encode() + b"\\par Next.\\par}"),
    "rst": ("a.rst", f"Title\n=====\n\n{WORDS}\n\n- one\n- two\n".encode()),
    "source": ("a.py", f'"""{WORDS}"""\n\n\ndef close():\n    return 9\n'.encode()),
    "mail": ("a.eml", MAIL),
    "mbox": ("a.mbox", b"From a@example.org Thu Mar  5 08:00:00 2026\n" + MAIL.replace(b"\r\n", b"\n")),
}  # fmt: skip
"""One small document a format. Excel before 2007 and Outlook messages cannot be made here without their programs."""

MADE = sorted(SAMPLES)


def read(format: str) -> ParsedDocument:
    name, data = SAMPLES[format]
    return parse_bytes(data, name)


def try_to_read(data: bytes, name: str) -> ParsedDocument | str:
    """The document, or what our error says."""
    try:
        return parse_bytes(data, name)
    except IngestError as error:
        return str(error)


def test_every_format_that_can_be_made_here_has_a_sample() -> None:
    assert set(PARSERS) | set(CONTAINERS) == {*SAMPLES, "xls", "msg"}


@pytest.mark.parametrize("format", MADE)
def test_the_words_are_found_and_the_format_is_told(format: str) -> None:
    document = read(format)
    assert document.format
    assert "inspection window closes" in " ".join(document.text.split())
    assert document.title


@pytest.mark.parametrize("format", MADE)
def test_every_block_lies_exactly_where_it_says(format: str) -> None:
    document = read(format)
    end = 0
    for block in document.blocks:
        assert document.text[block.start : block.end] == block.text
        assert block.start >= end
        end = block.end
        assert block.page is None or block.page >= 1


@pytest.mark.parametrize("format", MADE)
def test_broken_bytes_end_in_a_document_or_in_an_error_of_ours(format: str) -> None:
    name, data = SAMPLES[format]
    dice = random.Random(format)
    for _ in range(60):
        broken = bytearray(data)
        for _ in range(dice.randint(1, 8)):
            at = dice.randrange(len(broken))
            match dice.randrange(3):
                case 0:
                    broken[at] = dice.randrange(256)
                case 1:
                    del broken[at : at + dice.randint(1, 40)]
                case _:
                    broken[at:at] = bytes(dice.randrange(256) for _ in range(dice.randint(1, 20)))
            if not broken:
                broken = bytearray(b"x")
        outcome = try_to_read(bytes(broken), name)
        if isinstance(outcome, str):
            assert 5 < len(outcome) < 400
            assert "inspection" not in outcome
        else:
            assert all(outcome.text[block.start : block.end] == block.text for block in outcome.blocks)


def test_a_table_s_rows_keep_their_columns() -> None:
    tables = [block for block in read("csv").blocks if block.kind is BlockKind.TABLE]
    assert tables[0].text.splitlines()[0] == "what | when"
    assert tables[0].text.splitlines()[2] == "weir | 9"


def test_sheets_are_headings_and_a_hidden_one_is_noted() -> None:
    document = read("xlsx")
    headings = [block.text for block in document.blocks if block.kind is BlockKind.HEADING]
    assert headings[0] == "Dates"
    assert any("hidden" in text.lower() for text in (*headings, *document.notes))


def test_slides_have_pages_titles_and_notes() -> None:
    document = read("pptx")
    assert (document.pages, document.title) == (2, "Title")
    assert "Said aloud." in document.text
    assert {block.text: block.page for block in document.blocks}["Next"] == 2


def test_a_mail_has_its_headers_its_body_and_its_attachment() -> None:
    document = read("mail")
    assert document.title == "檢查期限"
    assert "a@example.org" in document.text
    assert "weir | 9" in document.text
    assert "list.csv" in document.text


def test_an_epub_has_its_chapters_in_reading_order() -> None:
    document = read("epub")
    assert document.title == "The Book"
    assert document.text.index("inspection") < document.text.index(CHINESE)


def test_json_values_keep_their_names() -> None:
    assert f"what: {WORDS}" in read("json").text
    assert "zh" in read("json").text


def test_the_definitions_of_a_program_are_code() -> None:
    assert BlockKind.CODE in {block.kind for block in read("source").blocks}


@pytest.mark.parametrize("bomb", ["<!DOCTYPE r [<!ENTITY a 'x'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>]><r>&b;</r>"])
def test_xml_has_no_entities_of_its_own(bomb: str) -> None:
    outcome = try_to_read(f'<?xml version="1.0"?>{bomb}'.encode(), "a.xml")
    assert "xxxxxxxx" not in (outcome if isinstance(outcome, str) else outcome.text)


def test_no_file_is_opened_for_an_external_entity() -> None:
    evil = b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r>&x; text</r>'
    outcome = try_to_read(evil, "a.xml")
    assert "root:" not in (outcome if isinstance(outcome, str) else outcome.text)
