"""Receipts: what was sent where, read only."""

from __future__ import annotations

from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Query

from rag.policy.replay import find_forbidden
from rag.records import ChatId, ReceiptId
from web.parts import Parts
from web.shapes import Json, chain_shape, forbidden_shape, receipt_shape


def router(parts: Parts) -> APIRouter:
    """`/api/receipts`."""
    routes = APIRouter(prefix="/api/receipts")
    store, settings = parts.airlock.store, parts.airlock.settings

    @routes.get("")
    def list_receipts(
        limit: Annotated[int, Query(ge=1, le=1000)] = 100, chat_id: str | None = None, forbidden_now: bool = False
    ) -> list[Json]:
        """The newest first; with `forbidden_now` those of them, out of all, that today would have to stay here."""
        if forbidden_now:
            found = find_forbidden(store.past_sendings(), settings.mode, settings.rules.by_label())
            wanted = (one for one in found if chat_id in (None, one.receipt.chat_id))
            return [forbidden_shape(one) for one in islice(wanted, limit)]
        chat = ChatId(chat_id) if chat_id else None
        return [receipt_shape(receipt) for receipt in store.receipts(limit=limit, chat_id=chat)]

    @routes.get("/chain")
    def verify_chain() -> Json:
        return chain_shape(store.verify_receipts())

    @routes.get("/{receipt_id}")
    def show_receipt(receipt_id: int) -> Json:
        return receipt_shape(store.receipt(ReceiptId(receipt_id)))

    return routes
