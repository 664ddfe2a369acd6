"""The command line, run in this process over a real store, with an embedder that needs no model."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.ingest import FakeEmbedder
from web.cli import main


@dataclass(frozen=True)
class Outcome:
    """What one command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Outcome]


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs `airlock ARGUMENTS…` and gives its exit code and output."""
    embedder = FakeEmbedder()
    monkeypatch.setenv("AIRLOCK_LOCAL__OLLAMA_URL", "")
    monkeypatch.setenv("COLUMNS", "200")
    for place in ("rag.retrieval.embed", "rag.wiring"):
        monkeypatch.setattr(f"{place}.open_embedder", lambda _settings: embedder)

    def one(*arguments: str | Path) -> Outcome:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return Outcome(int(ended.value.code or 0), out, err)

    return one


@pytest.fixture
def handbook(tmp_path: Path) -> Path:
    """A folder with two readable documents and one that is not."""
    folder = tmp_path / "handbook"
    (folder / "deep").mkdir(parents=True)
    (folder / "leave.md").write_text(
        "---\nlabel: public\n---\n# Leave\n\nUnused leave carries over, ten days at most.\n"
    )
    (folder / "deep" / "pay.txt").write_text("Salaries are paid on the fifth of each month.\n")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 broken")
    return folder
