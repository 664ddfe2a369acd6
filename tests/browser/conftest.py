"""A real Chromium against the fake page server; every page is watched for errors and strange requests."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.fakes.page_server import Stage, make_app

CHROMIUM = "/usr/bin/chromium"
OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium per module: its driver's event loop must end, or other tests could not run theirs."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def stage() -> Stage:
    """What the fake server shows in this test."""
    return Stage()


@pytest.fixture
def address(stage: Stage) -> Iterator[str]:
    """The fake server, listening on a free port."""
    config = uvicorn.Config(make_app(stage), host="127.0.0.1", port=0, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.force_exit = server.should_exit = True
    thread.join(5)


class Watch:
    """What a page did that it should not have."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.strange: list[str] = []
        self.allowed: tuple[str, ...] = ("Failed to load resource",)

    def follow(self, page: Page) -> None:
        """Record scripts, errors and requests of `page`."""
        page.on("pageerror", lambda error: self.strange.append(f"error: {error}"))
        page.on("console", self._hear)
        page.on("dialog", lambda dialog: (self.strange.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda request: self._see(request.url))
        page.on("popup", lambda popup: self.strange.append(f"popup: {popup.url}"))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(self.allowed):
            self.strange.append(f"{message.type}: {message.text}")

    def _see(self, url: str) -> None:
        if not url.startswith((self.address + "/", "blob:")):
            self.strange.append(f"request: {url}")


@pytest.fixture
def watch(address: str) -> Watch:
    """The watch over every page of this test."""
    return Watch(address)


@pytest.fixture
def open_page(browser: Browser, address: str, watch: Watch) -> Iterator[OpenPage]:
    """Opens pages; fails the test when one ran a foreign script, logged an error or called another host."""
    contexts = []

    def open_one(path: str = "/", *, width: int = 1280, height: int = 860, **options: Any) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        context.set_default_timeout(8000)
        page = context.new_page()
        watch.follow(page)
        page.goto(address + path)
        page.wait_for_selector("html[data-ready]")
        return page

    yield open_one
    for context in contexts:
        with contextlib.suppress(Exception):
            context.close()
    assert watch.strange == []


def ask(page: Page, text: str, *, wait: bool = True) -> None:
    """Type a question, send it, and wait for its answer's badge."""
    count = page.locator(".exchange").count()
    page.fill("#question", text)
    page.press("#question", "Enter")
    if wait:
        page.locator(".exchange").nth(count).locator(".badge").wait_for()
