"""Leaks through models and addresses that call themselves local, and through what the environment says."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from rag.cancel import Cancel
from rag.config import Settings
from rag.errors import AirlockError, NotProvablyLocal
from rag.events import Routed
from rag.models.door import parse_target
from rag.models.doors import Doors
from rag.models.local import LocalModels
from rag.models.ollama import OllamaModel, OllamaServer
from rag.prompt import build_prompt
from rag.records import Zone
from tests.fakes.ollama_server import FakeModel
from tests.proof.leak_path import LeakPath
from tests.proof.servers import LOCAL_MODEL
from tests.proof.workbench import Bench, make_settings, require

REMOTE = "https://ollama.com:443"
URLS = (
    "http://127.0.0.1.evil.example:11434",
    "http://localhost.evil.example:11434",
    "http://0.0.0.0:11434",
    "http://192.168.1.20:11434",
    "http://[::ffff:cb00:714d]:11434",
    "http://[::]:11434",
    "http://127.0.0.1@203.0.113.9:11434",
    "http://2130706433.example:11434",
    "http://localhost:11434",
    "ftp://127.0.0.1:11434",
)
PROXY = "http://203.0.113.10:3128"
HOSTILE = {
    "HTTP_PROXY": PROXY,
    "HTTPS_PROXY": PROXY,
    "ALL_PROXY": "socks5://203.0.113.10:1080",
    "NO_PROXY": "",
    "OLLAMA_HOST": "http://203.0.113.11:11434",
    "OPENAI_BASE_URL": "http://203.0.113.12/v1",
    "OPENAI_API_BASE": "http://203.0.113.12/v1",
    "LANGSMITH_TRACING": "true",
    "LANGSMITH_ENDPOINT": "http://203.0.113.13:4318",
    "LANGCHAIN_TRACING_V2": "true",
    "LANGCHAIN_ENDPOINT": "http://203.0.113.13:4318",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://203.0.113.14:4318",
    "HF_ENDPOINT": "http://203.0.113.15",
    "HF_HUB_OFFLINE": "0",
    "SENTRY_DSN": "http://key@203.0.113.16/1",
}
"""What a careless or hostile environment may hold; every address is a stranger's."""


def remote_by_tag(bench: Bench) -> None:
    bench.local.become(FakeModel(LOCAL_MODEL), FakeModel("gpt-oss:120b-cloud", remote_host=REMOTE))
    _refresh(bench)
    bench.ask(bench.paper("secret").question, model="gpt-oss:120b-cloud")
    _require_not_asked(bench, "gpt-oss:120b-cloud")


def remote_in_tags(bench: Bench) -> None:
    bench.local.become(FakeModel("plain-name", size=9_000_000_000, remote_host=REMOTE), FakeModel(LOCAL_MODEL))
    _refresh(bench)
    bench.ask(bench.paper("secret").question, model="plain-name")
    _require_not_asked(bench, "plain-name")


def remote_alone(bench: Bench) -> None:
    bench.local.become(FakeModel("plain-name", remote_host=REMOTE))
    _refresh(bench)
    turn = bench.ask(bench.paper("secret").question)
    require(turn.answerer == "quotes", "a remote model answered")


def remote_in_show(bench: Bench) -> None:
    """The details turn remote after the list was read, while it is still remembered."""
    bench.local.become()
    _refresh(bench)
    require(bench.ask(bench.paper("secret").question).answerer == "local", "the local model did not answer")
    bench.local.become(FakeModel(LOCAL_MODEL, remote_host=REMOTE))
    turn = bench.ask(bench.paper("secret").question)
    require("not_provably_local" in turn.marks, "the remote model was not noticed")


def remote_between(bench: Bench) -> None:
    bench.local.become()
    _refresh(bench)
    turn = bench.ask(
        bench.paper("secret").question,
        on={Routed: lambda: bench.local.become(FakeModel(LOCAL_MODEL, remote_host=REMOTE))},
    )
    require("not_provably_local" in turn.marks, "the remote model was not noticed")


def remote_in_reply(bench: Bench) -> None:
    """Nothing tells before the reply does; it is cut off and no text of it is shown."""
    bench.local.become(FakeModel(LOCAL_MODEL, remote_host=REMOTE, hides_remote=True))
    _refresh(bench)
    turn = bench.ask(bench.paper("secret").question)
    require("not_provably_local" in turn.marks, "the remote reply was not noticed")
    require(turn.done and bench.paper("secret").answer not in turn.done.text, "the remote reply was shown")


def remote_behind_openai(bench: Bench) -> None:
    """An OpenAI-compatible face with a remote model behind it."""
    bench.local.become(FakeModel("plain-name", remote_host=REMOTE))
    local = {"ollama_url": "", "openai_url": bench.local.url + "/v1"}
    models = LocalModels(make_settings(bench.home, bench.local, bench.cloud, local=local), Doors())
    model = models.pick()
    require(model, "the face offered nothing")
    passages = bench.airlock.retriever.retrieve(bench.paper("secret").question).passages
    try:
        list(model.stream(build_prompt("?", passages, ()), num_ctx=None, cancel=Cancel()))  # type: ignore[union-attr]
    except NotProvablyLocal:
        return
    require(False, "the remote model was asked")


def address(bench: Bench, url: str) -> None:
    """Try to ask a model there first, and only then see who took the address."""
    passages = bench.airlock.retriever.retrieve(bench.paper("secret").question).passages
    model = OllamaModel(OllamaServer(url, None, (), bench.settings.local), LOCAL_MODEL)
    asked = _taken(lambda: list(model.stream(build_prompt("?", passages, ()), num_ctx=None, cancel=Cancel())))
    require(not asked, "a model there was asked")
    require(not _taken(lambda: Settings(home=bench.home, local={"ollama_url": url})), "the settings took it")
    require(not _taken(lambda: parse_target(f"/tmp/x={url}", frozenset())), "the local door took it")


def _taken(use: Callable[[], object]) -> bool:
    try:
        use()
    except (ValueError, AirlockError):
        return False
    return True


def variable(bench: Bench, names: tuple[str, ...]) -> None:
    _refresh(bench)
    with hostile_environment(names):
        require(bench.ask(bench.paper("secret").question).answerer == "local", "the local model did not answer")
        require(bench.ask(bench.paper("public").question).zone is Zone.CLOUD, "the cloud did not answer")


@contextmanager
def hostile_environment(names: tuple[str, ...]) -> Iterator[None]:
    """Set these variables, in upper and lower case."""
    wanted = {name: HOSTILE[name] for name in names}
    wanted |= {name.lower(): value for name, value in wanted.items() if name.endswith("_PROXY")}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _refresh(bench: Bench) -> None:
    """Forget what was seen of the local server a moment ago."""
    bench.airlock.local_models._looked_at = float("-inf")


def _require_not_asked(bench: Bench, name: str) -> None:
    asked = {body["model"] for body in bench.local.fake.asked.bodies("/api/chat")[-1:]}
    require(name not in asked, f"{name} was asked")


VARIABLES = (
    ("HTTP_PROXY", "HTTPS_PROXY"), ("ALL_PROXY",), ("NO_PROXY",), ("OLLAMA_HOST",),
    ("OPENAI_BASE_URL", "OPENAI_API_BASE"),
    ("LANGSMITH_TRACING", "LANGSMITH_ENDPOINT"), ("LANGCHAIN_TRACING_V2", "LANGCHAIN_ENDPOINT"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT",), ("HF_ENDPOINT", "HF_HUB_OFFLINE"),
)  # fmt: skip

PATHS = (
    LeakPath("cloud-tag", "A `-cloud` model asked for by name", remote_by_tag),
    LeakPath("remote-tags", "A local-looking model with remote_host in the list", remote_in_tags),
    LeakPath("remote-only", "Only a remote model installed", remote_alone),
    LeakPath("remote-show", "A model that turns remote after it was listed", remote_in_show),
    LeakPath("remote-flight", "A model that turns remote between route and asking", remote_between),
    LeakPath("remote-reply", "remote_host in the reply alone: cut off, not shown", remote_in_reply),
    LeakPath("remote-openai", "A remote model behind an OpenAI-compatible face", remote_behind_openai),
    *(
        LeakPath(f"url-{number}", f"A local model's address: {url}", partial(address, url=url))
        for number, url in enumerate(URLS, 1)
    ),
    *(
        LeakPath(f"env-{names[0]}", f"Environment: {', '.join(names)}", partial(variable, names=names))
        for names in VARIABLES
    ),
)  # fmt: skip
