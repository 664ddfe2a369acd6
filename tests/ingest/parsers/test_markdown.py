"""Markdown becomes the words a reader sees, with its structure."""

from __future__ import annotations

from ingest.parsers import parse_bytes
from ingest.records import BlockKind, ParsedDocument


def read(text: str) -> ParsedDocument:
    return parse_bytes(text.encode(), "note.md")


def shape(document: ParsedDocument) -> list[tuple[str, str]]:
    return [(block.kind.value, block.text) for block in document.blocks]


def test_structure_is_kept_in_order() -> None:
    document = read(
        "# Title\n\nA *first* `paragraph`.\n\n- one\n- two\n  - deep\n\n1. a\n2. b\n\n```\ncode  here\n```\n"
    )
    assert shape(document) == [
        ("heading", "Title"),
        ("paragraph", "A first paragraph."),
        ("list", "- one\n- two\n  - deep"),
        ("list", "1. a\n2. b"),
        ("code", "code  here"),
    ]
    assert document.title == "Title"
    assert document.format == "markdown"


def test_a_table_has_one_row_a_line() -> None:
    assert shape(read("| 名稱 | 數量 |\n|---|---|\n| 螺絲 | 3 |\n")) == [("table", "名稱 | 數量\n螺絲 | 3")]


def test_links_keep_their_words_and_pictures_their_description() -> None:
    document = read("See [the guide](https://example.org/x?y=1) ![a chart](data:image/png;base64,AAAA).")
    assert document.text == "See the guide a chart."


def test_wrapped_lines_are_joined() -> None:
    assert read("one\ntwo").text == "one two"
    assert read("一行\n二行").text == "一行二行"
    assert read("one  \ntwo").text == "one\ntwo"


def test_html_inside_becomes_its_text_and_comments_vanish() -> None:
    document = read("<div><p>seen</p><script>bad()</script></div>\n\n<!-- unseen -->\n\na <b>b</b> c")
    assert document.text == "seen\n\na b c"


def test_front_matter_is_read_and_is_not_text() -> None:
    document = read('---\ntitle: "Leave rules"\nSensitivity: internal # for now\ntags:\n  - a\n  - b\n---\nBody.')
    assert document.front_matter == {"title": "Leave rules", "sensitivity": "internal", "tags": "a, b"}
    assert (document.title, document.text) == ("Leave rules", "Body.")


def test_chinese_front_matter_with_full_width_colons_is_read() -> None:
    assert read("---\n機密等級：密\n---\n內文").front_matter == {"機密等級": "密"}


def test_front_matter_without_an_end_is_still_heard_and_loses_no_text() -> None:
    document = read("---\nsensitivity: restricted\n\nBody text.")
    assert document.front_matter == {"sensitivity": "restricted"}
    assert "Body text." in document.text


def test_front_matter_is_never_evaluated() -> None:
    document = read("---\nlabel: !!python/object/apply:os.system ['true']\n---\nBody.")
    assert document.front_matter["label"].startswith("!!python")


def test_a_template_in_the_text_stays_as_it_is() -> None:
    assert read("{{7*7}} {x.__class__} ${HOME} %s").text == "{{7*7}} {x.__class__} ${HOME} %s"


def test_a_code_block_in_a_list_is_kept() -> None:
    assert read("- do\n\n  ```\n  make run\n  ```\n").blocks[0].text == "- do\n  make run"


def test_indented_code_keeps_its_indentation() -> None:
    document = read("```python\n    def f():\n        pass\n```")
    assert document.blocks[0].kind is BlockKind.CODE
    assert document.text == "    def f():\n        pass"
