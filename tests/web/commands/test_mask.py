"""`airlock mask` on a file and on standard input."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from tests.web import cli_shapes as shapes
from tests.web.commands.conftest import Run
from tests.web.commands.test_json_shapes import check

TEXT = "申請人身分證字號 A123456789，信箱 mei.lin@example.com。"


def test_a_file_is_shown_as_it_would_be_sent(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text(TEXT, encoding="utf-8")
    masked = check(run("mask", path, "--json").json, shapes.MASK)
    assert masked["text"] == "申請人身分證字號 ⟦TW_ID_1_TEXT⟧，信箱 ⟦EMAIL_1_TEXT⟧。"
    assert [(TEXT[one["start"] : one["end"]], one["type"]) for one in masked["spans"]] == [
        ("A123456789", "TW_ID"),
        ("mei.lin@example.com", "EMAIL"),
    ]
    assert masked["spans"][0]["checksummed"] is True
    assert masked["counts"] == {"EMAIL": 1, "TW_ID": 1}


def test_standard_input_is_read_and_the_missing_names_are_said(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(TEXT.encode())))
    done = run("mask", "-")
    assert done.out.startswith("申請人身分證字號 ⟦TW_ID_1_TEXT⟧")
    assert "names are not recognised" in done.err


def test_what_cannot_be_read_is_one_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "big5.txt").write_bytes("身分".encode("big5"))
    assert "not UTF-8" in run("mask", tmp_path / "big5.txt").err
    assert run("mask", tmp_path / "none.txt").code == 2
