"""Plain text in the encodings people have, and nothing that is not text."""

from __future__ import annotations

import pytest

from ingest.parsers import parse_bytes
from ingest.parsers.decode import decode
from rag.errors import Unreadable, Unsupported

TRADITIONAL = "本季倉儲盤點差異率為百分之三點二，請各單位於月底前補正，並將結果回報管理部。"
SIMPLIFIED = "本季度仓储盘点差异率为百分之三点二，请各单位在月底前补正，并将结果报管理部。"
JAPANESE = "第二会議室は来週から使用できません。予約した人は総務部に連絡してください。"
KOREAN = "회의실 예약은 금요일까지 가능합니다. 늦으면 총무부에 알려 주십시오."
GERMAN = "Die Größenänderung der Straßenbeläge wurde für das nächste Jahr beschlossen."
RUSSIAN = "Однажды весною, в час небывало жаркого заката, в Москве появились два гражданина."


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (TRADITIONAL, "utf-8"),
        (TRADITIONAL, "utf-8-sig"),
        (TRADITIONAL, "big5"),
        (TRADITIONAL, "cp950"),
        (TRADITIONAL, "utf-16"),
        (TRADITIONAL, "utf-16-le"),
        (TRADITIONAL, "utf-16-be"),
        (TRADITIONAL, "gb18030"),
        (SIMPLIFIED, "gb2312"),
        (SIMPLIFIED, "gb18030"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc_jp"),
        (KOREAN, "euc_kr"),
        (GERMAN, "latin-1"),
        (GERMAN, "cp1252"),
        (GERMAN, "utf-16-le"),
        (GERMAN, "utf-32"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
    ],
)
def test_a_text_is_read_in_its_encoding(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


def test_utf_8_with_a_few_bad_bytes_is_still_utf_8() -> None:
    data = (TRADITIONAL * 5).encode() + b"\xff"
    assert decode(data).startswith(TRADITIONAL)


@pytest.mark.parametrize("data", [bytes(range(256)) * 20, b"\x00\x01\x02\x03" * 500])
def test_bytes_that_are_no_text_are_refused(data: bytes) -> None:
    with pytest.raises(Unreadable):
        parse_bytes(data, "data.txt")


@pytest.mark.parametrize("data", [b"", b" \n\t\r\n", b"\xef\xbb\xbf", b"\xff\xfe"])
def test_an_empty_file_is_said_to_be_empty(data: bytes) -> None:
    with pytest.raises(Unsupported, match="the file is empty"):
        parse_bytes(data, "empty.txt")


def test_blank_lines_part_paragraphs() -> None:
    document = parse_bytes(b"Minutes\r\n\r\nfirst\r\nline\r\n \t\r\nsecond", "m.txt")
    assert [block.text for block in document.blocks] == ["Minutes", "first\nline", "second"]


def test_the_title_is_a_first_line_that_reads_like_one_else_the_name() -> None:
    assert parse_bytes(b"Minutes of May\n\nWe met.", "m.txt").title == "Minutes of May"
    assert parse_bytes(b"We met in May.\nThen we left.", "m.txt").title == "m"


def test_front_matter_of_a_text_is_heard() -> None:
    assert parse_bytes("---\n密等: 機密\n---\n內文".encode("big5"), "a.txt").front_matter == {"密等": "機密"}
