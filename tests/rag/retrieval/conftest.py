"""A real store, and models made ready once for all tests of this room."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.config import Settings
from rag.retrieval.embed import Embedder, open_embedder
from rag.store import Store
from tests.fakes.retrieval import prepare_home


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    opened = Store.open(home)
    yield opened
    opened.close()


@pytest.fixture
def folder(home: Path) -> Path:
    """Where an index is kept; not created."""
    return home / "indexes" / "one"


@pytest.fixture(scope="session")
def bundled(bundled_home: Path) -> Embedder:
    return open_embedder(Settings(home=bundled_home))


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a random two-layer BERT."""
    made = tmp_path_factory.mktemp("models") / "tiny-bert"
    subprocess.run([sys.executable, "-m", "tests.fakes.tiny_bert", str(made)], check=True, timeout=280)
    return made


@pytest.fixture(scope="session")
def tiny_home(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Path:
    """A home in which that model is ready."""
    made = tmp_path_factory.mktemp("tiny-home")
    prepare_home(made, "--model", str(tiny_model))
    return made
