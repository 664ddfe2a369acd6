"""A page over a real store, with a browser that holds its cookie and its token."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from rag.config import load_settings
from rag.store import Store
from rag.wiring import Airlock
from tests.fakes.airlock import ScriptedAnswering, fake_airlock, fill_store
from web.app import create_app
from web.guards import Guard
from web.jobs import IngestJobs, Job


@dataclass
class RecordedJobs(IngestJobs):
    """Notes what would be ingested and starts nothing."""

    started: list[Job] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def start(self, job: Job) -> None:
        self.started.append(job)


@dataclass
class Page:
    """A browser on the page."""

    client: TestClient
    airlock: Airlock
    answering: ScriptedAnswering
    jobs: RecordedJobs
    token: str = ""

    @property
    def store(self) -> Store:
        return self.airlock.store

    def open(self) -> None:
        """Load the page, as a browser does first."""
        html = self.client.get("/").text
        found = re.search(r'<meta name="csrf" content="([0-9a-f]{64})">', html)
        assert found is not None
        self.token = found[1]

    def send(self, method: str, path: str, **more: Any) -> Any:
        return self.client.request(method, path, headers={"X-Airlock-CSRF": self.token}, **more)

    def post(self, path: str, body: Any) -> Any:
        return self.send("POST", path, json=body)


@pytest.fixture
def store(home: Path, tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(home)
    root = tmp_path / "handbook"
    root.mkdir()
    fill_store(opened, root)
    yield opened
    opened.close()


@pytest.fixture
def page(store: Store) -> Iterator[Page]:
    airlock, answering = fake_airlock(load_settings(), store)
    jobs = RecordedJobs()
    guards = (Guard("network", True, {"en": "No network.", "zh-TW": "沒有網路。"}),)
    app = create_app(airlock, guards=guards, jobs=jobs)
    with TestClient(app, base_url="http://127.0.0.1:8000") as client:
        one = Page(client, airlock, answering, jobs)
        one.open()
        yield one
