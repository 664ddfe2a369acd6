"""A question with public passages, and both clouds."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rag.config import Settings
from tests.fakes.aimock import run_aimock
from tests.fakes.cloud_server import CloudServer
from tests.fakes.gate_store import MemoryStore

MakeSettings = Callable[..., Settings]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short private folder: a unix socket's path has room for about 100 bytes."""
    with tempfile.TemporaryDirectory(prefix="gate-") as name:
        yield Path(name)


@pytest.fixture
def store() -> MemoryStore:
    """An empty store."""
    return MemoryStore()


@pytest.fixture
def make_settings(tmp_path: Path) -> MakeSettings:
    """Settings with the cloud enabled at a URL."""

    def make(url: str = "", **cloud: object) -> Settings:
        return Settings(home=tmp_path, cloud={"enabled": True, "base_url": url, "model": "test-model", **cloud})

    return make


@pytest.fixture
def own_cloud() -> Iterator[CloudServer]:
    """Our cloud, empty of calls."""
    with CloudServer() as cloud:
        yield cloud


@pytest.fixture(scope="module")
def aimock_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """aimock with our scenarios."""
    with run_aimock(tmp_path_factory.mktemp("aimock")) as url:
        yield url


@pytest.fixture(params=["ours", pytest.param("aimock", marks=pytest.mark.real)])
def cloud_url(request: pytest.FixtureRequest) -> str:
    """The same suite runs over our cloud and over one that is not ours."""
    if request.param == "ours":
        return request.getfixturevalue("own_cloud").url
    return request.getfixturevalue("aimock_url")
