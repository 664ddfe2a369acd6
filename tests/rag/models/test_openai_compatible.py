"""The OpenAI-compatible adapter against a real llama.cpp server with a tiny random model."""

from __future__ import annotations

import json
import threading
import time
import urllib.request

import pytest

from rag.cancel import Cancel
from rag.errors import CutShort, ModelError
from rag.models.openai_compatible import OpenAICompatibleModel, OpenAIServer, list_served
from rag.records import Excerpt, Piece, ProgressPiece, Prompt, Role, TextPiece, Turn, UsagePiece
from tests.rag.models.conftest import QUICK, drain, written

pytestmark = pytest.mark.real


def model_at(url: str, context: int | None = None) -> OpenAICompatibleModel:
    server = OpenAIServer(url, None, (), QUICK)
    return OpenAICompatibleModel(server, list_served(server)[0].name, context)


def busy_slots(url: str) -> int:
    with urllib.request.urlopen(url.removesuffix("/v1") + "/slots", timeout=5) as answer:
        return sum(slot["is_processing"] for slot in json.load(answer))


def test_llama_cpp_lists_its_model_with_its_context(llama: str) -> None:
    served = list_served(OpenAIServer(llama, None, (), QUICK))
    assert [model.context for model in served] == [4096]
    assert served[0].name.endswith("tiny-noise.gguf")


def test_llama_cpp_streams_an_answer_with_its_figures(llama: str, prompt: Prompt) -> None:
    pieces = list(model_at(llama).stream(prompt, num_ctx=None, cancel=Cancel()))
    answer = written(pieces)
    assert answer.startswith("The answer is ")
    assert answer.endswith(" [1].")
    assert sum(isinstance(piece, TextPiece) for piece in pieces) > 3
    usage = pieces[-1]
    assert isinstance(usage, UsagePiece)
    assert usage.tokens_in is not None
    assert usage.tokens_in > 100
    assert usage.tokens_out is not None
    assert usage.tokens_out > 3


def test_a_prompt_that_llama_cpp_refuses_for_its_length_is_shortened_in_the_open(llama: str) -> None:
    excerpts = tuple(Excerpt(number, "t", "", f"word {number} " * 130) for number in range(1, 12))
    prompt = Prompt("hello?", excerpts, (Turn(Role.USER, "x " * 300), Turn(Role.ASSISTANT, "y")))
    pieces = list(model_at(llama).stream(prompt, num_ctx=None, cancel=Cancel()))
    codes = [piece.code for piece in pieces if isinstance(piece, ProgressPiece)]
    assert codes == ["history_shortened", "excerpts_shortened"]
    assert written(pieces).endswith("[1].")


def test_a_question_that_llama_cpp_cannot_hold_is_an_error(llama: str) -> None:
    with pytest.raises(ModelError):
        list(model_at(llama).stream(Prompt("why " * 6000, (), ()), num_ctx=None, cancel=Cancel()))


def test_an_answer_that_fills_the_context_is_cut_short(noisy_llama: str, prompt: Prompt) -> None:
    pieces: list[Piece] = []
    with pytest.raises(CutShort, match="length"):
        drain(model_at(noisy_llama).stream(prompt, num_ctx=None, cancel=Cancel()), pieces)
    assert len(written(pieces)) > 500


def test_stop_frees_the_slot_of_llama_cpp(noisy_llama: str, prompt: Prompt) -> None:
    cancel = Cancel()
    stream = model_at(noisy_llama).stream(prompt, num_ctx=None, cancel=cancel)
    while not isinstance(next(stream), TextPiece):
        pass
    assert busy_slots(noisy_llama) == 1
    stopped = time.monotonic()
    threading.Thread(target=cancel.cancel).start()
    list(stream)
    assert time.monotonic() - stopped < 0.5
    while busy_slots(noisy_llama) and time.monotonic() - stopped < 2:
        time.sleep(0.005)
    assert time.monotonic() - stopped < 0.5
