"""Taking a model's thinking out of its answer."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.models.thinking import ThinkingFilter, may_think_unopened


def sort(pieces: list[str], *, unopened: bool = False) -> str:
    sorter = ThinkingFilter(unopened=unopened)
    return "".join([*(sorter.feed(piece).answer for piece in pieces), sorter.finish().answer])


def cut(text: str, places: list[int]) -> list[str]:
    edges = sorted({0, len(text), *(place % (len(text) + 1) for place in places)})
    return [text[start:end] for start, end in pairwise(edges)]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("The answer [1].", "The answer [1]."),
        ("<think>plan</think>\n\nThe answer.", "The answer."),
        ("\n<thinking>plan</thinking>The answer.", "The answer."),
        ("<think>\n\n</think>\n\nThe answer.", "The answer."),
        ("<think>one</think><think>two</think>The answer.", "The answer."),
        ("Write <think> in the file [1].", "Write <think> in the file [1]."),
        ("<table> is a tag.", "<table> is a tag."),
        ("<th", "<th"),
        ("<think>never ends", ""),
    ],
)
@settings(deadline=None, max_examples=25)
@given(places=st.lists(st.integers(0, 60), max_size=6))
def test_thinking_is_taken_out_wherever_the_stream_is_cut(text: str, answer: str, places: list[int]) -> None:
    assert sort(cut(text, places)) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [("plan</think>The answer.", "The answer."), ("The answer.", "The answer."), ("<think>broken off", "")],
)
@settings(deadline=None, max_examples=25)
@given(places=st.lists(st.integers(0, 60), max_size=6))
def test_a_lone_closing_tag_ends_thinking_that_the_template_opened(text: str, answer: str, places: list[int]) -> None:
    assert sort(cut(text, places), unopened=True) == answer


def test_text_streams_at_once_where_thinking_comes_in_a_field_of_its_own() -> None:
    sorter = ThinkingFilter(unopened=True)
    sorter.tell_separate()
    assert sorter.feed("The ").answer == "The "


def test_ordinary_text_is_not_held_back() -> None:
    sorter = ThinkingFilter()
    assert [sorter.feed(piece).answer for piece in ["The ", "answer <", "x"]] == ["The ", "answer <", "x"]


@pytest.mark.parametrize("name", ["deepseek-r1:8b", "qwq:32b", "Qwen3-4B-Thinking-2507", "phi4-reasoning"])
def test_models_whose_template_opens_the_tag_are_known(name: str) -> None:
    assert may_think_unopened(name)


@pytest.mark.parametrize("name", ["llama3.2:3b", "mistral:r12", "command-r:35b", "gemma3"])
def test_other_models_are_not_held_back(name: str) -> None:
    assert not may_think_unopened(name)


def test_what_is_sorted_does_not_show_itself() -> None:
    assert "secret" not in repr(ThinkingFilter().feed("secret"))
