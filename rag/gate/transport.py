"""The one wire to the cloud: refuses what was not judged, other hosts and redirects; counts what it sends.

It believes no environment variable, strips the client's fingerprint headers and bounds what comes back.
"""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from rag.config import Cloud, is_local_url
from rag.errors import ConfigError, CutShort, EgressRefused

MAX_REPLY_BYTES = 64 * 1024 * 1024
KEPT_OPEN_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Origin:
    """The one place the gate may reach: scheme, host and port, and no other."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Origin:
        """The origin of a provider's base URL.

        Raises:
            ConfigError: it is no URL, carries credentials, or is plain HTTP to anywhere but this machine.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise ConfigError("cloud.base_url: not a URL") from error
        if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
            raise ConfigError("cloud.base_url: use https://host[:port]/path, without user name and password")
        if parts.scheme == "http" and not is_local_url(url):
            raise ConfigError("cloud.base_url: plain http is only taken for 127.0.0.1 and [::1]; use https")
        return cls(parts.scheme, host.lower(), port or (443 if parts.scheme == "https" else 80))

    def holds(self, url: Any) -> bool:
        """Whether a request to `url` stays here."""
        return (url.scheme, url.host.lower(), url.port or (443 if url.scheme == "https" else 80)) == (
            self.scheme,
            self.host,
            self.port,
        )


@dataclass(slots=True)
class Permit:
    """One judged request's right to be sent once; afterwards it says what was sent."""

    digest: str | None = None
    bytes_out: int | None = None


_permit: ContextVar[Permit | None] = ContextVar("_permit", default=None)


@contextmanager
def allow_one_request() -> Iterator[Permit]:
    """Let this task send one request. Without it the transport sends nothing, whoever asks."""
    permit = Permit()
    token = _permit.set(permit)
    try:
        yield permit
    finally:
        _permit.reset(token)


class GatedTransport(httpx.AsyncBaseTransport):
    """Sends one request per permit, to one origin, and hands redirects to nobody.

    Serves httpx and its successor httpx2 alike, whose requests and responses have the same parts.
    """

    def __init__(self, origin: Origin, inner: Any, library: Any = httpx) -> None:
        self._origin = origin
        self._inner = inner
        self._bound = _bounded(library)

    async def handle_async_request(self, request: Any) -> Any:
        """Send `request`.

        Raises:
            EgressRefused: no permit, a used one, another host, or the answer is a redirect.
        """
        permit = _permit.get()
        if permit is None or permit.digest is not None:
            raise EgressRefused("a request that was not judged was about to be sent")
        if not self._origin.holds(request.url):
            raise EgressRefused("a request to another host than the configured one was about to be sent")
        body = await request.aread()
        permit.digest, permit.bytes_out = hashlib.sha256(body).hexdigest(), len(body)
        response = await self._inner.handle_async_request(_without_traces(request))
        if response.is_redirect or 300 <= response.status_code < 400:
            await response.aclose()
            raise EgressRefused(f"the provider answered with a redirect ({response.status_code}); not followed")
        response.stream = self._bound(response.stream)
        return response

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


class SilentTransport(httpx.BaseTransport):
    """For the client's blocking half, which the gate never uses: sends nothing."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:  # noqa: ARG002  nothing of it matters
        """Refuse.

        Raises:
            EgressRefused: always.
        """
        raise EgressRefused("the gate sends through its asynchronous client only")


def _bounded(library: Any) -> Any:
    """A class of streams of `library` that cut a reply off when there is absurdly much of it."""

    class Bounded(library.AsyncByteStream):  # type: ignore[misc]  # the library is chosen at run time
        def __init__(self, inner: Any) -> None:
            if not isinstance(inner, library.AsyncByteStream):
                raise TypeError("an asynchronous stream is expected")
            self._inner = inner

        async def __aiter__(self) -> AsyncIterator[bytes]:
            total = 0
            async for part in self._inner:
                total += len(part)
                if total > MAX_REPLY_BYTES:
                    raise CutShort(f"the provider's reply is longer than {MAX_REPLY_BYTES} bytes")
                yield part

        async def aclose(self) -> None:
            await self._inner.aclose()

    return Bounded


def open_client(origin: Origin, cloud: Cloud, library: str = "httpx") -> Any:
    """The one client that reaches the cloud: no proxies, no redirects, deadlines; connections reused.

    `library` is httpx or httpx2; the client is an AsyncClient of it.
    """
    http = importlib.import_module(library)
    inner = http.AsyncHTTPTransport(
        trust_env=False,
        limits=http.Limits(max_connections=100, keepalive_expiry=KEPT_OPEN_SECONDS),
    )
    return http.AsyncClient(
        transport=GatedTransport(origin, inner, http),
        trust_env=False,
        follow_redirects=False,
        timeout=http.Timeout(cloud.total_seconds, connect=cloud.connect_seconds),
    )


def open_silent_client(library: str = "httpx") -> Any:
    """The blocking client that providers' classes also want; it sends nothing."""
    http = importlib.import_module(library)
    return http.Client(transport=SilentTransport(), trust_env=False)


def _without_traces(request: Any) -> Any:
    """A copy of `request` that tells nothing about this machine, and asks for a reply that cannot unpack to more
    than it is. The client's own request stays as it is: it reads its notes in it when the answer comes."""
    sent = type(request)(
        request.method, request.url, headers=request.headers, content=request.content, extensions=request.extensions
    )
    for name in [name for name in sent.headers if name.lower().startswith(("x-stainless-", "x-goog-api-client"))]:
        del sent.headers[name]
    sent.headers["User-Agent"] = "airlock"
    sent.headers["Accept-Encoding"] = "identity"
    return sent
