"""What answers, what is indexed, what needs attention."""

from __future__ import annotations

from fastapi import APIRouter

from web.parts import Parts
from web.shapes import Json
from web.status import read_status


def router(parts: Parts) -> APIRouter:
    """`/api/status`."""
    routes = APIRouter(prefix="/api/status")

    @routes.get("")
    def show_status() -> Json:
        return read_status(parts)

    return routes
