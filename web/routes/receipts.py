"""Receipts: what was sent where, read only."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from rag.records import ChatId, ReceiptId
from web.parts import Parts
from web.shapes import Json, receipt_shape


def router(parts: Parts) -> APIRouter:
    """`/api/receipts`."""
    routes = APIRouter(prefix="/api/receipts")
    store = parts.airlock.store

    @routes.get("")
    def list_receipts(limit: Annotated[int, Query(ge=1, le=1000)] = 100, chat_id: str | None = None) -> list[Json]:
        chat = ChatId(chat_id) if chat_id else None
        return [receipt_shape(receipt) for receipt in store.receipts(limit=limit, chat_id=chat)]

    @routes.get("/{receipt_id}")
    def show_receipt(receipt_id: int) -> Json:
        return receipt_shape(store.receipt(ReceiptId(receipt_id)))

    return routes
