"""The gate's socket: reads ids, has them judged, streams the answer. Tells nobody anything else.

A plain ASGI application. When the client goes away, the upstream connection is closed with it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, MutableMapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any, Protocol

from rag.errors import AirlockError, EgressRefused
from rag.gate.judge import Verdict
from rag.gate.wire import (
    MAX_REQUEST_BYTES,
    BadRequest,
    GateRequest,
    GateStatus,
    decode_request,
    encode_end,
    encode_error,
    encode_piece,
    encode_status,
)
from rag.policy.mask import Unmasker
from rag.records import Piece, Prompt, TextPiece, UsagePiece

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Model(Protocol):
    """What the gate asks."""

    def status(self) -> GateStatus:
        """What would be asked."""
        ...

    def stream(self, prompt: Prompt) -> AsyncGenerator[Piece, None]:
        """The answer to a judged prompt."""
        ...

    def load(self) -> object:
        """Do what is slow before the first question; may run in any thread."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...


class GateApp:
    """The ASGI application. `judge` is called in a thread: it reads the store."""

    def __init__(self, judge: Callable[[GateRequest], Verdict], model: Model) -> None:
        self._judge = judge
        self._model = model

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request, or close the connections when the server ends."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        route = (scope["method"], scope["path"])
        if route == ("GET", "/status"):
            await _send_whole(send, 200, encode_status(self._model.status()))
        elif route == ("POST", "/answer"):
            await self._answer(receive, send)
        else:
            await _send_whole(send, 404, encode_error(BadRequest("the gate knows /status and /answer")))

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        # The client library takes about a second to import: meanwhile the status can be answered.
        threading.Thread(target=self._model.load, daemon=True, name="load").start()
        await receive()
        await self._model.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, receive: Receive, send: Send) -> None:
        try:
            request = decode_request(await _read_body(receive))
        except BadRequest as error:
            await _send_whole(send, error.status, encode_error(error))
            return
        answering = asyncio.ensure_future(self._send_answer(request, send))
        leaving = asyncio.ensure_future(_wait_for_leaving(receive))
        try:
            await asyncio.wait((answering, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            answering.cancel()
            await asyncio.gather(answering, leaving, return_exceptions=True)

    async def _send_answer(self, request: GateRequest, send: Send) -> None:
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [(b"content-type", b"application/x-ndjson")],
            }
        )
        async with aclosing(self._lines(request)) as lines:
            async for line in lines:
                await send({"type": "http.response.body", "body": line, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _lines(self, request: GateRequest) -> AsyncGenerator[bytes, None]:
        try:
            verdict = await asyncio.to_thread(self._judge, request)
            async with aclosing(self._model.stream(verdict.prompt)) as pieces:
                async for piece in reveal(pieces, verdict):
                    yield encode_piece(piece)
            yield encode_end()
        except AirlockError as error:
            yield encode_error(error)
        except Exception as error:
            # An unforeseen failure counts as a refusal: never retried elsewhere, and its text stays here.
            yield encode_error(EgressRefused(f"the gate failed ({type(error).__name__})"))


async def reveal(pieces: AsyncIterable[Piece], verdict: Verdict) -> AsyncGenerator[Piece, None]:
    """`pieces` with the hidden identifiers put back as soon as they are whole, and their counts in the figures."""
    if verdict.vault is None:
        async for piece in pieces:
            yield piece
        return
    unmasker = Unmasker(verdict.vault)
    async for piece in pieces:
        if isinstance(piece, TextPiece):
            if shown := unmasker.feed(piece.text):
                yield TextPiece(shown)
            continue
        if isinstance(piece, UsagePiece):
            if rest := unmasker.finish():
                yield TextPiece(rest)
            piece = replace(piece, masked=verdict.masked)
        yield piece
    if rest := unmasker.finish():
        yield TextPiece(rest)


async def _read_body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise BadRequest("the request broke off")
        body += bytes(message.get("body", b""))
        if len(body) > MAX_REQUEST_BYTES:
            raise BadRequest(f"the request is longer than {MAX_REQUEST_BYTES} bytes")
        if not message.get("more_body", False):
            return body


async def _wait_for_leaving(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send_whole(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
