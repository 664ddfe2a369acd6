"""A cloud of ours: speaks streaming `/v1/chat/completions` on loopback and keeps every byte it receives.

Protocol source: OpenAI's openapi.yaml, `createChatCompletion` with `stream: true` and
`stream_options.include_usage` (server-sent events of `chat.completion.chunk`, then `[DONE]`), and the error
object `{"error": {"message", "type", "param", "code"}}`. The same suite runs over this and over aimock.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

CHUNK = 5
"""Characters of the answer in one event."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """How the cloud behaves towards a request whose last message contains the scenario's keyword."""

    content: str = ""
    finish: str = "stop"
    status: int = 200
    code: str = ""
    retry_after: int | None = None
    cut_after: int | None = None
    """Events of text after which the connection is closed without an end."""
    pause: float = 0.0
    """Seconds between events."""
    location: str = ""
    raw: bytes = b""
    """Sent instead of any event, then the stream ends properly."""
    before_first: float = 0.0


SCENARIOS: Mapping[str, Scenario] = {
    "scenario-plain": Scenario("Staff carry over five days of leave [1]."),
    "scenario-refused-key": Scenario(status=401, code="invalid_api_key"),
    "scenario-unknown-model": Scenario(status=404, code="model_not_found"),
    "scenario-pause": Scenario(status=429, code="rate_limit_exceeded", retry_after=7),
    "scenario-broken": Scenario(status=500, code="internal_error"),
    "scenario-filter": Scenario("Well, ", finish="content_filter"),
    "scenario-length": Scenario("This answer is far too long", finish="length"),
    "scenario-cut": Scenario("This answer never ends", cut_after=3, pause=0.02),
    "scenario-slow": Scenario("word " * 400, pause=0.05),
}
"""What both clouds can do."""


@dataclass(slots=True)
class Call:
    """One connection: all bytes received on it, and when the client left during an answer."""

    received: bytearray = field(default_factory=bytearray)
    left_at: float | None = None

    @property
    def body(self) -> bytes:
        """The last request's body."""
        return bytes(self.received).rpartition(b"\r\n\r\n")[2]

    @property
    def headers(self) -> dict[str, str]:
        """The last request's headers, names in lower case."""
        head = bytes(self.received).partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
        return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head)}


class CloudServer:
    """The fake cloud, in a thread of its own; `with CloudServer() as cloud: cloud.url`."""

    def __init__(self, scenarios: Mapping[str, Scenario] = SCENARIOS) -> None:
        self.scenarios = dict(scenarios)
        self.calls: list[Call] = []
        self.repeats_placeholders = False
        """Whether the answer is whatever stands in ⟦ ⟧ in the request, each once."""
        self.moved_to = ""
        """Where every request, of whatever protocol, is redirected to; nowhere when empty."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._started = threading.Event()
        self.port = 0

    @property
    def url(self) -> str:
        """The base URL a client is given."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def received(self) -> bytes:
        """Every byte that ever arrived, on all connections."""
        return b"\n".join(bytes(call.received) for call in self.calls)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._started.wait(5)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        self._loop.run_forever()
        server.close()
        pending = asyncio.all_tasks(self._loop)
        for task in pending:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        call = Call()
        self.calls.append(call)
        try:
            while head := await _read_head(reader, call):
                body = await reader.readexactly(_length(head))
                call.received += body
                await self._answer(head, body, reader, writer, call)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _answer(
        self, head: bytes, body: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, call: Call
    ) -> None:
        method, path = head.split(b" ", 2)[:2]
        if self.moved_to:
            await _send_elsewhere(writer, 307, self.moved_to)
            return
        if (method, path) != (b"POST", b"/v1/chat/completions"):
            await _send_error(writer, Scenario(status=404, code="unknown_url"))
            return
        request = json.loads(body)
        scenario = self._choose(request["messages"][-1]["content"])
        if self.repeats_placeholders:
            seen = dict.fromkeys(re.findall("⟦[^⟦⟧]*⟧", request["messages"][-1]["content"]))
            scenario = Scenario("I see " + " and ".join(seen) + " [1].")
        if scenario.location:
            await _send_elsewhere(writer, scenario.status, scenario.location)
        elif scenario.status != 200:
            await _send_error(writer, scenario)
        else:
            await _stream(request, scenario, reader, writer, call)

    def _choose(self, text: str) -> Scenario:
        for keyword, scenario in self.scenarios.items():
            if keyword in text:
                return scenario
        return Scenario("The documents say so [1].")


async def _read_head(reader: asyncio.StreamReader, call: Call) -> bytes:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        call.received += error.partial
        return b""
    call.received += head
    return head


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


async def _send_elsewhere(writer: asyncio.StreamWriter, status: int, location: str) -> None:
    writer.write(f"HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode())
    await writer.drain()


async def _send_error(writer: asyncio.StreamWriter, scenario: Scenario) -> None:
    error = {
        "message": "A message that quotes the request.",
        "type": "error",
        "param": None,
        "code": scenario.code,
    }
    body = json.dumps({"error": error}).encode()
    headers = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    if scenario.retry_after is not None:
        headers += f"Retry-After: {scenario.retry_after}\r\n"
    writer.write(f"HTTP/1.1 {scenario.status} Error\r\n{headers}\r\n".encode() + body)
    await writer.drain()


async def _stream(
    request: dict[str, Any],
    scenario: Scenario,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    call: Call,
) -> None:
    """Send the events, watching for the client to leave; a pipelined second request is not expected."""
    await asyncio.sleep(scenario.before_first)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    leaving = asyncio.ensure_future(reader.read(1))
    try:
        for number, event in enumerate(_events(request, scenario)):
            if scenario.cut_after is not None and number > scenario.cut_after:
                writer.close()
                return
            _write_chunk(writer, event)
            await writer.drain()
            done, _ = await asyncio.wait((leaving,), timeout=scenario.pause)
            if done:
                call.left_at = time.monotonic()
                return
        _write_chunk(writer, b"")
        await writer.drain()
    finally:
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)


def _write_chunk(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")


def _events(request: dict[str, Any], scenario: Scenario) -> list[bytes]:
    if scenario.raw:
        return [scenario.raw]
    parts = [scenario.content[at : at + CHUNK] for at in range(0, len(scenario.content), CHUNK)]
    deltas: list[tuple[dict[str, str], str | None]] = [({"role": "assistant", "content": ""}, None)]
    deltas += [({"content": part}, None) for part in parts]
    deltas.append(({}, scenario.finish))
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": request["model"]}
    events = [{**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]} for delta, finish in deltas]
    if (request.get("stream_options") or {}).get("include_usage"):
        usage = {"prompt_tokens": 11, "completion_tokens": len(parts), "total_tokens": 11 + len(parts)}
        events.append({**head, "choices": [], "usage": usage})
    return [b"data: " + json.dumps(event).encode() + b"\n\n" for event in events] + [b"data: [DONE]\n\n"]
