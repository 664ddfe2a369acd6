"""`python -m ingest`: JSON lines a program can follow, one-line errors, exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ingest import __main__ as command
from tests.fakes.ingest import FakeEmbedder


@pytest.fixture
def papers(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("rag.retrieval.embed.open_embedder", lambda settings: FakeEmbedder())
    monkeypatch.setattr("signal.signal", lambda number, handler: None)
    folder = tmp_path / "papers"
    folder.mkdir()
    return folder


def test_json_progress_prints_lines_and_then_the_report(papers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (papers / "a.md").write_text("text")
    (papers / "b.tgz").write_bytes(b"\x1f\x8b\x08" + bytes(20))
    assert command.main([str(papers), "--label", "public", "--label-source", "page", "--json-progress"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[-1]["kind"] == "report"
    assert lines[-2]["kind"] == "progress"
    assert set(lines[-2]) == {
        "kind", "files_done", "files_total", "bytes_done", "bytes_total", "current", "failed", "seconds", "rate",
        "seconds_left",
    }  # fmt: skip
    assert lines[-1]["files"] == [
        {"path": "a.md", "status": "added", "reason": "", "label": "public", "label_source": "page", "chunks": 1},
        {
            "path": "b.tgz", "status": "skipped", "reason": "gzip archive files are not read", "label": None,
            "label_source": None, "chunks": 0,
        },
    ]  # fmt: skip


def test_a_folder_that_is_not_there_is_one_line_and_exit_code_3(
    papers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main([str(papers / "gone")]) == 3
    error = capsys.readouterr().err.splitlines()
    assert len(error) == 1
    assert error[0].endswith("there is no such folder or file; nothing was changed")


def test_a_wrong_label_is_exit_code_2(papers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([str(papers), "--label", "geheim"]) == 2
    assert "use public, internal, confidential, restricted" in capsys.readouterr().err


def test_nothing_readable_is_exit_code_3_and_every_failure_is_listed(
    papers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (papers / "a\x1b[31m.pdf").write_bytes(b"%PDF-1.4")
    assert command.main([str(papers)]) == 3
    assert capsys.readouterr().out == "  a\\x1b[31m.pdf: the PDF is damaged and could not be opened\n"


def test_the_module_starts_without_heavy_imports() -> None:
    code = "import ingest.__main__, ingest.pipeline, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    heavy = {"torch", "transformers", "faiss", "onnxruntime", "langchain", "langchain_core", "lxml", "pypdfium2"}
    assert not loaded & (heavy | {"selectolax", "markdown_it", "docx", "pathspec", "charset_normalizer"})
