"""Both models of the scene: a local one that repeats what it is shown, and a cloud that obeys and keeps every byte.

The local model repeats on purpose: its answers carry the canaries, so that a later turn could give them away.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from tests.fakes.cloud_server import CloudServer, Scenario
from tests.fakes.ollama_server import FakeModel, FakeOllama, _Handler

LOCAL_MODEL = "small:1b"
_EXCERPT = re.compile(r"^\[(\d+)\] (.*)\n((?:(?!\[\d+\] |Question:).*\n)*)", re.MULTILINE)
_REPEATED = 400
REMOTE = ("203.0.113.50", 443)
"""Where the models that only look local are run."""


class _Repeating(_Handler):
    """Answers with the beginnings of the excerpts it is given, cited. A remote model really sends them away."""

    def _stream(self, model: FakeModel, body: Any) -> None:
        if model.remote_host and not model.hides_remote:
            _send_away(body)
        shown = [f"{title}: {text[:_REPEATED]} [{number}] " for number, title, text in _excerpts(body)]
        super()._stream(replace(model, answer=tuple(shown) or ("Nothing.",)), body)


def _send_away(body: Any) -> None:
    """What Ollama does with a remote model: hand the whole conversation to another host."""
    with contextlib.suppress(OSError), socket.create_connection(REMOTE, 1) as remote:
        remote.sendall(json.dumps(body).encode())


def _excerpts(body: Any) -> list[tuple[str, str, str]]:
    return _EXCERPT.findall(body["messages"][-1]["content"])


class LocalServer:
    """The fake Ollama, which can be killed, broken and started again at the same address."""

    def __init__(self) -> None:
        self._server = self._open(0)
        self.port = int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """Where it listens, or would."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def fake(self) -> FakeOllama:
        """The server itself."""
        return self._server

    @property
    def chats(self) -> int:
        """How often it was asked for an answer."""
        return len(self._server.asked.bodies("/api/chat"))

    def become(self, *models: FakeModel) -> None:
        """Have other models installed."""
        self._server.models = {model.name: model for model in models or (FakeModel(LOCAL_MODEL),)}

    def kill(self) -> None:
        """End at once; whoever is being answered loses the connection."""
        self._server.closing.set()
        self._server.shutdown()
        self._server.server_close()

    def revive(self) -> None:
        """Listen again, sound."""
        models = self._server.models
        self._server = self._open(self.port)
        self._server.models = models

    def _open(self, port: int) -> FakeOllama:
        server = FakeOllama((FakeModel(LOCAL_MODEL),), port=port)
        server.RequestHandlerClass = _Repeating
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return server


class Cloud:
    """The fake cloud; `behave` says how it meets the next questions."""

    def __init__(self, server: CloudServer) -> None:
        self._server = server
        self._seen: dict[int, int] = {}

    @property
    def url(self) -> str:
        """The base URL."""
        return self._server.url

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._server.port

    def behave(self, scenario: Scenario | None = None) -> None:
        """Meet every question like this; kindly when None."""
        self._server.scenarios = {} if scenario is None else {"": scenario}

    def take(self) -> bytes:
        """Every byte that arrived since the last call."""
        parts = []
        for number, call in enumerate(list(self._server.calls)):
            whole = bytes(call.received)
            parts.append(whole[self._seen.get(number, 0) :])
            self._seen[number] = len(whole)
        return b"\n".join(part for part in parts if part)


@contextmanager
def run_servers() -> Iterator[tuple[LocalServer, Cloud]]:
    """Both, until the block ends."""
    local = LocalServer()
    with CloudServer({}) as cloud:
        try:
            yield local, Cloud(cloud)
        finally:
            with contextlib.suppress(OSError):
                local.kill()
