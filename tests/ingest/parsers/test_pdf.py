"""PDF gives its text page by page, and says plainly why when it cannot."""

from __future__ import annotations

import pytest

from ingest.parsers import parse_bytes
from ingest.parsers.pdf import _paragraphs
from rag.errors import Unreadable
from tests.ingest.samples import make_pdf


def test_each_page_keeps_its_number() -> None:
    document = parse_bytes(make_pdf([["First page."], ["Second page."]], title="Yearbook"), "y.pdf")
    assert [(block.page, block.text) for block in document.blocks] == [
        (1, "First page."),
        (2, "Second page."),
    ]
    assert (document.pages, document.title) == (2, "Yearbook")


def test_junk_titles_give_way_to_the_name() -> None:
    assert parse_bytes(make_pdf([["x y z"]], title="Microsoft Word - a.doc"), "plan.pdf").title == "plan"


def test_a_scan_says_that_it_needs_ocr() -> None:
    with pytest.raises(Unreadable, match="scan without a text layer; it needs OCR"):
        parse_bytes(make_pdf([[]], image_on=[0]), "scan.pdf")


def test_a_blank_pdf_says_that_it_holds_no_text() -> None:
    with pytest.raises(Unreadable, match="holds no text"):
        parse_bytes(make_pdf([[]]), "blank.pdf")


def test_a_scanned_page_among_others_is_told_and_not_silently_empty() -> None:
    document = parse_bytes(make_pdf([["Some text."], []], image_on=[1]), "mixed.pdf")
    assert document.notes == ("page 2 without text (a scan needs OCR, which is not done)",)


def test_a_damaged_pdf_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="damaged"):
        parse_bytes(b"%PDF-1.7\n" + b"junk" * 100, "broken.pdf")


def test_junk_before_the_header_does_not_matter() -> None:
    assert parse_bytes(b"HTTP/1.1 200 OK\r\n\r\n" + make_pdf([["Still here."]]), "x.pdf").text == "Still here."


def test_full_lines_are_joined_and_short_ones_stay() -> None:
    lines = [
        "The committee decided on the third of May to extend the inspec-",
        "tion window of every turbine until the end of the following week",
        "because of the weather.",
        "Item A 12",
        "Item B 14",
    ]
    assert _paragraphs(lines) == [
        "The committee decided on the third of May to extend the inspection window of every turbine until the end"
        " of the following week because of the weather.\nItem A 12\nItem B 14"
    ]


def test_full_chinese_lines_are_joined_without_a_space() -> None:
    lines = ["本季倉儲盤點差異率為百分之三點二，請各單位於月底前補正並將結", "果回報管理部。"]
    assert _paragraphs(lines) == ["".join(lines)]
