"""Who may talk to the page: Host, Origin and CSRF checks, headers, a body limit. Never reads a body.

Pure ASGI, outermost, so that a refused request costs nothing: no body is read, no route runs.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.session import Sessions

CSRF_HEADER = "x-airlock-csrf"
PAGE_COOKIE = "airlock_page"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
OPEN_PATHS = ("/login", "/static/")
JSON_BODY_BYTES = 1024 * 1024

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


@dataclass(frozen=True, slots=True, repr=False)
class Csrf:
    """Makes and checks the token that ties a page to the cookie of the browser it was given to."""

    key: bytes

    def new_cookie(self) -> str:
        """A fresh random id for the page cookie."""
        return secrets.token_urlsafe(24)

    def token(self, cookie: str) -> str:
        """The token that belongs to `cookie`: an HMAC-SHA-256 under this store's key."""
        return hmac.new(self.key, b"csrf:" + cookie.encode(), hashlib.sha256).hexdigest()

    def matches(self, cookie: str, token: str) -> bool:
        """Whether `token` belongs to `cookie`; an empty cookie owns no token."""
        return bool(cookie) and hmac.compare_digest(self.token(cookie).encode(), token.encode())


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is turned away before anything of it is read."""

    status: int
    detail: str


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    """Decides from a request's headers alone whether it may come in.

    `hosts` are the names (no ports, lower case) the page answers to. `sessions` is None without a password.
    """

    hosts: frozenset[str]
    csrf: Csrf
    sessions: Sessions | None

    def refuse(self, method: str, path: str, headers: Headers) -> Refusal | None:
        """The refusal this request earns, None when it may pass."""
        host = _only(headers, "host")
        if host is None or _host_name(host) not in self.hosts:
            return Refusal(403, "This address is not one the page answers to; see server.allowed_hosts.")
        if _is_foreign(headers, host, method):
            return Refusal(403, "The request comes from another site.")
        cookies = read_cookies(headers)
        if method not in SAFE_METHODS and not self.csrf.matches(
            cookies.get(PAGE_COOKIE, ""), headers.get(CSRF_HEADER, "")
        ):
            return Refusal(403, "The page's token is missing or out of date; reload the page.")
        if self.sessions is None or _is_open(path) or self.sessions.holds(cookies.get(self.sessions.cookie, "")):
            return None
        return Refusal(401, "Sign in first.")


class Guarded:
    """The middleware: refuses, limits the body, and puts the security headers on every response."""

    def __init__(self, app: ASGIApp, *, doorkeeper: Doorkeeper, upload_bytes: int) -> None:
        self.app = app
        self.doorkeeper = doorkeeper
        self.upload_bytes = upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        sender = _with_headers(send, scope["path"])
        headers = Headers(scope=scope)
        limit = self.upload_bytes if scope["path"] == "/api/upload" else JSON_BODY_BYTES
        refusal = self.doorkeeper.refuse(scope["method"], scope["path"], headers) or _too_long(headers, limit)
        if refusal is None:
            await self.app(scope, _limited(receive, limit), sender)
        elif refusal.status == 401 and scope["method"] == "GET" and not scope["path"].startswith("/api/"):
            await _send_redirect(sender, "/login")
        else:
            await _send_problem(sender, refusal)


def allowed_hosts(host: str, further: tuple[str, ...]) -> frozenset[str]:
    """Every Host name the page answers to: loopback, the address it is bound to, and those configured."""
    names = {host, *further} - {"", "0.0.0.0", "::"}
    return LOOPBACK_NAMES | {name.strip("[]").lower() for name in names}


def read_cookies(headers: Headers) -> dict[str, str]:
    """The request's cookies; none when they cannot be read."""
    try:
        jar = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in jar.items()}


def _only(headers: Headers, name: str) -> str | None:
    values = headers.getlist(name)
    return values[0] if len(values) == 1 else None


def _host_name(host: str) -> str:
    """The name in a Host header, lower case, without its port; empty when it is malformed."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return ""
    if parts.path or parts.query or parts.fragment or "@" in parts.netloc:
        return ""
    return (parts.hostname or "").lower()


def _is_foreign(headers: Headers, host: str, method: str) -> bool:
    """Whether a browser says the request was made by another site's page.

    Following a link from elsewhere to the page is allowed (a navigation, safe, and answered with a page);
    anything else that another origin started is not.
    """
    origins = headers.getlist("origin")
    for origin in origins:
        parts = urlsplit(origin)
        if parts.scheme not in ("http", "https") or parts.netloc.lower() != host.lower():
            return True
    site = headers.get("sec-fetch-site", "none")
    if site in ("same-origin", "none"):
        return False
    return method not in SAFE_METHODS or headers.get("sec-fetch-mode") != "navigate"


def _is_open(path: str) -> bool:
    return path == OPEN_PATHS[0] or path.startswith(OPEN_PATHS[1])


def _too_long(headers: Headers, limit: int) -> Refusal | None:
    length = headers.get("content-length", "0")
    if not length.isascii() or not length.isdigit():
        return Refusal(400, "Content-Length is not a number.")
    return Refusal(413, f"The request is larger than {limit} bytes.") if int(length) > limit else None


def _limited(receive: Receive, limit: int) -> Receive:
    """`receive`, which stops a body that declared no length once `limit` bytes have come."""
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise HTTPException(413, f"The request is larger than {limit} bytes.")
        return message

    return counted


def _with_headers(send: Send, path: str) -> Send:
    async def sender(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            headers.setdefault("Cache-Control", "no-cache" if path.startswith("/static/") else "no-store")
        await send(message)

    return sender


async def _send_problem(send: Send, refusal: Refusal) -> None:
    title = HTTPStatus(refusal.status).phrase
    problem = {"type": "about:blank", "title": title, "status": refusal.status, "detail": refusal.detail}
    headers = [(b"content-type", b"application/problem+json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(problem).encode()})


async def _send_redirect(send: Send, target: str) -> None:
    await send({"type": "http.response.start", "status": 303, "headers": [(b"location", target.encode())]})
    await send({"type": "http.response.body", "body": b""})
