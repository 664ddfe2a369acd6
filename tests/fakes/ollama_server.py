"""A small Ollama of our own, for what no test server offers: details, remote models, thinking, faults.

The protocol is that of Ollama's own description, `docs/openapi.yaml` of github.com/ollama/ollama (MIT); its
schemas check every answer here in tests/rag/models/test_fake_ollama.py. `remote_host` and `remote_model` in
`/api/show` and in replies, the error line after HTTP 200, and `/api/status` are not in that description; they
follow Ollama's behaviour as its server writes them, and so does its OpenAI-compatible face under `/v1`.

`python -m tests.fakes.ollama_server --port 11434` serves it to a person or a browser test.
"""

from __future__ import annotations

import argparse
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WHEN = "2026-01-02T03:04:05.678901234Z"
VERSION = "0.99.0"
ANSWER = ("The ", "warranty ", "lasts ", "36 months ", "[1].")


@dataclass(frozen=True)
class FakeModel:
    """One installed model and how it behaves when asked. Seconds, bytes and tokens."""

    name: str
    size: int = 2_000_000_000
    family: str = "llama"
    capabilities: tuple[str, ...] = ("completion",)
    context_length: int = 131072
    answer: tuple[str, ...] = ANSWER
    thinking: tuple[str, ...] = ()
    remote_host: str = ""
    hides_remote: bool = False  # the details say nothing; only the reply names the remote host
    load_seconds: float = 0.0  # before the first byte of the reply, as a real server loads
    pause: float = 0.0  # between pieces
    fault: str = ""  # error, error-first, cut, cut-json, no-done, length, hang, redirect, memory, 500
    done_reason: str = "stop"

    @property
    def details(self) -> dict[str, Any]:
        """The `details` object of tags and show."""
        return {
            "parent_model": "",
            "format": "" if self.remote_host else "gguf",
            "family": self.family,
            "families": [self.family],
            "parameter_size": "3.2B",
            "quantization_level": "Q4_K_M",
        }


CATALOGUE = (
    FakeModel("small:1b", size=1_000_000_000),
    FakeModel("medium:3b"),
    FakeModel("nomic-embed-text:latest", size=274_000_000, family="nomic-bert", capabilities=("embedding",)),
    FakeModel("gpt-oss:120b-cloud", size=384, remote_host="https://ollama.com:443"),
    FakeModel("plain-name:latest", size=384, remote_host="https://ollama.com:443"),
)
"""What `python -m tests.fakes.ollama_server` has installed."""


@dataclass
class Asked:
    """What the fake saw: requests as (method, path, headers, body), the last body, clients that left."""

    requests: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)
    last_bytes: bytes = b""
    left: threading.Event = field(default_factory=threading.Event)
    chatting: threading.Event = field(default_factory=threading.Event)

    def bodies(self, path: str) -> list[Any]:
        """The JSON bodies sent to `path`, oldest first."""
        return [body for _, asked, _, body in self.requests if asked == path]


class FakeOllama(ThreadingHTTPServer):
    """The server; `asked` keeps what came in."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, models: tuple[FakeModel, ...] = CATALOGUE, *, port: int = 0, status: bool = True) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.models = {model.name: model for model in models}
        self.loaded: dict[str, int] = {}
        self.has_status = status
        self.asked = Asked()
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is what many tests are about; it is not worth a traceback."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FakeOllama

    def do_GET(self) -> None:
        self._note(None)
        routes = {
            "/api/tags": self._tags,
            "/api/ps": self._ps,
            "/api/version": self._version,
            "/api/status": self._status,
            "/v1/models": self._served,
        }
        routes.get(self.path, self._missing)()

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.asked.last_bytes = raw
        body = json.loads(raw or b"null")
        self._note(body)
        routes = {"/api/show": self._show, "/api/chat": self._chat, "/v1/chat/completions": self._chat}
        routes.get(self.path, lambda _: self._missing())(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    # -- answers in one document

    def _tags(self) -> None:
        self._send(200, {"models": [_summary(model) for model in self.server.models.values()]})

    def _ps(self) -> None:
        rows = []
        for name, num_ctx in self.server.loaded.items():
            row = _summary(self.server.models[name])
            del row["modified_at"]
            rows.append(row | {"expires_at": WHEN, "size_vram": 0, "context_length": num_ctx})
        self._send(200, {"models": rows})

    def _served(self) -> None:
        rows = [{"id": name, "object": "model", "created": 0, "owned_by": "library"} for name in self.server.models]
        self._send(200, {"object": "list", "data": rows})

    def _version(self) -> None:
        self._send(200, {"version": VERSION})

    def _status(self) -> None:
        if self.server.has_status:
            self._send(200, {"cloud": {"disabled": False, "source": "none"}})
        else:
            self._missing()

    def _show(self, body: Any) -> None:
        model = self.server.models.get(body["model"])
        if model is None:
            self._send(404, {"error": f"model '{body['model']}' not found"})
            return
        answer: dict[str, Any] = {
            "license": "",
            "modelfile": "",
            "parameters": "",
            "template": "{{ .Prompt }}",
            "details": model.details,
            "capabilities": list(model.capabilities),
            "modified_at": WHEN,
            "model_info": {
                "general.architecture": model.family,
                f"{model.family}.context_length": model.context_length,
            },
        }
        if model.remote_host and not model.hides_remote:
            answer |= {"remote_host": model.remote_host, "remote_model": model.name.partition(":")[0]}
        self._send(200, answer)

    # -- the chat stream

    def _chat(self, body: Any) -> None:
        model = self.server.models.get(body["model"])
        if model is None:
            self._send(404, {"error": f"model '{body['model']}' not found"})
            return
        self.server.asked.chatting.set()
        if model.fault == "redirect":
            self._send(307, {}, location="http://203.0.113.9/api/chat")
        elif model.fault == "500":
            self._send(500, {"error": "an error was encountered while running the model"})
        elif model.fault == "memory":
            self._send(500, {"error": "model requires more system memory (9.9 GiB) than is available (1.1 GiB)"})
        elif self._wait(3600.0 if model.fault == "hang" else model.load_seconds):
            self.server.loaded[model.name] = body.get("options", {}).get("num_ctx", 4096)
            self._stream(model, body)

    def _stream(self, model: FakeModel, body: Any) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream" if self._speaks_openai else "application/x-ndjson")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if model.fault == "error-first":
            self._line({"error": "llama runner process has terminated"})
        begun = 2 + len(model.thinking)
        for at, line in enumerate(_lines(model)):
            if at == begun and model.fault in ("error", "cut", "cut-json"):
                if model.fault == "error":
                    self._line({"error": "an error was encountered while running the model"})
                    break
                if model.fault == "cut-json":
                    self._raw(json.dumps(line).encode()[:20])
                self._break_off()
                return
            if not self._line(line) or not self._wait(model.pause):
                return
        if model.fault not in ("no-done", "error", "error-first"):
            self._line(_last_line(model, body))
            if self._speaks_openai:
                self._raw(b"data: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")

    @property
    def _speaks_openai(self) -> bool:
        return self.path.startswith("/v1/")

    def _line(self, document: dict[str, Any]) -> bool:
        if self._speaks_openai:
            return self._raw(b"data: " + json.dumps(_as_chunk(document)).encode() + b"\n\n")
        return self._raw(json.dumps(document, ensure_ascii=False).encode() + b"\n")

    def _raw(self, data: bytes) -> bool:
        try:
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            self.wfile.flush()
        except OSError:
            self.server.asked.left.set()
            return False
        return True

    def _wait(self, seconds: float) -> bool:
        """Sleep, but notice a client that leaves, as a real server does; False when it has."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not self.server.closing.is_set():
            if _is_closed(self.connection):
                self.server.asked.left.set()
                self.close_connection = True
                return False
            time.sleep(min(0.005, left))
        return True

    def _break_off(self) -> None:
        self.close_connection = True
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)

    def _missing(self) -> None:
        self._send(404, {"error": "not found"})

    def _send(self, status: int, document: Any, *, location: str = "") -> None:
        data = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(data)

    def _note(self, body: Any) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.requests.append((self.command, self.path, headers, body))


def _summary(model: FakeModel) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": model.name,
        "model": model.name,
        "modified_at": WHEN,
        "size": model.size,
        "digest": f"{abs(hash(model)):064x}"[:64],
        "details": model.details,
    }
    if model.remote_host and not model.hides_remote:
        row |= {"remote_host": model.remote_host, "remote_model": model.name.partition(":")[0]}
    return row


def _lines(model: FakeModel) -> Iterator[dict[str, Any]]:
    """The stream's lines but the last."""
    about: dict[str, Any] = {"model": model.name, "created_at": WHEN}
    if model.remote_host:
        about |= {"remote_host": model.remote_host, "remote_model": model.name.partition(":")[0]}
    for piece in model.thinking:
        yield about | {"message": {"role": "assistant", "content": "", "thinking": piece}, "done": False}
    for piece in model.answer:
        yield about | {"message": {"role": "assistant", "content": piece}, "done": False}


def _last_line(model: FakeModel, body: Any) -> dict[str, Any]:
    prompt = sum(len(message["content"].split()) for message in body["messages"])
    return {
        "model": model.name,
        "created_at": WHEN,
        "message": {"role": "assistant", "content": ""},
        "done": True,
        "done_reason": "length" if model.fault == "length" else model.done_reason,
        "total_duration": 1_000_000,
        "load_duration": int(model.load_seconds * 1e9),
        "prompt_eval_count": prompt,
        "prompt_eval_duration": 1000,
        "eval_count": len(model.answer),
        "eval_duration": 1000,
    }


def _as_chunk(line: dict[str, Any]) -> dict[str, Any]:
    """A line of the stream as Ollama's OpenAI-compatible face writes it."""
    if "error" in line:
        return {"error": {"message": line["error"], "type": "api_error"}}
    about = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 0, "model": line["model"]}
    about |= {key: line[key] for key in ("remote_host", "remote_model") if key in line}
    delta = {"role": "assistant", "content": line["message"]["content"]}
    if "thinking" in line["message"]:
        delta["reasoning"] = line["message"]["thinking"]
    about |= {"choices": [{"index": 0, "delta": delta, "finish_reason": line.get("done_reason")}]}
    if line["done"]:
        tokens = {"prompt_tokens": line["prompt_eval_count"], "completion_tokens": line["eval_count"]}
        about |= {"usage": tokens | {"total_tokens": sum(tokens.values())}}
    return about


def _is_closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


@contextmanager
def serve(*models: FakeModel, status: bool = True) -> Iterator[FakeOllama]:
    """A running fake with `models`, or with the catalogue."""
    server = FakeOllama(models or CATALOGUE, status=status)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description="A fake Ollama with a few scripted models.")
    parser.add_argument("--port", type=int, default=11434)
    parser.add_argument("--no-status", action="store_true", help="answer 404 to /api/status, as older servers do")
    options = parser.parse_args()
    server = FakeOllama(port=options.port, status=not options.no_status)
    print(server.url, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
