"""Errors as application/problem+json (RFC 9457). Says ids, settings and lengths, never document text."""

from __future__ import annotations

import logging
import secrets
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from rag.errors import AirlockError
from web.places import find_place

LOG = logging.getLogger("airlock.web")


class Problem(JSONResponse):
    """A problem+json answer."""

    media_type = "application/problem+json"


def install(app: FastAPI) -> None:
    """Make every error of `app` a problem."""
    app.add_exception_handler(AirlockError, _answer_airlock)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(Exception, _answer_unexpected)


def describe(error: Exception) -> dict[str, Any]:
    """`error` as the data of a `problem` event; an unexpected one gets an id that is also in the log."""
    if isinstance(error, AirlockError):
        return {"code": type(error).__name__, "title": _phrase(error.status), "detail": str(error)}
    return {"code": "Unexpected", "title": _phrase(500), "detail": _log_unexpected(error)}


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase


def _problem(status: int, detail: str, code: str = "", headers: dict[str, str] | None = None) -> Response:
    content = {"type": "about:blank", "title": _phrase(status), "status": status, "detail": detail}
    return Problem({**content, "code": code} if code else content, status, headers)


def _answer_airlock(_: Request, error: Exception) -> Response:
    assert isinstance(error, AirlockError)
    return _problem(error.status, str(error), type(error).__name__)


def _answer_http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _problem(error.status_code, str(error.detail), headers=dict(error.headers or {}))


def _answer_invalid(_: Request, error: Exception) -> Response:
    """Names the fields that are wrong; what was sent in them is not repeated."""
    assert isinstance(error, RequestValidationError)
    places = [f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors()]
    return _problem(422, "; ".join(places))


def _answer_unexpected(_: Request, error: Exception) -> Response:
    return _problem(500, _log_unexpected(error))


def _log_unexpected(error: Exception) -> str:
    """Log where `error` came from, without its message, which could quote a document."""
    incident = secrets.token_hex(4)
    LOG.error("incident %s: %s at %s", incident, type(error).__name__, find_place(error))
    return f"Something unexpected happened; the log has it as incident {incident}."
