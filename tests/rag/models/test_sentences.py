"""Cutting passages into sentences, in English and Chinese."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.models.sentences import split_sentences


def texts(text: str) -> list[str]:
    return [sentence.text for sentence in split_sentences(text)]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("It works. It is small! Is it? Yes.", ["It works.", "It is small!", "Is it?", "Yes."]),
        (
            "Dr. Lin paid $3.50 to J. Wu, e.g. by card. Then he left.",
            ["Dr. Lin paid $3.50 to J. Wu, e.g. by card.", "Then he left."],
        ),
        ("The U.S. Army came. It stayed.", ["The U.S. Army came.", "It stayed."]),
        ('He said "stop." They did.', ['He said "stop."', "They did."]),
        (
            "保固三年。不含電池！可延長嗎？可以；請洽客服。",
            ["保固三年。", "不含電池！", "可延長嗎？", "可以；", "請洽客服。"],
        ),
        ("他說：「今天出貨。」隔天收到。", ["他說：「今天出貨。」", "隔天收到。"]),
        ("QH-200 的位址是 17. 請勿更改。", ["QH-200 的位址是 17.", "請勿更改。"]),
        ("", []),
        ("\n\n---\n| --- | :-: |\n", []),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, sentences: list[str]) -> None:
    assert texts(text) == sentences


def test_headings_items_and_table_rows_stand_alone() -> None:
    lines = [
        "# Leave",
        "Employees get leave.",
        "- 7 days after one year",
        "1. Ask first",
        "| Year | Days |",
        "| 1 | 7 |",
    ]
    text = "\n".join(lines)
    assert texts(text) == lines
    assert [sentence.row for sentence in split_sentences(text)] == [False] * 4 + [True] * 2


def test_the_lines_of_a_wrapped_paragraph_are_one_sentence() -> None:
    text = (
        "The warranty of the instrument lasts for a period of\n"
        "thirty-six months from delivery. It does\nnot cover batteries."
    )
    assert texts(text) == [
        "The warranty of the instrument lasts for a period of thirty-six months from delivery.",
        "It does not cover batteries.",
    ]


def test_short_lines_are_not_joined() -> None:
    assert texts("Model: QH-200\nPower: 24 V\n重量：2 公斤") == [
        "Model: QH-200",
        "Power: 24 V",
        "重量：2 公斤",
    ]


def test_a_sentence_without_end_is_cut_at_a_comma() -> None:
    pieces = texts("甲乙丙丁戊己庚辛，" * 100)
    assert len(pieces) > 2
    assert all(len(piece) <= 400 for piece in pieces)
    assert all(piece.endswith("，") for piece in pieces)


@given(st.text(alphabet=st.sampled_from(list("ab A.。!？\n|-# \t1字，")), max_size=200))
def test_offsets_point_at_the_sentence_and_nothing_is_told_twice(text: str) -> None:
    end = 0
    for sentence in split_sentences(text):
        assert sentence.start >= end
        first = sentence.text.split()[0]
        assert text.startswith(first, sentence.start)
        end = sentence.start + 1
    said = "".join("".join(texts(text)).split())
    assert len(said) <= len("".join(text.split()))


def test_a_sentence_does_not_show_itself() -> None:
    assert "secret" not in repr(split_sentences("secret")[0])
