"""Asking: the answer's stream, the choice of zone it may wait for, stopping it; and search alone."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from rag.answer import Ask
from rag.records import ChatId, MessageId, QuestionId, Zone
from web.parts import Parts
from web.shapes import Json, passage_shape
from web.stream import AnswerStream

LONGEST_QUESTION = 20_000


class AskBody(BaseModel):
    """One question. `replace_message_id` is the question message it replaces (edit and ask again, retry)."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    chat_id: str | None = None
    text: str = Field(min_length=1, max_length=LONGEST_QUESTION)
    local_only: bool = False
    prefer: Literal["local", "cloud"] | None = None
    model: str | None = Field(None, max_length=200)
    replace_message_id: int | None = None

    def to_ask(self) -> Ask:
        """The same for the answering side."""
        return Ask(
            self.text,
            chat_id=ChatId(self.chat_id) if self.chat_id else None,
            local_only=self.local_only,
            prefer=Zone(self.prefer) if self.prefer else None,
            model=self.model or None,
            replace=MessageId(self.replace_message_id) if self.replace_message_id is not None else None,
        )


class Choice(BaseModel):
    """A person's answer to 'send this to the cloud?'."""

    model_config = ConfigDict(extra="forbid")
    choice: Literal["cloud", "local"]


class Search(BaseModel):
    """A search for passages alone."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    text: str = Field(min_length=1, max_length=LONGEST_QUESTION)
    k: int = Field(8, ge=1, le=100)


def router(parts: Parts) -> APIRouter:
    """`/api/ask`, `/api/questions/…` and `/api/search`."""
    routes = APIRouter(prefix="/api")
    airlock = parts.airlock

    @routes.post("/ask")
    def ask(body: AskBody) -> Response:
        return AnswerStream(lambda cancel: airlock.answering.ask(body.to_ask(), cancel), parts.running)

    @routes.post("/questions/{question_id}/continue")
    def go_on(question_id: int, body: Choice) -> Response:
        question = airlock.store.question(QuestionId(question_id)).id
        zone = Zone(body.choice)
        return AnswerStream(lambda cancel: airlock.answering.resume(question, zone, cancel), parts.running, question)

    @routes.post("/questions/{question_id}/stop", status_code=204)
    def stop(question_id: int) -> None:
        if not parts.running.stop(QuestionId(question_id)):
            raise HTTPException(404, "No answer to this question is being written.")

    @routes.post("/search")
    def search(body: Search) -> Json:
        found = airlock.retriever.retrieve(body.text, limit=body.k, cut=False)
        return {"passages": [passage_shape(passage) for passage in found.passages]}

    return routes
