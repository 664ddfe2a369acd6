"""Which passages repeat another."""

from __future__ import annotations

from rag.retrieval.repeats import find_repeats

LONG = "The warranty covers parts and labour from the day the device is delivered to the customer's own premises."


def test_the_same_text_twice_is_one_text() -> None:
    assert find_repeats([LONG, "Something else entirely.", LONG]) == [None, None, 0]


def test_white_space_case_and_script_do_not_make_another_text() -> None:
    assert find_repeats(["資訊安全 政策", "资讯安全  政策"]) == [None, 0]
    assert find_repeats([LONG, LONG.upper().replace(" ", "\n")]) == [None, 0]


def test_texts_that_differ_in_a_figure_are_two_answers() -> None:
    assert find_repeats([LONG + " It lasts 12 months.", LONG + " It lasts 24 months."]) == [None, None]
    assert find_repeats(["本公司員工特別休假每年七日，應提前申請。", "本公司員工特別休假每年十日，應提前申請。"]) == [
        None,
        None,
    ]


def test_texts_with_little_in_common_are_no_repeats() -> None:
    assert find_repeats([LONG, "The warranty covers parts only."]) == [None, None]
