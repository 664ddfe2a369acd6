"""DOCX gives the final text in order, bounded, without anything from outside the file."""

from __future__ import annotations

import pytest

from ingest.parsers import ooxml, parse_bytes
from ingest.parsers.numbering import chinese_number
from ingest.records import ParsedDocument
from rag.errors import TooLarge, Unreadable
from tests.ingest.samples import STYLES, WORD, make_docx, make_zip, word_paragraph, word_table


def read(body: str, **parts: str) -> ParsedDocument:
    return parse_bytes(make_docx(body, parts), "file.docx")


def test_headings_paragraphs_and_tables_are_in_order() -> None:
    body = (
        word_paragraph("Handbook", style="T")
        + word_paragraph("Leave", style="1")
        + word_paragraph("Sick leave", style="House")
        + word_paragraph("Tell your manager.")
        + word_table([[word_paragraph("kind"), word_paragraph("days")], [word_paragraph("病假"), word_paragraph("30")]])
        + word_paragraph("After.")
    )
    document = read(body, styles=STYLES)
    assert [(block.kind.value, block.level, block.text) for block in document.blocks] == [
        ("heading", 1, "Handbook"),
        ("heading", 1, "Leave"),
        ("heading", 2, "Sick leave"),
        ("paragraph", 0, "Tell your manager."),
        ("table", 0, "kind | days\n病假 | 30"),
        ("paragraph", 0, "After."),
    ]
    assert document.title == "Handbook"


def test_tracked_changes_read_as_accepted() -> None:
    run = "<w:r><w:t>{}</w:t></w:r>"
    body = (
        "<w:p>" + run.format("The fee is ") + "<w:del><w:r><w:delText>5</w:delText></w:r></w:del>"
        "<w:ins>" + run.format("7") + "</w:ins><w:moveFrom>" + run.format(" gone") + "</w:moveFrom>"
        "<w:moveTo>" + run.format(" euro") + "</w:moveTo>.</w:p>"
    )
    assert read(body).text == "The fee is 7 euro"


def test_links_controls_tabs_and_breaks_keep_their_words() -> None:
    body = (
        "<w:sdt><w:sdtContent><w:p><w:hyperlink><w:r><w:t>a link</w:t></w:r></w:hyperlink><w:r><w:tab/><w:t>b</w:t>"
        "<w:br/><w:t>c</w:t><w:noBreakHyphen/><w:instrText>PAGE</w:instrText></w:r></w:p></w:sdtContent></w:sdt>"
    )
    assert read(body).text == "a link\tb\nc-"


def test_text_boxes_are_read_once() -> None:
    box = "<w:txbxContent>" + word_paragraph("in the box") + "</w:txbxContent>"
    body = (
        f'<w:p xmlns:mc="urn:mc"><w:r><w:t>around</w:t></w:r><w:r><mc:AlternateContent><mc:Choice>{box}</mc:Choice>'
        f"<mc:Fallback>{box}</mc:Fallback></mc:AlternateContent></w:r></w:p>"
    )
    assert read(body).text == "around\n\nin the box"


def test_a_table_in_a_table_keeps_its_words() -> None:
    inner = word_table([[word_paragraph("x"), word_paragraph("y")]])
    assert read(word_table([[word_paragraph("a") + inner, word_paragraph("b")]])).text == "a x | y | b"


def test_automatic_numbers_are_written_out() -> None:
    numbering = (
        f'<w:numbering {WORD}><w:abstractNum w:abstractNumId="7"><w:lvl w:ilvl="0"><w:start w:val="1"/>'
        '<w:numFmt w:val="taiwaneseCountingThousand"/><w:lvlText w:val="第%1條"/></w:lvl></w:abstractNum>'
        '<w:num w:numId="3"><w:abstractNumId w:val="7"/></w:num></w:numbering>'
    )
    body = word_paragraph("目的", numbered="3") + word_paragraph("範圍", numbered="3")
    document = read(body, numbering=numbering)
    assert document.text == "第一條 目的\n第二條 範圍"


@pytest.mark.parametrize(
    ("number", "text"),
    [(1, "一"), (10, "十"), (12, "十二"), (20, "二十"), (105, "一百零五"), (1010, "一千零一十")],
)
def test_chinese_numbers_are_written_as_people_do(number: int, text: str) -> None:
    assert chinese_number(number) == text


def test_headers_and_footnotes_come_last_and_once() -> None:
    document = read(
        word_paragraph("Body."),
        header1=f"<w:hdr {WORD}>{word_paragraph('機密')}</w:hdr>",
        footnotes=f"<w:footnotes {WORD}><w:footnote>{word_paragraph('See law.')}</w:footnote></w:footnotes>",
    )
    assert [block.text for block in document.blocks] == ["Body.", "機密", "See law."]


def test_an_external_entity_is_never_resolved() -> None:
    head = '<!DOCTYPE x [<!ENTITY secret SYSTEM "file:///etc/passwd">]>'
    data = make_docx("<w:p><w:r><w:t>before &secret; after</w:t></w:r></w:p>", xml_head=head)
    document = parse_bytes(data, "xxe.docx")
    assert "root:" not in document.text


def test_entities_that_multiply_are_refused_or_stay_small() -> None:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    head = f'<!DOCTYPE x [<!ENTITY l0 "lol">{levels}]>'
    data = make_docx("<w:p><w:r><w:t>a</w:t></w:r><w:r><w:t>&l9;</w:t></w:r></w:p>", xml_head=head)
    try:
        assert len(parse_bytes(data, "laughs.docx").text) < 100
    except Unreadable as error:
        assert "XML" in str(error)  # noqa: PT017  both outcomes are right, neither may hang


def test_a_part_that_unpacks_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ooxml, "MAX_PART_BYTES", 100_000)
    with pytest.raises(TooLarge, match="unpacks to more than"):
        parse_bytes(make_docx(word_paragraph("x" * 200_000)), "bomb.docx")


def test_a_container_with_very_many_parts_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ooxml, "MAX_ENTRIES", 3)
    with pytest.raises(TooLarge, match="parts"):
        parse_bytes(make_docx(word_paragraph("x")), "many.docx")


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.95])
def test_a_file_cut_off_is_unreadable(cut: float) -> None:
    data = make_docx(word_paragraph("text"))
    with pytest.raises(Unreadable, match="damaged"):
        parse_bytes(data[: int(len(data) * cut)], "cut.docx")


def test_a_package_without_a_body_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        parse_bytes(make_zip({"word/document.xml": "<nothing/>"}), "x.docx")


def test_a_document_without_text_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="holds no text"):
        read(word_paragraph(" "))
