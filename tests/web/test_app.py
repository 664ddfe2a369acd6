"""The whole application: the page, its token, and that no route escapes the guards."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from jinja2 import Environment
from starlette.testclient import TestClient

from rag.config import load_settings
from rag.store import Store
from tests.fakes.airlock import fake_airlock
from tests.web.conftest import Page, RecordedJobs
from web.app import build_routes, create_app
from web.i18n import load_strings
from web.parts import Parts
from web.security import SAFE_METHODS, Csrf
from web.session import Throttle
from web.stream import Running

PASSWORD = "correct horse battery"


def walk(app: FastAPI) -> list[tuple[str, str]]:
    """Every method and path of `app`'s own routes, with ids filled in."""
    found: list[tuple[str, str]] = []
    for included in app.routes:
        inner = getattr(getattr(included, "original_router", None), "routes", [included])
        for route in inner:
            if isinstance(route, APIRoute):
                path = re.sub(r"\{[^}]+\}", "1", route.path)
                found += [(method, path) for method in route.methods or ()]
    return found


def routes(store: Store) -> list[tuple[str, str]]:
    """The application's routes."""
    airlock, _ = fake_airlock(load_settings(), store)
    parts = Parts(airlock, Running(), RecordedJobs(), Csrf(b"k"), None, Throttle(), Environment(), load_strings(), ())
    return walk(build_routes(parts))


@pytest.fixture
def signed_out(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """A page with a password, and a browser that has not given it."""
    monkeypatch.setenv("AIRLOCK_SERVER__PASSWORD", PASSWORD)
    airlock, _ = fake_airlock(load_settings(), store)
    with TestClient(create_app(airlock), base_url="http://127.0.0.1", follow_redirects=False) as client:
        yield client


def token_of(client: TestClient, path: str = "/") -> str:
    found = re.search(r'<meta name="csrf" content="([0-9a-f]{64})">', client.get(path).text)
    assert found is not None
    return found[1]


def test_the_walk_finds_the_routes_of_the_contract(store: Store) -> None:
    found = set(routes(store))
    assert {("POST", "/api/ask"), ("DELETE", "/api/sources/1"), ("POST", "/login"), ("GET", "/")} <= found
    assert len([one for one in found if one[0] not in SAFE_METHODS]) >= 14


def test_every_unsafe_route_refuses_a_request_without_the_token(page: Page) -> None:
    for method, path in routes(page.store):
        if method not in SAFE_METHODS:
            response = page.client.request(method, path, json={})
            assert response.status_code == 403, (method, path)
    assert page.store.chats() == []


def test_every_route_refuses_a_foreign_host_and_a_foreign_origin(page: Page) -> None:
    for method, path in routes(page.store):
        for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
            headers = {"X-Airlock-CSRF": page.token, **headers}
            response = page.client.request(method, path, headers=headers)
            assert response.status_code == 403, (method, path, headers)


def test_every_route_but_login_needs_the_password_where_one_is_set(signed_out: TestClient, store: Store) -> None:
    headers = {"X-Airlock-CSRF": token_of(signed_out, "/login")}
    guarded = [one for one in routes(store) if one[1] != "/login"]
    assert len(guarded) > 20
    for method, path in guarded:
        expected = 303 if method == "GET" and not path.startswith("/api") else 401
        assert signed_out.request(method, path, headers=headers).status_code == expected, (method, path)


def test_the_page_carries_the_token_of_its_cookie_and_its_first_data(page: Page) -> None:
    response = page.client.get("/")
    boot = json.loads(re.findall(r'id="boot">(.*?)</script>', response.text, re.DOTALL)[0])
    assert boot["lang"] == "en"
    assert boot["mode"] == "by-label"
    assert boot["status"]["documents"] == 2
    assert boot["chats"] == []


def test_the_page_cookie_is_kept_from_scripts_and_other_sites(store: Store) -> None:
    airlock, _ = fake_airlock(load_settings(), store)
    with TestClient(create_app(airlock), base_url="http://127.0.0.1") as client:
        cookie = client.get("/").headers["set-cookie"]
    assert re.search(r"airlock_page=\S+; HttpOnly; Path=/; SameSite=strict", cookie)


def test_the_same_token_holds_after_a_restart(store: Store) -> None:
    airlock, _ = fake_airlock(load_settings(), store)
    with TestClient(create_app(airlock), base_url="http://127.0.0.1") as client:
        token, cookies = token_of(client), dict(client.cookies)
    with TestClient(create_app(airlock), base_url="http://127.0.0.1", cookies=cookies) as client:
        assert client.post("/api/chats", json={}, headers={"X-Airlock-CSRF": token}).status_code == 201


def test_the_page_speaks_the_browsers_language_and_remembers_a_choice(page: Page) -> None:
    assert '<html lang="zh-TW">' in page.client.get("/", headers={"Accept-Language": "zh-HK,en;q=0.5"}).text
    page.client.get("/?lang=zh-TW")
    assert '<html lang="zh-TW">' in page.client.get("/documents").text


def test_nothing_of_a_conversations_title_becomes_markup(page: Page) -> None:
    chat = page.post("/api/chats", {}).json()["id"]
    page.store.rename_chat(chat, "</script><script>alert(1)</script>")
    assert "<script>alert(1)" not in page.client.get("/").text


def test_there_is_no_api_browser_and_no_schema(page: Page) -> None:
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert page.client.get(path).status_code == 404


def test_static_files_are_served_and_nothing_beside_them(page: Page) -> None:
    assert page.client.get("/static/js/main.js").status_code == 200
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static//etc/passwd"):
        assert page.client.get(path).status_code in (404, 405), path


def test_an_unknown_path_and_method_are_problems(page: Page) -> None:
    missing = page.client.get("/api/nothing")
    assert (missing.status_code, missing.headers["content-type"]) == (404, "application/problem+json")
    assert page.send("PUT", "/api/chats").status_code == 405


def test_signing_in_opens_the_page_and_signing_out_closes_it(signed_out: TestClient) -> None:
    headers = {"X-Airlock-CSRF": token_of(signed_out, "/login")}
    assert signed_out.post("/login", data={"password": "wrong"}, headers=headers).status_code == 401
    answer = signed_out.post("/login", data={"password": PASSWORD}, headers=headers)
    assert answer.status_code == 204
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert "SameSite=strict" in answer.headers["set-cookie"]
    assert signed_out.get("/api/status").status_code == 200
    assert signed_out.get("/login").headers["location"] == "/"
    kept = [(one.name, one.value) for one in signed_out.cookies.jar]
    assert signed_out.post("/logout", headers=headers).status_code == 204
    for name, value in kept:
        signed_out.cookies.set(name, value or "")
    assert signed_out.get("/api/status").status_code == 401


def test_the_password_may_come_as_json_and_nothing_else(signed_out: TestClient) -> None:
    headers = {"X-Airlock-CSRF": token_of(signed_out, "/login")}
    assert signed_out.post("/login", json={"password": PASSWORD}, headers=headers).status_code == 204
    for body in (b"", b"[]", b"{", b'{"password": 1}'):
        assert signed_out.post("/login", content=body, headers=headers).status_code == 422


def test_guessing_the_password_is_slowed_down(signed_out: TestClient) -> None:
    headers = {"X-Airlock-CSRF": token_of(signed_out, "/login")}
    answers = [signed_out.post("/login", data={"password": "x"}, headers=headers) for _ in range(6)]
    assert [one.status_code for one in answers] == [401] * 5 + [429]
    assert answers[-1].headers["retry-after"] == "2"
    assert signed_out.post("/login", data={"password": PASSWORD}, headers=headers).status_code == 429


def test_logs_and_answers_never_repeat_what_was_sent(page: Page, caplog: pytest.LogCaptureFixture) -> None:
    page.answering.error = RuntimeError("CANARY-7731 in a document")
    text = page.post("/api/ask", {"text": "CANARY-question"}).text
    assert "CANARY-7731" not in caplog.text + text
    assert "CANARY-question" not in caplog.text
