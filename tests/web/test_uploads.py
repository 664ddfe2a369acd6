"""Hostile file names, and uploads that fail half-way."""

from __future__ import annotations

import io
import unicodedata
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.policy.labels import Label
from web.uploads import harmless_name, save_uploads


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("report.pdf", "report.pdf"),
        ("請假規定 2025.docx", "請假規定 2025.docx"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\plan.md", "plan.md"),
        ("/etc/shadow", "shadow"),
        (".hidden.md", "hidden.md"),
        ("..", "file"),
        ("", "file"),
        ("a\0b.md", "ab.md"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("a:b|c?.md", "a_b_c_.md"),
        ("labels.toml", "_labels.toml"),
        ("LABELS.TOML", "_LABELS.TOML"),
        ("~$draft.docx", "draft.docx"),
        ("line\nbreak.md", "linebreak.md"),
        ("名" * 200 + ".md", "名" * 65 + ".md"),
    ],
)
def test_a_name_keeps_its_letters_and_loses_its_harm(given_name: str, kept: str) -> None:
    assert harmless_name(given_name) == kept


@given(st.text(max_size=400))
def test_no_name_whatsoever_leaves_its_folder_hides_or_is_too_long(text: str) -> None:
    name = harmless_name(text)
    assert name
    assert Path(name).name == name
    assert not name.startswith(".")
    assert name.lower() != "labels.toml"
    assert len(name.encode()) <= 255
    assert all(unicodedata.category(one) not in ("Cc", "Cf", "Cs") for one in name)


def test_files_of_the_same_name_stand_side_by_side(tmp_path: Path) -> None:
    files: list[tuple[str, BinaryIO]] = [(one, io.BytesIO(b"x")) for one in ("a.md", "x/A.md", "a.md")]
    assert save_uploads(tmp_path, files, None) == ["a.md", "A (2).md", "a (3).md"]


def test_two_uploads_never_meet(tmp_path: Path) -> None:
    for content in (b"one", b"two"):
        save_uploads(tmp_path, [("a.md", io.BytesIO(content))], None)
    assert sorted(path.read_bytes() for path in tmp_path.rglob("a.md")) == [b"one", b"two"]


def test_a_label_is_written_beside_the_files_and_no_upload_can_write_it(tmp_path: Path) -> None:
    files: list[tuple[str, BinaryIO]] = [("labels.toml", io.BytesIO(b'default = "public"'))]
    save_uploads(tmp_path, files, Label.RESTRICTED)
    found = [path.read_text() for path in tmp_path.rglob("labels.toml")]
    assert found == ['default = "restricted"\n']


def test_an_upload_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    class Broken(io.BytesIO):
        def read(self, _size: int | None = -1) -> bytes:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        save_uploads(tmp_path, [("a.md", io.BytesIO(b"x")), ("b.md", Broken())], None)
    assert list((tmp_path / "uploads").iterdir()) == []


def test_only_the_owner_can_look_into_the_uploads(tmp_path: Path) -> None:
    save_uploads(tmp_path, [("a.md", io.BytesIO(b"x"))], None)
    folders = [tmp_path / "uploads", *(tmp_path / "uploads").iterdir()]
    assert [folder.stat().st_mode & 0o777 for folder in folders] == [0o700, 0o700]
