"""Our fake speaks Ollama's own protocol: every answer against the schemas of Ollama's description."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.fakes.ollama_server import FakeModel, FakeOllama

pytestmark = pytest.mark.shared
Start = Callable[..., FakeOllama]


@pytest.fixture(scope="session")
def description(shared: Path) -> dict[str, Any]:
    """Ollama's description of its API."""
    file = shared / "specs" / "ollama-openapi.yaml"
    if not file.exists():
        pytest.skip("Ollama's API description (../shared/specs) is not here")
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return document


@pytest.fixture
def check(description: dict[str, Any]) -> Callable[[str, Any], None]:
    """Checks a document against a schema; properties the description does not know are mistakes too."""

    def check_one(name: str, document: Any, *beyond: str) -> None:
        schema = {"$ref": f"#/components/schemas/{name}", "components": description["components"]}
        jsonschema.Draft202012Validator(schema).validate(document)
        known = description["components"]["schemas"][name]["properties"]
        assert set(document) <= {*known, *beyond}, f"{name} has no such property"

    return check_one


def ask(fake: FakeOllama, path: str, body: Any = None) -> tuple[int, bytes]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(fake.url + path, data=data)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def test_the_lists_fit_the_description(start: Start, check: Callable[..., None]) -> None:
    fake = start()
    fake.loaded["small:1b"] = 4096
    tags, running = json.loads(ask(fake, "/api/tags")[1]), json.loads(ask(fake, "/api/ps")[1])
    check("ListResponse", tags)
    check("PsResponse", running)
    assert len(tags["models"]) == 5
    for row in tags["models"]:
        check("ModelSummary", row)
    assert [row["context_length"] for row in running["models"]] == [4096]
    for row in running["models"]:
        check("Ps", row)
    check("VersionResponse", json.loads(ask(fake, "/api/version")[1]))


def test_a_models_details_fit_the_description(start: Start, check: Callable[..., None]) -> None:
    fake = start()
    local = json.loads(ask(fake, "/api/show", {"model": "small:1b"})[1])
    check("ShowResponse", local, "modelfile")
    assert local["capabilities"] == ["completion"]
    remote = json.loads(ask(fake, "/api/show", {"model": "plain-name:latest"})[1])
    check("ShowResponse", remote, "modelfile", "remote_host", "remote_model")
    assert remote["remote_host"] == "https://ollama.com:443"


def test_every_line_of_a_chat_fits_the_description(start: Start, check: Callable[..., None]) -> None:
    fake = start(FakeModel("m", thinking=("hm",)))
    _, body = ask(fake, "/api/chat", {"model": "m", "messages": [{"role": "user", "content": "hello"}]})
    *lines, last = [json.loads(line) for line in body.splitlines()]
    assert len(lines) == 6
    for line in lines:
        check("ChatStreamEvent", line)
    check("ChatResponse", last)
    assert (last["done"], last["done_reason"], last["eval_count"]) == (True, "stop", 5)


@pytest.mark.parametrize(("fault", "status"), [("500", 500), ("memory", 500)])
def test_errors_fit_the_description(start: Start, check: Callable[..., None], fault: str, status: int) -> None:
    fake = start(FakeModel("m", fault=fault))
    code, body = ask(fake, "/api/chat", {"model": "m", "messages": []})
    assert code == status
    check("ErrorResponse", json.loads(body))
    code, body = ask(fake, "/api/show", {"model": "gone"})
    assert code == 404
    check("ErrorResponse", json.loads(body))


def test_the_adapters_requests_fit_the_description(start: Start, check: Callable[..., None], prompt: Any) -> None:
    from rag.cancel import Cancel
    from rag.models.ollama import OllamaModel, OllamaServer
    from tests.rag.models.conftest import QUICK

    fake = start(FakeModel("m", capabilities=("completion", "thinking")))
    list(OllamaModel(OllamaServer(fake.url, None, (), QUICK), "m").stream(prompt, num_ctx=None, cancel=Cancel()))
    check("ShowRequest", fake.asked.bodies("/api/show")[-1])
    request = fake.asked.bodies("/api/chat")[-1]
    check("ChatRequest", request)
    check("ModelOptions", request["options"])


def test_an_older_server_has_no_status(start: Start) -> None:
    assert ask(start(status=False), "/api/status")[0] == 404
    assert ask(start(), "/api/status")[0] == 200
