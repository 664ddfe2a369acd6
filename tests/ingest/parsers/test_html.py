"""HTML becomes what a reader of the page sees, and nothing hidden."""

from __future__ import annotations

import pytest

from ingest.parsers import parse_bytes
from ingest.records import ParsedDocument


def read(markup: str, encoding: str = "utf-8") -> ParsedDocument:
    return parse_bytes(markup.encode(encoding), "page.html")


def test_structure_is_kept_in_order() -> None:
    document = read(
        "<title>Guide</title><h1>VPN</h1><p>Open  the\n<b>app</b>.</p><ul><li>one<li>two<ol start=3><li>deep</ol></ul>"
        "<table><tr><th>a<th>b<tr><td>1<td>2</table><pre>x\n  y</pre>"
    )
    assert [(block.kind.value, block.text) for block in document.blocks] == [
        ("heading", "VPN"),
        ("paragraph", "Open the app."),
        ("list", "- one\n- two\n  3. deep"),
        ("table", "a | b\n1 | 2"),
        ("code", "x\n  y"),
    ]
    assert document.title == "Guide"


@pytest.mark.parametrize(
    "hidden",
    [
        "<script>secret()</script>",
        "<style>.secret{}</style>",
        "<noscript>secret</noscript>",
        "<template>secret</template>",
        "<nav>secret</nav>",
        "<p hidden>secret</p>",
        '<p aria-hidden="true">secret</p>',
        '<div style="color:red; DISPLAY : none"><p>secret</p></div>',
        '<span style="visibility:hidden">secret</span>',
        "<!-- secret -->",
        '<iframe src="https://example.org/secret">secret</iframe>',
        "<textarea>secret</textarea>",
        '<img src="secret.png">',
    ],
)
def test_what_a_reader_does_not_see_is_left_out(hidden: str) -> None:
    assert read(f"<p>before</p>{hidden}<p>after</p>").text == "before\n\nafter"


def test_words_in_neighbouring_blocks_do_not_run_together() -> None:
    assert read("<div>one</div><div>two</div>three<br>four").text == "one\n\ntwo\n\nthree\nfour"


def test_nested_tables_lose_no_word_and_stay_in_their_cell() -> None:
    document = read("<table><tr><td>a<table><tr><td>in<td>ner</table><td>b</table>")
    assert document.text == "a in ner | b"


def test_a_page_nested_thousands_deep_is_read() -> None:
    assert read("<div>" * 6000 + "bottom" + "</div>" * 6000).text == "bottom"


def test_entities_are_read() -> None:
    assert read("<p>&lt;b&gt; &amp; &#26412;&#x5B63;&nbsp;x</p>").text == "<b> & 本季\xa0x"


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [("big5", "big5"), ("gb18030", "gb2312"), ("utf-8", "big5"), ("utf-16", "utf-8")],
)
def test_the_page_is_decoded_even_where_its_own_claim_is_wrong(encoding: str, declared: str) -> None:
    page = f'<html><meta charset="{declared}"><p>會議室預約請於星期五前完成，逾時不受理。</p>'
    if encoding == "gb18030":
        page = page.replace("會議室預約請於", "会议室预约请于").replace("時", "时")
    assert "星期五前完成" in read(page, encoding).text


def test_meta_fields_are_front_matter() -> None:
    assert read('<meta name="Classification" content="restricted"><p>x').front_matter == {
        "classification": "restricted"
    }


def test_a_page_without_a_title_takes_its_first_heading() -> None:
    assert read("<html><h2>Rules</h2><p>x").title == "Rules"
