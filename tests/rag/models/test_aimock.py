"""The Ollama adapter against aimock, a protocol server that is not ours.

aimock speaks /api/chat only. A model whose details cannot be read is not provably local, so a relay before it
answers /api/show, and hands everything else through byte for byte.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

from rag.cancel import Cancel
from rag.errors import CutShort, Unreachable
from rag.models.ollama import OllamaModel, OllamaServer
from rag.records import Piece, Prompt, UsagePiece
from tests.fakes.aimock import run_aimock
from tests.fakes.cloud_server import Scenario
from tests.rag.models.conftest import QUICK, drain, written

pytestmark = pytest.mark.real

ANSWER = "The warranty lasts 36 months [1]."
SCENARIOS = {
    "fine": Scenario(ANSWER),
    "limited": Scenario(status=429, retry_after=7),
    "broken": Scenario(status=500),
    "cut": Scenario(ANSWER, cut_after=3, pause=0.05),
}


class _Relay(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"
    upstream = ""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path == "/api/show":
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps({"details": {}, "model_info": {}, "capabilities": ["completion"]}).encode())
            return
        connection = http.client.HTTPConnection(urlsplit(self.upstream).netloc, timeout=10)
        with contextlib.closing(connection), contextlib.suppress(http.client.IncompleteRead, ConnectionError):
            connection.request("POST", self.path, body, {"Content-Type": "application/json"})
            reply = connection.getresponse()
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.headers["content-type"])
            self.end_headers()
            while data := reply.read1(4096):
                self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def aimock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The relay's address."""
    with run_aimock(tmp_path_factory.mktemp("aimock"), SCENARIOS) as url:
        handler = type("Relay", (_Relay,), {"upstream": url})
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
            thread.start()
            yield f"http://127.0.0.1:{server.server_address[1]}"
            server.shutdown()
            thread.join()


def ask(url: str, question: str) -> Iterator[Piece]:
    model = OllamaModel(OllamaServer(url, None, (), QUICK), "any")
    return model.stream(Prompt(question, (), ()), num_ctx=None, cancel=Cancel())


def test_an_answer_of_aimock_streams(aimock: str) -> None:
    pieces = list(ask(aimock, "fine"))
    assert written(pieces) == ANSWER
    assert len(pieces) > 3
    assert isinstance(pieces[-1], UsagePiece)


@pytest.mark.parametrize("question", ["limited", "broken"])
def test_a_refusal_of_aimock_is_unreachable(aimock: str, question: str) -> None:
    with pytest.raises(Unreachable):
        list(ask(aimock, question))


def test_a_stream_that_aimock_cuts_is_cut_short_and_keeps_what_came(aimock: str) -> None:
    pieces: list[Piece] = []
    with pytest.raises(CutShort):
        drain(ask(aimock, "cut"), pieces)
    assert ANSWER.startswith(written(pieces))
    assert written(pieces) != ANSWER
