"""How large a local model's context must be for a prompt, and what is left out when it cannot be that large.

Servers cut an overlong prompt silently, from the front. So the size is estimated here from above, before
anything is sent, and what does not fit is left out in the open: the oldest turns first, then the last
excerpts.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from rag.errors import ModelError
from rag.prompt import to_messages
from rag.records import ProgressPiece, Prompt, Role

STEPS = (4096, 8192, 16384, 32768)
"""Context sizes that are asked for, in tokens: few and fixed, because another size reloads the model."""

ANSWER_TOKENS = 1024
"""Tokens kept free for the answer."""

_PER_MESSAGE = 12
_WORD = re.compile(r"[A-Za-z]+|\s+|[\x00-\x7f]|[^\x00-\x7f]")
_LETTERS_PER_TOKEN = 3.5
_TOKENS_PER_WIDE_CHARACTER = 1.5
_ROOM_TO_ERR = 1.1


@dataclass(frozen=True, slots=True)
class Fitted:
    """A prompt that fits. `num_ctx` is the context to ask for, `tokens` the estimate for the prompt."""

    prompt: Prompt
    num_ctx: int
    tokens: int
    left_out_turns: int
    left_out_excerpts: int


def estimate_tokens(text: str) -> int:
    """Tokens of `text` from above, for byte-pair tokenizers of current models.

    A word costs one token per 3.5 letters, a digit or sign one, a run of white space one, any other character
    1.5.
    """
    total = 0.0
    for match in _WORD.finditer(text):
        part = match[0]
        if part.isascii():
            # a single space joins the word after it
            total += 0 if part == " " else math.ceil(len(part) / _LETTERS_PER_TOKEN) if part.isalpha() else 1
        else:
            total += _TOKENS_PER_WIDE_CHARACTER
    return math.ceil(total)


def estimate_prompt(prompt: Prompt) -> int:
    """Tokens of all chat messages of `prompt`, from above."""
    messages = to_messages(prompt)
    return math.ceil(sum(estimate_tokens(message["content"]) + _PER_MESSAGE for message in messages) * _ROOM_TO_ERR)


def fit(prompt: Prompt, *, kept: int | None, most: int | None, scale: float = 1.0) -> Fitted:
    """The smallest step that holds `prompt` and an answer, never below `kept`, never above `most`.

    `kept` is the size this conversation's model is loaded with; `most` the model's own limit, None when
    unknown; `scale` what a server was seen to count per estimated token.

    Raises:
        ModelError: the question does not fit even alone.
    """
    steps = [step for step in STEPS if most is None or step <= most] or [most or STEPS[0]]
    excerpts, turns = list(prompt.excerpts), list(prompt.history)
    while True:
        shortened = dataclasses.replace(prompt, excerpts=tuple(excerpts), history=tuple(turns))
        tokens = math.ceil(estimate_prompt(shortened) * scale)
        needed = tokens + min(ANSWER_TOKENS, steps[-1] // 4)
        if needed <= steps[-1]:
            break
        if turns:
            turns.pop(0)
            while turns and turns[0].role is not Role.USER:
                turns.pop(0)  # some chat templates refuse a conversation that opens with an answer
        elif len(excerpts) > 1:
            excerpts.pop()
        else:
            raise ModelError(f"the prompt of about {tokens} tokens does not fit the model's context of {steps[-1]}")
    num_ctx = next(step for step in steps if step >= needed)
    if kept is not None and kept > num_ctx:
        num_ctx = min(kept, most or kept)
    return Fitted(shortened, num_ctx, tokens, len(prompt.history) - len(turns), len(prompt.excerpts) - len(excerpts))


def report_left_out(fitted: Fitted) -> Iterator[ProgressPiece]:
    """Say what was left out of a prompt."""
    if fitted.left_out_turns:
        yield ProgressPiece("history_shortened")
    if fitted.left_out_excerpts:
        yield ProgressPiece("excerpts_shortened")
