"""The doorkeeper, before any route: who is turned away, and that nothing of them is read."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from web.security import CONTENT_SECURITY_POLICY, PAGE_COOKIE, Csrf, Doorkeeper, Guarded, allowed_hosts
from web.session import Sessions

CSRF = Csrf(b"k" * 32)
COOKIE = "page-cookie"
TOKEN = CSRF.token(COOKIE)
GOOD = {"host": "127.0.0.1:8000", "cookie": f"{PAGE_COOKIE}={COOKIE}", "x-airlock-csrf": TOKEN}


class Answer:
    """One response, and how often the request's body was asked for."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""
        self.reads = 0

    @property
    def problem(self) -> dict[str, Any]:
        return dict(json.loads(self.body))


async def inner_app(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads the whole body, then says yes."""
    more = True
    while more:
        message = await receive()
        more = message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"yes"})


def request(
    method: str = "GET",
    path: str = "/api/chats",
    headers: dict[str, str] | None = None,
    *,
    extra: tuple[tuple[str, str], ...] = (),
    body: tuple[bytes, ...] = (b"{}",),
    sessions: Sessions | None = None,
    upload_bytes: int = 100,
) -> Answer:
    pairs = [*(headers or GOOD).items(), *extra]
    answer, parts = Answer(), list(body)
    scope: Scope = {
        "type": "http",
        "method": method,
        "path": path,
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in pairs],
    }

    async def receive() -> Message:
        answer.reads += 1
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {name.decode().lower(): value.decode() for name, value in message["headers"]}
        else:
            answer.body += message.get("body", b"")

    hosts = allowed_hosts("127.0.0.1", ("box.example",))
    app = Guarded(inner_app, doorkeeper=Doorkeeper(hosts, CSRF, sessions), upload_bytes=upload_bytes)
    asyncio.run(app(scope, receive, send))
    return answer


def without(name: str, **changed: str) -> dict[str, str]:
    return {**{key: value for key, value in GOOD.items() if key != name}, **changed}


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1:8000",
        "localhost:9",
        "LOCALHOST",
        "[::1]:8000",
        "box.example",
        "Box.Example:80",
    ],
)
def test_loopback_and_configured_names_may_come_in(host: str) -> None:
    assert request(headers={**GOOD, "host": host}).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "evil.example:8000",
        "localhost.evil.example",
        "0.0.0.0:8000",
        "127.0.0.1@evil.example",
        "evil.example@127.0.0.1",
        "127.0.0.1/evil",
        "127.0.0.1#evil",
        "127.0.0.1:port",
        "[::2]:8000",
        "[::1",
        "",
        "127.0.0.2",
        "2130706433",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_any_other_host_is_refused_before_the_body_is_read(host: str, method: str) -> None:
    answer = request(method, headers={**GOOD, "host": host})
    assert (answer.status, answer.reads) == (403, 0)


def test_a_request_without_a_host_or_with_two_is_refused() -> None:
    assert request(headers=without("host")).status == 403
    assert request(extra=(("host", "127.0.0.1:8000"),)).status == 403


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://evil.example:8000",
        "null",
        "",
        "http://127.0.0.1:9000",
        "http://localhost:8000",
        "file://",
        "chrome-extension://abc",
        "http://127.0.0.1:8000.evil.example",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
def test_a_foreign_origin_is_refused_before_the_body_is_read(origin: str, method: str) -> None:
    answer = request(method, headers={**GOOD, "origin": origin})
    assert (answer.status, answer.reads) == (403, 0)


def test_two_origins_are_refused_when_one_is_foreign() -> None:
    own = ("origin", "http://127.0.0.1:8000")
    assert request("POST", extra=(own,)).status == 200
    assert request("POST", extra=(own, ("origin", "https://evil.example"))).status == 403


@pytest.mark.parametrize(
    ("site", "mode", "status"),
    [
        ("same-origin", "cors", 200),
        ("none", "navigate", 200),
        ("cross-site", "navigate", 200),
        ("cross-site", "cors", 403),
        ("cross-site", "no-cors", 403),
        ("same-site", "cors", 403),
    ],
)
def test_reads_started_by_another_site_are_refused_unless_they_open_the_page(site: str, mode: str, status: int) -> None:
    assert request(headers={**GOOD, "sec-fetch-site": site, "sec-fetch-mode": mode}).status == status


def test_another_site_cannot_write_even_by_navigation() -> None:
    headers = {**GOOD, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert request("POST", headers=headers).status == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "ODD"])
@pytest.mark.parametrize(
    "headers",
    [
        without("x-airlock-csrf"),
        without("cookie"),
        without("cookie", cookie=f"{PAGE_COOKIE}="),
        without("cookie", cookie=f"{PAGE_COOKIE}=another"),
        without("x-airlock-csrf", **{"x-airlock-csrf": CSRF.token("another")}),
        without("x-airlock-csrf", **{"x-airlock-csrf": TOKEN[:-1]}),
        without("x-airlock-csrf", **{"x-airlock-csrf": "é"}),
    ],
)
def test_an_unsafe_method_needs_the_token_of_its_own_cookie(method: str, headers: dict[str, str]) -> None:
    answer = request(method, headers=headers)
    assert (answer.status, answer.reads) == (403, 0)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.problem["status"] == 403


def test_an_empty_cookie_owns_no_token() -> None:
    assert not CSRF.matches("", CSRF.token(""))


def test_a_token_of_another_store_is_refused() -> None:
    assert not CSRF.matches(COOKIE, Csrf(b"other").token(COOKIE))


def test_every_response_carries_the_security_headers() -> None:
    for answer in (request(), request(headers={**GOOD, "host": "evil.example"})):
        assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"


def test_the_policy_allows_nothing_but_this_server_and_no_frame() -> None:
    rules = dict(rule.split(" ", 1) for rule in CONTENT_SECURITY_POLICY.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["frame-ancestors"] == rules["base-uri"] == "'none'"
    assert set(rules.values()) == {"'none'", "'self'"}


def test_a_declared_body_over_the_limit_is_refused_unread() -> None:
    headers = {**GOOD, "content-length": str(2 * 1024 * 1024)}
    answer = request("POST", headers=headers)
    assert (answer.status, answer.reads) == (413, 0)


def test_an_undeclared_body_is_cut_off_at_the_limit() -> None:
    from starlette.exceptions import HTTPException

    with pytest.raises(HTTPException) as caught:
        request("POST", "/api/upload", body=(b"x" * 60, b"x" * 60, b"never"), upload_bytes=100)
    assert caught.value.status_code == 413


def test_uploads_have_their_own_limit() -> None:
    headers = {**GOOD, "content-length": str(2 * 1024 * 1024)}
    assert request("POST", "/api/upload", headers=headers, upload_bytes=3 * 1024 * 1024).status == 200


@pytest.mark.parametrize("length", ["-1", "1e9", "²", "x"])
def test_a_length_that_is_no_number_is_refused(length: str) -> None:
    assert request("POST", headers={**GOOD, "content-length": length.encode().decode("latin-1")}).status == 400


def test_a_password_hides_everything_but_login_and_static_files() -> None:
    sessions = Sessions("x", b"key")
    assert request(sessions=sessions).status == 401
    assert request("POST", "/api/ask", sessions=sessions).reads == 0
    assert request(path="/login", sessions=sessions).status == 200
    assert request(path="/static/js/login.js", sessions=sessions).status == 200
    assert request(path="/loginx", sessions=sessions).status == 303
    page = request(path="/", sessions=sessions)
    assert (page.status, page.headers["location"]) == (303, "/login")


def test_a_signed_in_browser_comes_in() -> None:
    sessions = Sessions("x", b"key")
    cookie = f"{GOOD['cookie']}; {sessions.cookie}={sessions.open()}"
    assert request(headers={**GOOD, "cookie": cookie}, sessions=sessions).status == 200
    assert request("POST", headers={**GOOD, "cookie": cookie}, sessions=sessions).status == 200


def test_a_websocket_is_closed_without_a_word() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError("nothing is read")

    app = Guarded(inner_app, doorkeeper=Doorkeeper(allowed_hosts("", ()), CSRF, None), upload_bytes=1)
    asyncio.run(app({"type": "websocket", "path": "/", "headers": []}, receive, send))
    assert [message["type"] for message in sent] == ["websocket.close"]


def test_an_unspecified_address_is_no_name_to_answer_to() -> None:
    assert allowed_hosts("0.0.0.0", ()) == allowed_hosts("127.0.0.1", ())
    assert "0.0.0.0" not in allowed_hosts("0.0.0.0", ())
