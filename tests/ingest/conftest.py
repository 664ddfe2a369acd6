"""A store, a folder and an ingester with a fake embedder, for the tests of the pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ingest.pipeline import FileReport, Ingester, IngestReport
from rag.config import Settings, load_settings
from rag.records import Document
from rag.store import Store
from tests.fakes.ingest import FakeEmbedder


@dataclass
class Bench:
    """Everything a test of the pipeline touches."""

    folder: Path
    settings: Settings
    store: Store
    embedder: FakeEmbedder = field(default_factory=FakeEmbedder)

    def write(self, path: str, content: str | bytes) -> Path:
        """Put a file into the folder."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        return target

    def ingest(self, folder: Path | None = None, **options: Any) -> IngestReport:
        """Ingest the folder, or another one."""
        ingester = Ingester(self.store, self.embedder, self.settings)
        return ingester.ingest(folder or self.folder, **options)

    def statuses(self, report: IngestReport) -> dict[str, str]:
        """Each file's status."""
        return {one.path: one.status for one in report.files}

    def one(self, report: IngestReport, path: str) -> FileReport:
        """One file's report."""
        return next(one for one in report.files if one.path == path)

    def document(self, path: str) -> Document:
        """The stored document at `path`."""
        return next(one for one in self.store.documents() if one.path == path)


@pytest.fixture
def bench(home: Path, tmp_path: Path) -> Iterator[Bench]:
    """An empty store and an empty folder."""
    folder = tmp_path / "papers"
    folder.mkdir()
    settings = load_settings()
    with Store.open(home) as store:
        yield Bench(folder, settings, store)
