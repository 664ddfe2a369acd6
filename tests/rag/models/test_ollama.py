"""What only Ollama has: context sizes, details, installed models."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from rag.cancel import Cancel
from rag.errors import ModelError, Unreachable
from rag.models.ollama import InstalledModel, OllamaLibrary, OllamaModel, OllamaServer
from rag.records import Excerpt, ProgressPiece, Prompt, Role, Turn, UsagePiece
from tests.fakes.ollama_server import FakeModel, FakeOllama
from tests.rag.models.conftest import QUICK

Start = Callable[..., FakeOllama]


def server_of(fake: FakeOllama) -> OllamaServer:
    return OllamaServer(fake.url, None, (), QUICK)


def ask(fake: FakeOllama, prompt: Prompt, num_ctx: int | None) -> tuple[list[str], int | None, dict[str, int]]:
    """Progress codes, the context size reported, and the options that were sent."""
    pieces = list(OllamaModel(server_of(fake), "m").stream(prompt, num_ctx=num_ctx, cancel=Cancel()))
    usage = pieces[-1]
    assert isinstance(usage, UsagePiece)
    codes = [piece.code for piece in pieces if isinstance(piece, ProgressPiece)]
    return codes, usage.num_ctx, fake.asked.bodies("/api/chat")[-1]["options"]


def test_a_short_prompt_takes_the_smallest_context_and_leaves_room_for_the_answer(start: Start, prompt: Prompt) -> None:
    codes, num_ctx, options = ask(start(FakeModel("m")), prompt, None)
    assert (codes, num_ctx, options["num_ctx"]) == ([], 4096, 4096)
    assert 1024 <= options["num_predict"] < 4096


def test_the_context_of_a_conversation_is_kept_so_that_the_model_is_not_loaded_again(
    start: Start, prompt: Prompt
) -> None:
    assert ask(start(FakeModel("m")), prompt, 16384)[1] == 16384


def test_the_context_grows_by_a_step_when_the_prompt_needs_it(start: Start, prompt: Prompt) -> None:
    long = dataclasses.replace(prompt, excerpts=(Excerpt(1, "t", "", "a few words here " * 900),))
    codes, num_ctx, _ = ask(start(FakeModel("m")), long, 4096)
    assert (codes, num_ctx) == ([], 8192)


def test_the_context_never_passes_the_models_own_limit_and_what_is_left_out_is_said(
    start: Start, prompt: Prompt
) -> None:
    fake = start(FakeModel("m", context_length=2048))
    excerpts = tuple(Excerpt(number, "t", "", f"word{number} " * 250) for number in range(1, 5))
    turns = (Turn(Role.USER, "early " * 200), Turn(Role.ASSISTANT, "reply " * 200))
    codes, num_ctx, options = ask(fake, Prompt("How long?", excerpts, turns), 8192)
    assert codes == ["history_shortened", "excerpts_shortened"]
    assert num_ctx == options["num_ctx"] == 2048
    sent = "".join(message["content"] for message in fake.asked.bodies("/api/chat")[-1]["messages"])
    assert "early" not in sent
    assert "word1" in sent
    assert "word4" not in sent


def test_a_question_that_does_not_fit_even_alone_is_not_sent(start: Start) -> None:
    fake = start(FakeModel("m", context_length=512))
    with pytest.raises(ModelError, match="does not fit"):
        ask(fake, Prompt("why " * 2000, (), ()), None)
    assert fake.asked.bodies("/api/chat") == []


def test_a_model_that_can_think_is_asked_not_to(start: Start, prompt: Prompt) -> None:
    fake = start(FakeModel("m", capabilities=("completion", "thinking")))
    ask(fake, prompt, None)
    assert fake.asked.bodies("/api/chat")[-1]["think"] is False


def test_other_models_are_told_nothing_about_thinking(start: Start, prompt: Prompt) -> None:
    fake = start(FakeModel("m"))
    ask(fake, prompt, None)
    assert "think" not in fake.asked.bodies("/api/chat")[-1]


def test_embedding_and_remote_models_are_not_among_the_installed(start: Start) -> None:
    fake = start()
    fake.loaded["medium:3b"] = 4096
    assert OllamaLibrary(server_of(fake)).installed() == [
        InstalledModel("small:1b", 1_000_000_000, 131072, thinks=False, loaded=False),
        InstalledModel("medium:3b", 2_000_000_000, 131072, thinks=False, loaded=True),
    ]


@pytest.mark.parametrize("family", ["bert", "nomic-bert"])
def test_older_servers_without_capabilities_are_judged_by_family(start: Start, family: str) -> None:
    fake = start(FakeModel("minilm", family=family, capabilities=()), FakeModel("old", capabilities=()))
    assert [model.name for model in OllamaLibrary(server_of(fake)).installed()] == ["old"]


def test_a_models_details_are_asked_for_once_while_its_digest_stays(start: Start) -> None:
    fake = start(FakeModel("small"))
    library = OllamaLibrary(server_of(fake))
    library.installed()
    library.installed()
    assert len(fake.asked.bodies("/api/show")) == 1


def test_listing_an_ollama_that_is_not_there_is_unreachable() -> None:
    with pytest.raises(Unreachable):
        OllamaLibrary(OllamaServer("http://127.0.0.1:9", None, (), QUICK)).installed()
