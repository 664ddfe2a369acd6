"""The page's shell for its views. Everything else on it comes through the API."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from web.i18n import LANGUAGE_COOKIE, pick_language
from web.parts import Parts
from web.security import PAGE_COOKIE
from web.shapes import chat_shape
from web.status import read_status

YEAR_SECONDS = 365 * 24 * 3600


def router(parts: Parts) -> APIRouter:
    """`/`, `/documents` and the others, which differ in what the page opens first."""
    routes = APIRouter()

    @routes.get("/", response_class=HTMLResponse)
    @routes.get("/documents", response_class=HTMLResponse)
    @routes.get("/receipts", response_class=HTMLResponse)
    @routes.get("/advisor", response_class=HTMLResponse)
    @routes.get("/insights", response_class=HTMLResponse)
    def show_page(request: Request, lang: str | None = None) -> Response:
        boot = {
            "mode": parts.airlock.settings.mode.value,
            "chats": [chat_shape(chat) for chat in parts.airlock.store.chats()],
            "status": read_status(parts),
            "signed_in": parts.sessions is not None,
        }
        return render(parts, request, "page.html", lang, boot)

    return routes


def render(
    parts: Parts,
    request: Request,
    template: str,
    lang: str | None = None,
    boot: Mapping[str, object] | None = None,
) -> Response:
    """`template` in the reader's language, with the CSRF token that belongs to their page cookie."""
    language = pick_language(lang, request.cookies.get(LANGUAGE_COOKIE), request.headers.get("accept-language", ""))
    held = request.cookies.get(PAGE_COOKIE, "")
    cookie = held or parts.csrf.new_cookie()
    html = parts.templates.get_template(template).render(
        csrf=parts.csrf.token(cookie),
        lang=language,
        strings=parts.strings[language],
        boot={"lang": language, **(boot or {})},
        error="",
    )
    response = HTMLResponse(html, headers={"Content-Language": language})
    if not held:
        response.set_cookie(PAGE_COOKIE, cookie, httponly=True, samesite="strict", path="/")
    if lang == language:
        response.set_cookie(LANGUAGE_COOKIE, language, max_age=YEAR_SECONDS, samesite="strict", path="/")
    return response
