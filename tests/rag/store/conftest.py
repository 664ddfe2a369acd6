"""A real store in a home of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.records import SourceId
from rag.store import Store


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    """An empty store."""
    with Store.open(home) as opened:
        yield opened


@pytest.fixture
def source_id(store: Store) -> SourceId:
    """A source that nobody has labelled."""
    return store.add_source("papers", "/papers").id
