"""Follow-ups made to stand alone, in both languages."""

from __future__ import annotations

import pytest

from rag.retrieval.condense import condense, is_follow_up


@pytest.mark.parametrize(
    "question",
    [
        "What is the default Modbus address of the QH-200?",
        "Is it possible to carry over unused annual leave?",
        "Are there discounts for schools?",
        "遠距工作每週最多幾天？",
        "QH-200 保固多久？",
        "其他型號支援哪些通訊協定？",
    ],
)
def test_a_question_that_stands_alone_is_left_as_it_is(question: str) -> None:
    assert condense(question, ["How long is the warranty of the gateway?", "校正要多久？"]) == question


@pytest.mark.parametrize(
    ("question", "earlier", "standalone"),
    [
        ("What about the QH-300?", "What is the warranty of the QH-200?", "What is the warranty of the QH-300?"),
        ("And QH-300?", "Does QH-200 speak MQTT?", "Does QH-300 speak MQTT?"),
        ("那 QH-300 呢？", "QH-200 保固多久？", "QH-300 保固多久？"),
    ],
)
def test_another_thing_of_the_same_kind_takes_the_first_ones_place(
    question: str, earlier: str, standalone: str
) -> None:
    assert condense(question, [earlier]) == standalone


@pytest.mark.parametrize(
    ("question", "earlier", "standalone"),
    [
        ("How long does it take?", "How do I get a device calibrated?", "get device calibrated How long does it take?"),
        ("Why?", "Was the battery option dropped?", "battery option dropped Why?"),
        ("Does that apply to contractors?", "Who may travel abroad?", "travel abroad Does that apply to contractors?"),
        ("那費用呢？", "校正一次要幾天？", "校正一次 那費用呢？"),
        ("為什麼？", "電池選項被取消了嗎？", "電池選項被取消 為什麼？"),
        ("它支援 MQTT 嗎？", "QH-200 保固多久？", "QH-200 保固 它支援 MQTT 嗎？"),
        ("那些文件放在哪裡？", "機密文件有哪些？", "機密文件 那些文件放在哪裡？"),
    ],
)
def test_a_follow_up_is_searched_with_the_earlier_topic(question: str, earlier: str, standalone: str) -> None:
    assert condense(question, [earlier]) == standalone


def test_follow_ups_of_follow_ups_reach_back_to_the_first() -> None:
    earlier = ["How many vacation days do employees get?", "What about managers?"]
    assert condense("And interns?", earlier) == "vacation days employees get managers And interns?"


def test_only_the_last_three_are_traced_back() -> None:
    earlier = ["How is the furnace cleaned?", *["Why?"] * 3]
    assert "furnace" not in condense("And then?", earlier)


def test_a_first_question_is_left_as_it_is_even_when_it_points() -> None:
    assert condense("How long does it take?", []) == "How long does it take?"
    assert condense("那費用呢？", ["  "]) == "那費用呢？"


def test_braces_in_a_question_are_only_text() -> None:
    assert "{{7*7}} {x.__class__}" in condense("And {{7*7}} {x.__class__}?", ["What is the price?"])


@pytest.mark.parametrize("question", ["", "?", "呢"])
def test_an_empty_question_is_no_error(question: str) -> None:
    assert isinstance(is_follow_up(question), bool)
    assert condense(question, ["What is the price?"]).startswith("price")
