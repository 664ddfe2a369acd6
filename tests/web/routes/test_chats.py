"""Conversations over HTTP."""

from __future__ import annotations

from tests.web.conftest import Page


def test_conversations_are_created_listed_renamed_and_deleted(page: Page) -> None:
    chat = page.post("/api/chats", {}).json()
    assert [one["id"] for one in page.client.get("/api/chats").json()] == [chat["id"]]
    renamed = page.send("PATCH", f"/api/chats/{chat['id']}", json={"title": "  請假規定 "}).json()
    assert renamed["title"] == "請假規定"
    assert page.send("DELETE", f"/api/chats/{chat['id']}").status_code == 204
    assert page.client.get("/api/chats").json() == []


def test_an_opened_conversation_shows_answers_with_citations_and_badge(page: Page) -> None:
    page.post("/api/ask", {"text": "How many days?"})
    chat = page.client.get("/api/chats").json()[0]["id"]
    shown = page.client.get(f"/api/chats/{chat}").json()
    question, answer = shown["messages"]
    assert (question["role"], question["text"], question["badge"]) == ("user", "How many days?", None)
    assert answer["text"] == "Ten days [1]."
    assert answer["citations"][0]["path"] == "leave.md"
    assert answer["badge"]["why"]["en"].startswith("No local model")
    assert answer["badge"]["seconds"] == 0.5


def test_missing_conversations_are_problems(page: Page) -> None:
    for method, path in (("GET", ""), ("GET", "/export"), ("DELETE", ""), ("PATCH", "")):
        body = {"title": "x"} if method == "PATCH" else None
        assert page.send(method, f"/api/chats/nope{path}", json=body).status_code == 404


def test_an_empty_title_is_refused(page: Page) -> None:
    chat = page.post("/api/chats", {}).json()["id"]
    assert page.send("PATCH", f"/api/chats/{chat}", json={"title": "  "}).status_code == 422


def test_a_conversation_exports_as_markdown_with_its_sources(page: Page) -> None:
    page.post("/api/ask", {"text": "How many days?"})
    chat = page.client.get("/api/chats").json()[0]["id"]
    exported = page.client.get(f"/api/chats/{chat}/export?format=md")
    assert exported.headers["content-disposition"].startswith('attachment; filename="conversation-')
    assert "## How many days?" in exported.text
    assert "[1] leave.md, page 1, Rules (public)" in exported.text
    assert "This computer, Extracts; public." in exported.text


def test_a_conversation_exports_as_json(page: Page) -> None:
    page.post("/api/ask", {"text": "How many days?"})
    chat = page.client.get("/api/chats").json()[0]["id"]
    exported = page.client.get(f"/api/chats/{chat}/export?format=json")
    assert exported.json() == page.client.get(f"/api/chats/{chat}").json()
    assert page.client.get(f"/api/chats/{chat}/export?format=exe").status_code == 422
