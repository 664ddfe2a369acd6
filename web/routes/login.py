"""Signing in with the password, where one is set. Guessing is slowed down; the password is never logged."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException

from web.parts import Parts
from web.routes.page import render
from web.session import LIFETIME_SECONDS


class Login(BaseModel):
    """What the login page sends, as a form or as JSON."""

    model_config = ConfigDict(extra="ignore")
    password: str = Field(max_length=1000)


def router(parts: Parts) -> APIRouter:
    """`/login` and `/logout`; they answer 404 where no password is set."""
    routes = APIRouter()

    @routes.get("/login")
    def show_login(request: Request, lang: str | None = None) -> Response:
        sessions = parts.sessions
        if sessions is None or sessions.holds(request.cookies.get(sessions.cookie, "")):
            return RedirectResponse("/", 303)
        return render(parts, request, "login.html", lang)

    @routes.post("/login", status_code=204)
    async def sign_in(request: Request) -> Response:
        sessions = parts.sessions
        if sessions is None:
            raise HTTPException(404, "No password is set.")
        address = request.client.host if request.client is not None else ""
        password = await _read_password(request)
        wait = parts.throttle.admit(address)
        if wait:
            raise HTTPException(429, f"Too many tries; wait {wait} seconds.", {"Retry-After": str(wait)})
        if not sessions.accepts(password):
            raise HTTPException(401, "The password is wrong.")
        parts.throttle.forget(address)
        response = Response(status_code=204)
        response.set_cookie(
            sessions.cookie,
            sessions.open(),
            max_age=int(LIFETIME_SECONDS),
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
            path="/",
        )
        return response

    @routes.post("/logout", status_code=204)
    def sign_out(request: Request) -> Response:
        response = Response(status_code=204)
        if parts.sessions is not None:
            parts.sessions.close(request.cookies.get(parts.sessions.cookie, ""))
            response.delete_cookie(parts.sessions.cookie, path="/")
        return response

    return routes


async def _read_password(request: Request) -> str:
    is_form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    try:
        if is_form:
            return Login.model_validate(dict(await request.form())).password
        return Login.model_validate_json(await request.body()).password
    except ValidationError:
        raise HTTPException(422, "password: send one, of at most 1000 characters") from None
