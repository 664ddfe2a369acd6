"""Context sizes and what is left out of a prompt that is too long."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.errors import ModelError
from rag.models.context import ANSWER_TOKENS, STEPS, estimate_prompt, estimate_tokens, fit, report_left_out
from rag.records import Excerpt, ProgressPiece, Prompt, Role, Turn


def prompt_of(excerpts: int, words: int, turns: int = 0) -> Prompt:
    return Prompt(
        "why?",
        tuple(Excerpt(number, "t", "", "seven " * words) for number in range(1, excerpts + 1)),
        tuple(Turn(Role.USER if at % 2 == 0 else Role.ASSISTANT, f"turn {at} " * words) for at in range(turns)),
    )


@pytest.mark.parametrize(
    ("text", "least"),
    # at least one token for each word, ideograph, digit and sign
    [
        ("The warranty lasts thirty-six months.", 9),
        ("保固期間為出貨日起三十六個月", 14),
        ("4,096 + 17 = 4,113", 12),
        ("", 0),
    ],
)
def test_tokens_are_estimated_from_above(text: str, least: int) -> None:
    assert least <= estimate_tokens(text) <= 3 * least + 1


@given(st.text(), st.text())
def test_a_longer_text_never_has_fewer_tokens(text: str, more: str) -> None:
    assert estimate_tokens(text + "\n" + more) >= estimate_tokens(text)


@pytest.mark.parametrize(("excerpts", "step"), [(1, 4096), (2, 8192), (5, 16384), (12, 32768)])
def test_the_smallest_step_that_holds_prompt_and_answer_is_taken(excerpts: int, step: int) -> None:
    fitted = fit(prompt_of(excerpts, 1000), kept=None, most=None)
    assert fitted.num_ctx == step
    assert fitted.tokens + ANSWER_TOKENS <= step
    assert list(report_left_out(fitted)) == []


def test_a_kept_size_is_never_made_smaller_but_yields_to_the_models_limit() -> None:
    assert fit(prompt_of(1, 10), kept=16384, most=None).num_ctx == 16384
    assert fit(prompt_of(1, 10), kept=16384, most=8192).num_ctx == 8192


def test_the_oldest_turns_go_first_and_the_rest_opens_with_a_question() -> None:
    fitted = fit(prompt_of(1, 200, turns=6), kept=None, most=4096)
    assert 0 < fitted.left_out_turns < 6
    assert fitted.left_out_excerpts == 0
    assert fitted.prompt.history[0].role is Role.USER
    assert fitted.prompt.history == prompt_of(1, 200, turns=6).history[fitted.left_out_turns :]
    assert list(report_left_out(fitted)) == [ProgressPiece("history_shortened")]


def test_excerpts_go_from_the_end_only_when_no_turn_is_left() -> None:
    fitted = fit(prompt_of(9, 500, turns=2), kept=None, most=4096)
    assert fitted.left_out_turns == 2
    assert [excerpt.number for excerpt in fitted.prompt.excerpts] == list(range(1, 10 - fitted.left_out_excerpts))
    assert list(report_left_out(fitted)) == [
        ProgressPiece("history_shortened"),
        ProgressPiece("excerpts_shortened"),
    ]


def test_the_first_excerpt_is_never_left_out() -> None:
    with pytest.raises(ModelError, match="does not fit"):
        fit(prompt_of(1, 5000), kept=None, most=4096)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 12), st.integers(1, 900), st.integers(0, 6), st.sampled_from([None, 2048, 4096, 40000]))
def test_what_is_sent_always_fits_the_context_that_is_asked_for(
    excerpts: int, words: int, turns: int, most: int | None
) -> None:
    try:
        fitted = fit(prompt_of(excerpts, words, turns), kept=None, most=most)
    except ModelError:
        return
    assert estimate_prompt(fitted.prompt) < fitted.num_ctx
    assert fitted.num_ctx in STEPS or fitted.num_ctx == most
