"""Manifests, hashes and the lock of an index folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rag.retrieval.cache_files import (
    MANIFEST_FILE,
    Manifest,
    digest,
    digest_ids,
    folder_lock,
    read_manifest,
    wipe,
    write_manifest,
)

MANIFEST = Manifest("layout-1", "store model", 7, "ids", {"a.bin": "0" * 64}, 2)


def test_a_manifest_reads_back_as_written(tmp_path: Path) -> None:
    write_manifest(tmp_path, MANIFEST)
    assert read_manifest(tmp_path, "layout-1", "store model") == MANIFEST
    assert [path.name for path in tmp_path.iterdir()] == [MANIFEST_FILE]


@pytest.mark.parametrize(("layout", "origin"), [("layout-2", "store model"), ("layout-1", "another model")])
def test_a_manifest_of_another_layout_or_origin_is_none(tmp_path: Path, layout: str, origin: str) -> None:
    write_manifest(tmp_path, MANIFEST)
    assert read_manifest(tmp_path, layout, origin) is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"layout": "layout-1"}', b"\xff\xfe", b'{"surprise": 1}'])
def test_a_damaged_manifest_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / MANIFEST_FILE).write_bytes(content)
    assert read_manifest(tmp_path, "layout-1", "store model") is None


def test_one_flipped_bit_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "a.bin"
    file.write_bytes(b"\x00" * 1000)
    manifest = Manifest("l", "o", 1, "", {"a.bin": digest(file)})
    assert manifest.matches(tmp_path)
    file.write_bytes(b"\x00" * 500 + b"\x01" + b"\x00" * 499)
    assert not manifest.matches(tmp_path)
    file.unlink()
    assert not manifest.matches(tmp_path)


def test_ids_have_a_digest_that_order_and_value_change() -> None:
    assert digest_ids(np.array([1, 2])) != digest_ids(np.array([2, 1]))
    assert digest_ids(np.array([1, 2])) == digest_ids(np.array([1, 2], dtype=np.int64))


def test_the_lock_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    with folder_lock(folder, 0) as first:
        assert first
        with folder_lock(folder, 0.05) as second:
            assert not second
    with folder_lock(folder, 0) as third:
        assert third


def test_the_lock_outlives_a_wipe_of_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    with folder_lock(folder, 0) as held:
        assert held
        wipe(folder)
        with folder_lock(folder, 0) as again:
            assert not again
    assert folder.stat().st_mode & 0o077 == 0
