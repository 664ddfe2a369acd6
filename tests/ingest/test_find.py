"""Only regular files below the root are found, and what cannot be seen is not taken for gone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ingest.find import find_files
from rag.errors import IngestError


def paths(root: Path) -> list[str]:
    return [file.path for file in find_files(root).files]


def test_files_are_listed_by_relative_path_in_order(tmp_path: Path) -> None:
    for name in ("b.md", "a/z.txt", "a/b/c.pdf"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    assert paths(tmp_path) == ["a/b/c.pdf", "a/z.txt", "b.md"]


@pytest.mark.parametrize(
    "name",
    [
        ".hidden",
        ".git/config",
        "node_modules/x.md",
        "~$draft.docx",
        "x.tmp",
        "labels.toml",
        "x.md~",
        "a.lock",
    ],
)
def test_what_is_never_a_document_is_passed_over(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("x")
    assert paths(tmp_path) == []


def test_labels_files_are_listed_apart(tmp_path: Path) -> None:
    (tmp_path / "labels.toml").write_text("")
    assert [file.path for file in find_files(tmp_path).labels] == ["labels.toml"]


def test_links_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    root = tmp_path / "root"
    outside.mkdir()
    root.mkdir()
    (outside / "secret.txt").write_text("x")
    (root / "file.txt").symlink_to(outside / "secret.txt")
    (root / "folder").symlink_to(outside)
    (root / "loop").symlink_to(root)
    assert paths(root) == []


def test_a_pipe_is_passed_over(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    assert paths(tmp_path) == []


def test_a_name_that_is_no_utf_8_can_be_stored(tmp_path: Path) -> None:
    name = os.fsdecode(b"\xa4\xa4.txt")
    (tmp_path / name).write_text("x")
    assert paths(tmp_path) == ["\\xa4\\xa4.txt"]
    assert find_files(tmp_path).files[0].absolute.read_text() == "x"


def test_the_stores_own_home_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "note.md").write_text("x")
    assert find_files(tmp_path, exclude=tmp_path / "home").files == ()


def test_a_root_that_is_gone_is_an_error_and_not_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(IngestError, match="no such folder; nothing was changed"):
        find_files(tmp_path / "gone")


def test_nothing_is_concluded_about_a_folder_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "open.md").write_text("x")
    real = os.scandir

    def refuse(folder: Path) -> object:
        if Path(folder).name == "closed":
            raise PermissionError(13, "Permission denied")
        return real(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    found = find_files(tmp_path)
    assert [file.path for file in found.files] == ["open.md"]
    assert found.hides("closed/minutes.md")
    assert not found.hides("closed-too.md")


def test_ignore_files_keep_out_what_they_name_and_the_nearest_decides(tmp_path: Path) -> None:
    (tmp_path / "old" / "kept").mkdir(parents=True)
    for name in ("a.md", "a.log", "old/b.log", "old/c.md", "old/kept/d.log", "drafts.md"):
        (tmp_path / name).write_text("x")
    (tmp_path / ".airlockignore").write_text("*.log\n/drafts.md\n# a comment\n")
    (tmp_path / "old" / "kept" / ".airlockignore").write_text("!d.log\n")
    assert paths(tmp_path) == ["a.md", "old/c.md", "old/kept/d.log"]


def test_an_ignored_folder_is_not_entered(tmp_path: Path) -> None:
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive" / "a.md").write_text("x")
    (tmp_path / "b.md").write_text("x")
    (tmp_path / ".airlockignore").write_text("archive/\n")
    assert paths(tmp_path) == ["b.md"]


def test_an_ignore_file_that_cannot_be_read_stops_the_ingest(tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("x")
    (tmp_path / ".airlockignore").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(IngestError, match="cannot be read"):
        find_files(tmp_path)
