"""A small server with the page's real templates and canned answers, to drive the page without a store.

Words in capitals in a question choose what happens: REFUSE, PROBLEM, CONFIRM, CUT, BREAK, SLOW, UNLABELLED.
`python -m tests.fakes.page_server` serves it.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import jinja2
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from fastapi.staticfiles import StaticFiles

from tests.fakes import page_data as data

WEB = Path(__file__).parents[2] / "web"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
TOKEN = "csrf-for-tests"
Json = dict[str, Any]


class Stage:
    """What the fake shows and what was asked of it. Tests change and read it."""

    def __init__(self) -> None:
        self.status = data.status()
        self.sources = data.sources()
        self.documents = data.documents()
        self.chats: dict[str, Json] = {}
        self.messages: dict[str, list[Json]] = {}
        self.receipts: list[Json] = []
        self.passages = [dict(one) for one in data.PASSAGES]
        self.answer: str | None = None
        self.pace = 0.0
        self.ended_early = 0
        self.calls: list[tuple[str, str, Any]] = []
        self.next_id = 100

    def new_id(self) -> int:
        """An id never given before."""
        self.next_id += 1
        return self.next_id

    def called(self, method: str, path: str) -> list[Any]:
        """The bodies of every request of `method` to `path`."""
        return [body for made, at, body in self.calls if (made, at) == (method, path)]

    def wait_for(self, method: str, path: str, count: int, seconds: float = 10.0) -> None:
        """Wait until `count` such requests have come: a toast is shown before its request is made."""
        deadline = time.monotonic() + seconds
        while len(self.called(method, path)) < count and time.monotonic() < deadline:
            time.sleep(0.02)

    def add_chat(self, title: str, *, label: str = "public", updated_at: str = "2026-03-04T08:15:30Z") -> str:
        """A conversation without messages."""
        chat_id = f"c{self.new_id()}"
        self.chats[chat_id] = {"id": chat_id, "title": title, "label": label, "updated_at": updated_at}
        self.messages[chat_id] = []
        return chat_id

    def add_question(self, chat_id: str, text: str, question_id: int) -> int:
        """A question message."""
        message = {
            "id": self.new_id(),
            "role": "user",
            "text": text,
            "status": "complete",
            "created_at": "",
            "question_id": question_id,
            "citations": [],
            "badge": None,
        }
        self.messages[chat_id].append(message)
        return int(message["id"])

    def add_answer(self, chat_id: str, question_id: int, text: str, writer: str, status: str = "complete") -> Json:
        """An answer with its record."""
        receipt_id = len(self.receipts) + 1
        self.receipts.insert(0, data.receipt(receipt_id, writer, status=status))
        citations = [data.cite(number) for number in (1, 2, 3) if f"[{number}]" in text]
        message = {
            "id": self.new_id(),
            "role": "assistant",
            "text": text,
            "status": status,
            "created_at": "",
            "question_id": question_id,
            "citations": citations,
            "badge": data.badge(writer, receipt_id),
        }
        self.messages[chat_id].append(message)
        return message


def make_app(stage: Stage) -> FastAPI:
    """The fake application over `stage`."""
    app = FastAPI()
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(WEB / "templates"), autoescape=True)

    @app.middleware("http")
    async def guard(request: Request, call_next: Any) -> Response:
        if request.method not in ("GET", "HEAD") and request.headers.get("x-airlock-csrf") != TOKEN:
            return _problem(403, "Forbidden", "The CSRF token is missing.")
        response: Response = await call_next(request)
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "no-store"
        return response

    @app.exception_handler(HTTPException)
    async def as_problem(_: Request, error: HTTPException) -> Response:
        return _problem(error.status_code, "Problem", str(error.detail))

    @app.get("/login")
    @app.get("/")
    @app.get("/documents")
    @app.get("/receipts")
    async def page(request: Request, lang: str | None = None) -> Response:
        accepted = request.headers.get("accept-language", "")
        language = lang or request.cookies.get("lang") or ("zh-TW" if accepted.startswith("zh") else "en")
        strings = json.loads((WEB / "translations" / f"{language}.json").read_text(encoding="utf-8"))
        boot = {
            "lang": language,
            "mode": stage.status["mode"],
            "chats": _listed(stage),
            "status": stage.status,
        }
        name = "login.html" if request.url.path == "/login" else "page.html"
        html = environment.get_template(name).render(csrf=TOKEN, lang=language, strings=strings, boot=boot, error="")
        response = HTMLResponse(html)
        if lang:
            response.set_cookie("lang", lang)
        return response

    app.mount("/static", StaticFiles(directory=WEB / "static"))
    _add_chat_routes(app, stage)
    _add_document_routes(app, stage)
    return app


def _problem(status: int, title: str, detail: str) -> Response:
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return JSONResponse(body, status, media_type="application/problem+json")


def _listed(stage: Stage) -> list[Json]:
    return sorted(stage.chats.values(), key=lambda chat: str(chat["updated_at"]), reverse=True)


def _add_chat_routes(app: FastAPI, stage: Stage) -> None:
    @app.get("/api/status")
    async def status() -> Json:
        return stage.status

    @app.get("/api/chats")
    async def chats() -> list[Json]:
        return _listed(stage)

    @app.get("/api/chats/{chat_id}")
    async def chat(chat_id: str) -> Json:
        if chat_id not in stage.chats:
            raise HTTPException(404, "There is no such conversation.")
        return {"chat": stage.chats[chat_id], "messages": stage.messages[chat_id]}

    @app.patch("/api/chats/{chat_id}")
    async def rename(chat_id: str, request: Request) -> Json:
        stage.chats[chat_id]["title"] = (await request.json())["title"]
        return stage.chats[chat_id]

    @app.delete("/api/chats/{chat_id}", status_code=204)
    async def delete(chat_id: str) -> None:
        stage.calls.append(("DELETE", "/api/chats", chat_id))
        stage.chats.pop(chat_id, None)

    @app.get("/api/chats/{chat_id}/export")
    async def export(chat_id: str, format: str) -> Response:
        held = {"Content-Disposition": f'attachment; filename="conversation.{format}"'}
        return PlainTextResponse(stage.chats[chat_id]["title"], headers=held)

    @app.post("/api/ask")
    async def ask(request: Request) -> Response:
        body = await request.json()
        stage.calls.append(("POST", "/api/ask", body))
        if "REFUSE" in body["text"]:
            raise HTTPException(409, "Another program is writing to the store; try again when it has finished.")
        return StreamingResponse(_answer(stage, body), media_type="text/event-stream")

    @app.post("/api/questions/{question_id}/continue")
    async def go_on(question_id: int, request: Request) -> Response:
        body = await request.json()
        stage.calls.append(("POST", "/api/continue", body))
        chat_id = next(
            one for one, held in stage.messages.items() if any(m["question_id"] == question_id for m in held)
        )
        writer = "cloud" if body["choice"] == "cloud" else "quotes"
        return StreamingResponse(_write(stage, chat_id, question_id, writer, ""), media_type="text/event-stream")

    @app.post("/api/questions/{question_id}/stop", status_code=204)
    async def stop(question_id: int) -> None:
        stage.calls.append(("POST", "/api/stop", question_id))

    @app.get("/api/receipts")
    async def receipts(forbidden_now: bool = False) -> list[Json]:
        return [one for one in stage.receipts if not forbidden_now or "now" in one]

    @app.get("/api/receipts/{receipt_id}")
    async def receipt(receipt_id: int) -> Json:
        return next(one for one in stage.receipts if one["id"] == receipt_id)


def _event(kind: str, body: Json) -> bytes:
    return f"event: {kind}\ndata: {json.dumps(body, ensure_ascii=False)}\n\n".encode()


async def _answer(stage: Stage, body: Json) -> AsyncIterator[bytes]:
    """The stream of one answer; the question's words say which."""
    text = body["text"]
    chat_id = body["chat_id"] or stage.add_chat(text[:60])
    if body["replace_message_id"] is not None:
        held = stage.messages[chat_id]
        at = next(place for place, one in enumerate(held) if one["id"] == body["replace_message_id"])
        del held[at:]
    question_id = stage.new_id()
    message_id = stage.add_question(chat_id, text, question_id)
    yield _event(
        "asked",
        {
            "chat_id": chat_id,
            "question_id": question_id,
            "message_id": message_id,
            "title": stage.chats[chat_id]["title"],
        },
    )
    await asyncio.sleep(stage.pace)
    yield _event("passages", {"passages": stage.passages, "cut": 2, "sufficient": True})
    if "PROBLEM" in text:
        yield _event(
            "problem",
            {"code": "damaged", "title": "Damaged", "detail": "Document 4 does not match its hash."},
        )
        return
    writer = _writer(body)
    if "CONFIRM" in text and body["prefer"] != "local":
        named = [{"path": one["path"], "title": one["title"], "label": one["label"]} for one in stage.passages[:2]]
        yield _event(
            "route",
            {
                **data.WRITERS["cloud"],
                "reasons": data.reasons("cloud"),
                "why": data.WHY["cloud"],
                "confirm": True,
                "documents": named,
                "left_out": data.LEFT_OUT if "MIXED" in text else [],
                "left_out_passages": 2 if "MIXED" in text else 0,
                "chat_label": "public",
            },
        )
        return
    async for piece in _write(stage, chat_id, question_id, writer, text):
        yield piece


def _writer(body: Json) -> str:
    if "UNLABELLED" in body["text"]:
        return "quotes"
    if body["local_only"] or body["prefer"] == "local" or "salary" in body["text"] or "薪資" in body["text"]:
        return "local"
    return "cloud"


async def _write(stage: Stage, chat_id: str, question_id: int, writer: str, text: str) -> AsyncIterator[bytes]:
    label = data.WRITERS[writer]["label"]
    yield _event(
        "route",
        {
            **data.WRITERS[writer],
            "reasons": data.reasons(writer),
            "why": data.WHY[writer],
            "confirm": False,
            "documents": [],
            "chat_label": label,
        },
    )
    if writer == "local":
        yield _event("progress", {"code": "loading_model", "text": data.both("Loading the model …", "正在載入模型……")})
    if "UNLABELLED" in text:
        sentence = data.both(
            "Not labelled, so treated as confidential; no local model is connected.",
            "尚未標示機密等級，因此視為機密；目前沒有連接本機模型。",
        )
        yield _event(
            "mark",
            {
                "code": "unlabelled_local",
                "params": {},
                "text": sentence,
                "actions": ["label_folder", "connect_ollama"],
            },
        )
    answer, status, sent = stage.answer or data.ANSWER, "complete", ""
    try:
        for at in range(0, len(answer), 7):
            if "CUT" in text and at > 60:
                return
            if "BREAK" in text and at > 60:
                broken = data.both("The answer broke off; what came is kept.", "回答中途中斷；已保留收到的部分。")
                yield _event("mark", {"code": "incomplete", "params": {}, "text": broken, "actions": []})
                status, answer = "incomplete", sent
                break
            sent += answer[at : at + 7]
            yield _event("token", {"text": answer[at : at + 7]})
            for number in range(1, len(stage.passages) + 1):
                if f"[{number}]" in sent and f"[{number}]" not in sent[:-7]:
                    yield _event("cite", data.cite(number))
            await asyncio.sleep(stage.pace or (0.15 if "SLOW" in text else 0))
    except (asyncio.CancelledError, GeneratorExit):
        stage.ended_early += 1
        stage.add_answer(chat_id, question_id, sent, writer, "stopped")
        raise
    stored = stage.add_answer(chat_id, question_id, answer, writer, status)
    stage.chats[chat_id]["label"] = label
    ended = {"message_id": stored["id"], "status": status, "badge": stored["badge"]}
    yield _event("done", {**ended, "text": answer, "citations": stored["citations"]})


def _add_document_routes(app: FastAPI, stage: Stage) -> None:
    @app.get("/api/chunks/{chunk_id}")
    async def chunk(chunk_id: int) -> Json:
        found = next((one for one in stage.passages if one["chunk_id"] == chunk_id), None)
        if found is None:
            raise HTTPException(404, "This passage is gone.")
        before = "## Annual leave\n\nThis chapter holds for every colleague with a permanent contract.\n\n"
        return {
            **found,
            "before": before,
            "after": "\n\nLeave is counted in working days; half days are possible.",
        }

    @app.get("/api/documents")
    async def documents() -> list[Json]:
        return stage.documents

    @app.get("/api/sources")
    async def sources() -> list[Json]:
        return stage.sources

    @app.post("/api/documents/{document_id}/label")
    async def label_document(document_id: int, request: Request) -> Json:
        body = await request.json()
        stage.calls.append(("POST", f"/api/documents/{document_id}/label", body))
        document = next(one for one in stage.documents if one["id"] == document_id)
        document.update(label=body["label"], label_source="owner")
        return document

    @app.post("/api/sources/{source_id}/label")
    async def label_source(source_id: int, request: Request) -> Json:
        body = await request.json()
        stage.calls.append(("POST", f"/api/sources/{source_id}/label", body))
        source = next(one for one in stage.sources if one["id"] == source_id)
        source.update(default_label=body["label"], unlabelled=0)
        stage.status["unlabelled"] = [one for one in stage.status["unlabelled"] if one["source_id"] != source_id]
        return source

    @app.post("/api/sources/{source_id}/local-only")
    async def local_only(source_id: int, request: Request) -> Json:
        source = next(one for one in stage.sources if one["id"] == source_id)
        source["local_only"] = (await request.json())["on"]
        return source

    @app.post("/api/sources/{source_id}/ingest", status_code=202)
    async def ingest(source_id: int) -> Json:
        stage.calls.append(("POST", f"/api/sources/{source_id}/ingest", None))
        return {}

    @app.delete("/api/sources/{source_id}", status_code=204)
    async def remove(source_id: int) -> None:
        stage.calls.append(("DELETE", f"/api/sources/{source_id}", None))
        stage.sources = [one for one in stage.sources if one["id"] != source_id]
        stage.documents = [one for one in stage.documents if one["source_id"] != source_id]

    @app.post("/api/sources", status_code=202)
    async def add_source(request: Request) -> Json:
        body = await request.json()
        stage.calls.append(("POST", "/api/sources", body))
        if not body["path"].startswith("/"):
            raise HTTPException(422, "path: give the folder's full path.")
        return {}

    @app.post("/api/upload", status_code=202)
    async def upload(request: Request) -> Json:
        async with request.form() as form:
            names = [file.filename for file in form.getlist("files") if not isinstance(file, str)]
        stage.calls.append(("POST", "/api/upload", names))
        return {"files": names}


if __name__ == "__main__":
    import uvicorn

    shown = Stage()
    shown.pace = 0.03
    uvicorn.run(make_app(shown), host="127.0.0.1", port=8123, log_level="warning")
