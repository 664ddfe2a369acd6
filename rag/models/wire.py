"""The wire to a local model server: one connection per call, watched in both directions and cut on request.

Everything the official clients send or receive passes here, so the rules hold whatever a client does on its
own: the address is checked again, headers outside a short list are dropped (keys that a client found in the
environment), no proxy, no redirect, no compressed reply, and a reply that names a remote host is cut off. It
decides nothing about models and keeps no text.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import socket  # noqa: TID251  only for shutdown(); connections are opened by httpx
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx

from rag.config import is_local_url
from rag.errors import NotProvablyLocal, Unreachable

_HEADERS_SENT = frozenset({"host", "accept", "content-type", "content-length", "connection", "user-agent"})
_REMOTE_KEYS = ("remote_host", "remote_model")
_PROXY_HEADERS = ("x-litellm-", "cf-ray")
_LONGEST_LINE = 8 * 1024 * 1024


def refuse_remote_address(url: str, trusted: tuple[str, ...]) -> None:
    """Raise unless `url` is provably on this machine or a trusted host.

    Raises:
        NotProvablyLocal: it is not.
    """
    if not is_local_url(url, trusted):
        raise NotProvablyLocal("the address of the local model server is neither this machine nor a trusted host")


def names_remote(document: object) -> bool:
    """Whether a JSON document of a server says that another host does the work."""
    return isinstance(document, Mapping) and any(document.get(key) for key in _REMOTE_KEYS)


class Upstream:
    """The connections of one call, known from the moment they are open, so that any thread can cut them.

    Attributes:
        answered: a reply has begun.
        bytes_out: length of the last request's body.
        request_digest: SHA-256 of that body, hexadecimal.
        documents: the JSON documents of the replies read whole, by path; official clients drop fields they
            do not know, and `remote_host` is one of them.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._cut = False
        self.answered = False
        self.bytes_out = 0
        self.request_digest = ""
        self.documents: dict[str, Any] = {}

    @property
    def cut_off(self) -> bool:
        """Whether `cut` was called."""
        return self._cut

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """httpcore's trace hook: notes each connection when it opens, before a byte is sent.

        The reply's `network_stream` would come too late: Ollama sends no header until the model is loaded.
        """
        if not event.startswith("connection.") or not event.endswith(".complete"):
            return
        opened = getattr(info.get("return_value"), "get_extra_info", None)
        connection: socket.socket | None = opened("socket") if opened else None
        if connection is None:
            return
        with self._lock:
            self._sockets.append(connection)
            cut = self._cut
        if cut:
            _shut(connection)

    def cut(self) -> None:
        """Shut the connections down at once; a thread that reads from them wakes up."""
        with self._lock:
            self._cut = True
            connections = list(self._sockets)
        for connection in connections:
            _shut(connection)


class LocalTransport(httpx.BaseTransport):
    """httpx's own transport under the rules of this module, for one call."""

    def __init__(self, upstream: Upstream, trusted: tuple[str, ...], door: Path | None) -> None:
        self._upstream = upstream
        self._trusted = trusted
        self._inner = httpx.HTTPTransport(
            trust_env=False,
            retries=0,
            uds=str(door) if door else None,
            limits=httpx.Limits(max_connections=4),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request.

        Raises:
            NotProvablyLocal: the address is not local, the reply redirects, or it comes from a cloud proxy.
            Unreachable: the reply is compressed, so it cannot be watched.
        """
        refuse_remote_address(str(request.url), self._trusted)
        body = request.read()
        self._upstream.bytes_out = len(body)
        self._upstream.request_digest = hashlib.sha256(body).hexdigest()
        request.headers = httpx.Headers(
            [(name, value) for name, value in request.headers.multi_items() if name.lower() in _HEADERS_SENT]
        )
        request.headers["accept-encoding"] = "identity"
        request.extensions = {**request.extensions, "trace": self._upstream.trace}
        response = self._inner.handle_request(request)
        self._upstream.answered = True
        try:
            _refuse_remote_reply(response)
        except BaseException:
            response.close()
            raise
        assert isinstance(response.stream, httpx.SyncByteStream)
        response.stream = _WatchedStream(response.stream, request.url.path, self._upstream)
        return response

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()


class _WatchedStream(httpx.SyncByteStream):
    """A reply's body; each JSON document in it is looked at before it is handed on."""

    def __init__(self, inner: httpx.SyncByteStream, path: str, upstream: Upstream) -> None:
        self._inner = inner
        self._path = path
        self._upstream = upstream

    def __iter__(self) -> Iterator[bytes]:
        waiting = b""
        for piece in self._inner:
            *lines, waiting = (waiting + piece).split(b"\n")
            if len(waiting) > _LONGEST_LINE:
                raise Unreachable(f"a line of the server's reply is longer than {_LONGEST_LINE} bytes")
            for line in lines:
                self._look_at(line)
            if lines:
                yield b"\n".join(lines) + b"\n"
        self._look_at(waiting)
        if waiting:
            yield waiting

    def close(self) -> None:
        self._inner.close()

    def _look_at(self, line: bytes) -> None:
        text = line.strip().removeprefix(b"data:").strip()
        if not text.startswith((b"{", b"[")):
            return
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            return  # the client reports it; nothing in a broken line is believed or shown
        if names_remote(document):
            self._upstream.cut()
            raise NotProvablyLocal("the model server says that another host runs this model")
        if not self._path.endswith(("/chat", "/completions")):
            self._upstream.documents[self._path] = document


def _refuse_remote_reply(response: httpx.Response) -> None:
    if 300 <= response.status_code < 400:
        raise NotProvablyLocal(
            f"the model server redirects (status {response.status_code}); redirects are not followed"
        )
    if any(name.lower().startswith(_PROXY_HEADERS) for name in response.headers):
        raise NotProvablyLocal("the reply comes from a proxy that forwards to cloud models")
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise Unreachable("the model server compresses its reply although it was asked not to")


def _shut(connection: socket.socket) -> None:
    # close() from another thread would wait for the read timeout; shutdown() wakes the reader at once
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
