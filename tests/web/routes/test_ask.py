"""Asking over HTTP: the stream, the confirmation, stopping, leaving."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest

from rag.errors import CutShort
from rag.records import MessageStatus, Zone
from tests.web.conftest import Page


def read_events(text: str) -> list[tuple[str, Any]]:
    """The events of a text/event-stream body."""
    events = []
    for block in text.strip().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if lines:
            events.append((lines["event"], json.loads(lines["data"])))
    return events


def test_an_answer_streams_in_the_documented_order(page: Page) -> None:
    response = page.post("/api/ask", {"text": "How many days?"})
    assert response.headers["content-type"].startswith("text/event-stream")
    events = read_events(response.text)
    kinds = [kind for kind, _ in events]
    assert kinds == ["asked", "passages", "route", "progress", "mark", "token", "token", "cite", "done"]
    data = dict(events)
    assert data["asked"]["title"] == "How many days?"
    assert data["passages"]["passages"][0]["path"] == "leave.md"
    assert data["route"]["zone"] == "local"
    assert data["route"]["documents"] == [{"path": "leave.md", "title": "leave.md", "label": "public"}]
    assert data["mark"]["actions"] == ["label_folder", "connect_ollama"]
    assert data["mark"]["text"]["zh-TW"].startswith("尚未標示")
    assert data["cite"]["number"] == 1
    assert data["done"]["text"] == "Ten days [1]."
    assert data["done"]["badge"]["answerer"] == "quotes"
    assert data["done"]["badge"]["receipt_id"] == page.store.receipts()[0].id


def test_what_the_person_asked_for_reaches_the_answering_side(page: Page) -> None:
    chat = page.post("/api/chats", {}).json()["id"]
    body = {"chat_id": chat, "text": " why? ", "local_only": True, "prefer": "local", "model": "qwen"}
    page.post("/api/ask", body)
    ask = page.answering.asks[0]
    assert (ask.chat_id, ask.text, ask.local_only, ask.prefer, ask.model) == (chat, "why?", True, Zone.LOCAL, "qwen")
    assert ask.confirmed is False


def test_an_unknown_conversation_is_a_problem_not_a_stream(page: Page) -> None:
    response = page.post("/api/ask", {"text": "x", "chat_id": "nope"})
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == "NotFound"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"text": ""},
        {"text": "   "},
        {"text": "x" * 20_001},
        {"text": "x", "prefer": "moon"},
        {"text": "x", "clearance": "restricted"},
        {"text": ["x"]},
    ],
)
def test_a_malformed_question_is_refused_and_not_repeated(page: Page, body: dict[str, Any]) -> None:
    response = page.post("/api/ask", body)
    assert response.status_code == 422
    assert "xxx" not in response.text
    assert page.answering.asks == []


def test_the_cloud_waits_for_a_choice_and_goes_on_with_it(page: Page) -> None:
    page.answering.zone, page.answering.confirm = Zone.CLOUD, True
    events = read_events(page.post("/api/ask", {"text": "x"}).text)
    assert events[-1][0] == "route"
    assert events[-1][1]["confirm"] is True
    question = events[0][1]["question_id"]
    rest = read_events(page.post(f"/api/questions/{question}/continue", {"choice": "cloud"}).text)
    assert rest[-1][0] == "done"
    assert rest[-1][1]["badge"]["zone"] == "cloud"
    assert page.answering.choices == [Zone.CLOUD]


def test_a_choice_for_an_unknown_question_is_a_problem(page: Page) -> None:
    assert page.post("/api/questions/999/continue", {"choice": "cloud"}).status_code == 404
    assert page.answering.choices == []


def test_an_error_midway_is_sent_as_a_problem_event(page: Page) -> None:
    page.answering.error = CutShort("the stream of 4 bytes broke off")
    events = read_events(page.post("/api/ask", {"text": "x"}).text)
    assert events[-1] == (
        "problem",
        {"code": "CutShort", "title": "Bad Gateway", "detail": "the stream of 4 bytes broke off"},
    )


def test_an_unexpected_error_midway_tells_nothing_of_its_message(page: Page) -> None:
    page.answering.error = ValueError("SECRET document text")
    body = page.post("/api/ask", {"text": "x"}).text
    assert read_events(body)[-1][0] == "problem"
    assert "SECRET" not in body


def test_stop_ends_the_answer_and_keeps_what_came(page: Page) -> None:
    page.answering.hold = True
    bodies: list[str] = []
    asking = threading.Thread(target=lambda: bodies.append(page.post("/api/ask", {"text": "x"}).text))
    asking.start()
    assert page.answering.held.wait(5)
    question = page.store.messages(page.store.chats()[0].id)[0].question_id
    started = time.monotonic()
    assert page.post(f"/api/questions/{question}/stop", None).status_code == 204
    asking.join(5)
    assert time.monotonic() - started < 1
    assert read_events(bodies[0])[-1][1]["status"] == "stopped"
    assert page.answering.last_answer() == ("Ten ", MessageStatus.STOPPED)


def test_stopping_what_does_not_run_is_a_problem(page: Page) -> None:
    assert page.post("/api/questions/1/stop", None).status_code == 404


def test_search_gives_passages_and_asks_nobody(page: Page) -> None:
    passages = page.post("/api/search", {"text": "leave", "k": 2}).json()["passages"]
    assert [one["rank"] for one in passages] == [1, 2]
    assert page.store.receipts() == []
