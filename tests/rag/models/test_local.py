"""Which local models are there, and which one answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rag.cancel import Cancel
from rag.config import Local, Settings
from rag.models import local as local_module
from rag.models.doors import Doors
from rag.models.local import LocalModels, ModelInfo
from rag.records import Prompt, Reason
from tests.fakes.ollama_server import FakeModel, FakeOllama
from tests.rag.models.conftest import written

Start = Callable[..., FakeOllama]
GB = 1_000_000_000


def models_of(fake: FakeOllama | None, **local: Any) -> LocalModels:
    values = {"ollama_url": fake.url if fake else "", **local}
    return LocalModels(Settings(local=Local(**values)), Doors())


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Sets how many bytes of memory are free."""
    return lambda free: monkeypatch.setattr(local_module, "_free_memory", lambda: free)


def name_of(models: LocalModels, wanted: str | None = None) -> str | None:
    picked = models.pick(wanted)
    return picked.name if picked else None


def test_the_models_are_listed_largest_first_without_embedding_and_remote_ones(
    start: Start, memory: Callable[[int], None]
) -> None:
    memory(2 * GB)
    assert models_of(start()).available() == [
        ModelInfo("ollama", "medium:3b", 2 * GB, fits_memory=False, context=131072, note="too_large"),
        ModelInfo("ollama", "small:1b", GB, fits_memory=True, context=131072),
    ]


def test_the_largest_model_that_fits_memory_is_picked(start: Start, memory: Callable[[int], None]) -> None:
    fake = start(FakeModel("a", size=GB), FakeModel("b", size=4 * GB), FakeModel("c", size=40 * GB))
    memory(8 * GB)
    assert name_of(models_of(fake)) == "b"
    memory(80 * GB)
    assert name_of(models_of(fake)) == "c"


def test_a_model_that_is_loaded_already_fits(start: Start, memory: Callable[[int], None]) -> None:
    fake = start(FakeModel("a", size=GB), FakeModel("b", size=4 * GB))
    fake.loaded["b"] = 4096
    memory(2 * GB)
    assert name_of(models_of(fake)) == "b"
    assert models_of(fake).available()[0].note == "loaded"


def test_the_smallest_model_is_tried_when_none_fits(start: Start, memory: Callable[[int], None]) -> None:
    memory(1)
    assert name_of(models_of(start(FakeModel("a", size=4 * GB), FakeModel("b", size=2 * GB)))) == "b"


def test_the_model_a_person_wants_goes_first_and_an_unknown_one_is_ignored(start: Start) -> None:
    models = models_of(start(), ollama_model="medium:3b")
    assert name_of(models, "small:1b") == "small:1b"
    assert name_of(models, "gone") == "medium:3b"


@pytest.mark.parametrize("name", ["gpt-oss:120b-cloud", "plain-name:latest", "nomic-embed-text:latest"])
def test_a_remote_or_embedding_model_is_never_picked_even_when_it_is_configured(start: Start, name: str) -> None:
    models = models_of(start(), ollama_model=name)
    assert models.pick() is None
    assert name_of(models, name) is None
    assert models.why_none() == Reason("model_missing", {"model": name})


def test_a_configured_name_may_leave_out_the_tag_latest(start: Start) -> None:
    assert name_of(models_of(start(FakeModel("mistral:latest")), ollama_model="mistral")) == "mistral:latest"


def test_a_configured_server_goes_before_what_ollama_happens_to_have(start: Start) -> None:
    served = start(FakeModel("served"))
    models = models_of(start(), openai_url=served.url + "/v1")
    picked = models.pick()
    assert picked is not None
    assert (picked.provider, picked.name) == ("openai-compatible", "served")
    assert [info.name for info in models.available()] == ["medium:3b", "small:1b", "served"]


def test_a_model_that_the_configured_server_does_not_have_is_named_as_missing(start: Start) -> None:
    served = start(FakeModel("served"))
    models = models_of(None, openai_url=served.url + "/v1", openai_model="other")
    assert models.pick() is None
    assert models.why_none() == Reason("model_missing", {"model": "other"})


def test_a_model_that_was_picked_answers(start: Start, prompt: Prompt) -> None:
    picked = models_of(start()).pick()
    assert picked is not None
    assert written(list(picked.stream(prompt, num_ctx=None, cancel=Cancel()))).endswith("36 months [1].")


@pytest.mark.parametrize(
    ("local", "reason"),
    [
        ({"ollama_url": ""}, Reason("ollama_off")),
        ({"ollama_url": "http://127.0.0.1:9"}, Reason("ollama_unreachable", {"address": "127.0.0.1:9"})),
        (
            {"ollama_url": "", "openai_url": "http://127.0.0.1:9/v1"},
            Reason("server_unreachable", {"address": "127.0.0.1:9"}),
        ),
    ],
)
def test_it_says_why_there_is_no_model(local: dict[str, str], reason: Reason) -> None:
    models = LocalModels(Settings(local=Local(**local)), Doors())
    assert models.available() == []
    assert models.pick() is None
    assert models.why_none() == reason


def test_an_ollama_with_nothing_usable_says_so(start: Start) -> None:
    models = models_of(start(FakeModel("nomic-embed-text", capabilities=("embedding",))))
    assert models.why_none() == Reason("ollama_no_model")


def test_nothing_is_missing_where_a_model_can_answer(start: Start) -> None:
    assert models_of(start()).why_none() is None


def test_a_server_is_looked_at_once_in_five_seconds(start: Start) -> None:
    fake = start()
    models = models_of(fake)
    for _ in range(3):
        models.pick()
        models.available()
        models.why_none()
    assert len([1 for _, path, _, _ in fake.asked.requests if path == "/api/tags"]) == 1


def test_a_server_that_hangs_does_not_hold_up_the_question_for_long(start: Start) -> None:
    import time

    from tests.rag.models.test_door import listener

    with listener() as (_, url):
        models = LocalModels(Settings(local=Local(ollama_url=url, connect_seconds=0.3)), Doors())
        began = time.monotonic()
        assert models.pick() is None
        assert time.monotonic() - began < 2
