"""Conversations: listed, opened, renamed, deleted, exported."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from rag.records import ChatId, Message, Receipt, ReceiptId
from web.export import export_json, export_markdown
from web.parts import Parts
from web.shapes import Json, chat_shape, message_shape


class Rename(BaseModel):
    """A conversation's new title."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    title: str = Field(min_length=1, max_length=200)


class NewChat(BaseModel):
    """An empty body."""

    model_config = ConfigDict(extra="forbid")


def router(parts: Parts) -> APIRouter:
    """`/api/chats`."""
    routes = APIRouter(prefix="/api/chats")
    store = parts.airlock.store

    @routes.get("")
    def list_chats() -> list[Json]:
        return [chat_shape(chat) for chat in store.chats()]

    @routes.post("", status_code=201)
    def create_chat(_: NewChat) -> Json:
        return chat_shape(store.create_chat())

    @routes.get("/{chat_id}")
    def show_chat(chat_id: str) -> Json:
        chat, messages = store.chat(ChatId(chat_id)), store.messages(ChatId(chat_id))
        receipts = find_receipts(parts, messages)
        shapes = [message_shape(message, receipts.get(message.receipt_id)) for message in messages]
        return {"chat": chat_shape(chat), "messages": shapes}

    @routes.patch("/{chat_id}")
    def rename_chat(chat_id: str, rename: Rename) -> Json:
        store.rename_chat(ChatId(chat_id), rename.title)
        return chat_shape(store.chat(ChatId(chat_id)))

    @routes.delete("/{chat_id}", status_code=204)
    def delete_chat(chat_id: str) -> None:
        store.chat(ChatId(chat_id))
        store.delete_chat(ChatId(chat_id))

    @routes.get("/{chat_id}/export")
    def export_chat(chat_id: str, format: Literal["md", "json"] = "md") -> Response:
        chat, messages = store.chat(ChatId(chat_id)), store.messages(ChatId(chat_id))
        receipts = find_receipts(parts, messages)
        write = export_markdown if format == "md" else export_json
        media_type = "text/markdown; charset=utf-8" if format == "md" else "application/json"
        name = f'attachment; filename="conversation-{chat.created_at[:10]}.{format}"'
        return Response(write(chat, messages, receipts), media_type=media_type, headers={"Content-Disposition": name})

    return routes


def find_receipts(parts: Parts, messages: list[Message]) -> dict[ReceiptId | None, Receipt]:
    """The receipts of the answers among `messages`, by id."""
    ids = {message.receipt_id for message in messages if message.receipt_id is not None}
    return {receipt_id: parts.airlock.store.receipt(receipt_id) for receipt_id in ids}
