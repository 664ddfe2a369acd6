"""What the tests of local models share: prompts, both adapters over one fake, a real llama.cpp server."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from rag.config import Local
from rag.models.local import LocalModel
from rag.models.ollama import OllamaModel, OllamaServer
from rag.models.openai_compatible import OpenAICompatibleModel, OpenAIServer
from rag.records import Excerpt, Piece, Prompt, Role, TextPiece, Turn
from tests.fakes import ollama_server, tiny_gguf
from tests.fakes.ollama_server import FakeModel, FakeOllama

QUICK = Local(connect_seconds=1.0, first_token_seconds=20.0, silence_seconds=20.0)

Adapt = Callable[..., LocalModel]


@pytest.fixture
def prompt() -> Prompt:
    """One question, one excerpt, one earlier turn and its answer."""
    return Prompt(
        "How long is the warranty?",
        (Excerpt(1, "QH-200", "p. 2", "The warranty lasts 36 months."),),
        (Turn(Role.USER, "What is the QH-200?"), Turn(Role.ASSISTANT, "A sensor [1].")),
    )


@pytest.fixture
def start() -> Iterator[Callable[..., FakeOllama]]:
    """Starts fakes with the given models; they end with the test."""
    with contextlib.ExitStack() as stack:
        yield lambda *models, **options: stack.enter_context(ollama_server.serve(*models, **options))


@pytest.fixture(params=["ollama", "openai-compatible"])
def adapt(request: pytest.FixtureRequest) -> Adapt:
    """Makes either adapter for a fake: `adapt(fake, name, limits=…, door=…, url=…, trusted=…)`."""

    def make(
        fake: FakeOllama,
        name: str,
        limits: Local = QUICK,
        door: Path | None = None,
        url: str | None = None,
        trusted: tuple[str, ...] = (),
    ) -> LocalModel:
        address = url or fake.url
        if request.param == "ollama":
            return OllamaModel(OllamaServer(address, door, trusted, limits), name)
        return OpenAICompatibleModel(OpenAIServer(address + "/v1", door, trusted, limits), name)

    return make


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of a real llama.cpp server whose answers cite and end."""
    pytest.importorskip("xllamacpp")
    with tiny_gguf.serve(tmp_path_factory.mktemp("llama"), grammar=tiny_gguf.CITING) as url:
        yield url


@pytest.fixture(scope="session")
def noisy_llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of a real llama.cpp server with one slot; its answers are noise to the context's end."""
    pytest.importorskip("xllamacpp")
    with tiny_gguf.serve(tmp_path_factory.mktemp("noisy")) as url:
        yield url


def drain(stream: Iterator[Piece], pieces: list[Piece]) -> None:
    """Append what `stream` yields to `pieces`, so that it is there even when the stream ends in an error."""
    for piece in stream:
        pieces.append(piece)  # noqa: PERF402  extend() does not promise to keep what came before an error


def written(pieces: Sequence[object]) -> str:
    """The answer that pieces make."""
    return "".join(piece.text for piece in pieces if isinstance(piece, TextPiece))


__all__ = ["QUICK", "Adapt", "FakeModel", "FakeOllama", "drain", "written"]
