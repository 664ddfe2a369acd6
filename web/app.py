"""The page and its API as one ASGI application. Builds nothing of the question's side; that is handed in."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.concurrency import run_in_threadpool
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from rag.store import Store
from rag.wiring import Airlock
from web import problems
from web.guards import Guard
from web.i18n import load_strings
from web.jobs import IngestJobs
from web.parts import Parts
from web.routes import advice, ask, chats, documents, login, page, receipts, sources, status, uploads
from web.security import Csrf, Doorkeeper, Guarded, allowed_hosts
from web.session import Sessions, Throttle
from web.stream import Running

HERE = Path(__file__).parent


def create_app(airlock: Airlock, *, guards: Sequence[Guard] = (), jobs: IngestJobs | None = None) -> ASGIApp:
    """The application for `airlock`, inside its guards.

    Args:
        guards: what protects this process, for the status.
        jobs: runs ingests; by default `python -m ingest` in a child process.
    """
    key = _page_key(airlock.store)
    server = airlock.settings.server
    password = server.password.get_secret_value()
    parts = Parts(
        airlock=airlock,
        running=Running(),
        jobs=jobs or IngestJobs(),
        csrf=Csrf(key),
        sessions=Sessions(password, key) if password else None,
        throttle=Throttle(),
        templates=Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined),
        strings=load_strings(),
        guards=tuple(guards),
    )
    doorkeeper = Doorkeeper(allowed_hosts(server.host, server.allowed_hosts), parts.csrf, parts.sessions)
    app = build_routes(parts)
    return Guarded(app, doorkeeper=doorkeeper, upload_bytes=server.max_upload_megabytes * 1024 * 1024)


def build_routes(parts: Parts) -> FastAPI:
    """All routes, without the guards; tests walk them to prove that every one is guarded."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(parts.running.close)
        await run_in_threadpool(parts.jobs.close)

    app = FastAPI(
        title="Airlock",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    problems.install(app)
    for room in (page, login, status, chats, ask, documents, sources, uploads, receipts, advice):
        app.include_router(room.router(parts))
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    return app


def _page_key(store: Store) -> bytes:
    """The key that ties CSRF tokens to this store; kept there, so that an open page outlives a restart."""
    key = store.meta("page_key")
    if key is None:
        key = secrets.token_hex(32)
        store.set_meta("page_key", key)
    return bytes.fromhex(key)
