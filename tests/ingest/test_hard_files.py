"""The evaluation data's company folder and its files that break parsers, through the real cage and the real ingest."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.cage import Cage
from rag.config import load_settings
from rag.errors import IngestError
from rag.records import DocumentStatus
from tests.ingest.conftest import Bench

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def data(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archives, unpacked."""
    folder = tmp_path_factory.mktemp("data")
    for name in ("company", "ugly"):
        with tarfile.open(shared / "data" / f"{name}.tar.xz") as archive:
            archive.extractall(folder, filter="data")
    return folder


@pytest.fixture
def cage(home: Path) -> Iterator[Cage]:
    with Cage(load_settings().ingest) as opened:
        yield opened


def real_name(written: str) -> str:
    """The file name that the manifest writes with escapes: a line end, bytes that are no UTF-8."""
    raw = re.sub(rb"\\x([0-9a-f]{2})", lambda match: bytes([int(match[1], 16)]), written.encode())
    return os.fsdecode(raw.replace(rb"\n", b"\n"))


def without_blanks(text: str) -> str:
    return "".join(text.split())


def test_every_file_of_the_company_is_read(data: Path, cage: Cage) -> None:
    files = [path for path in sorted((data / "company").rglob("*")) if path.is_file()]
    assert len(files) == 116
    empty = [path.name for path in files if not cage.parse(path).text.strip()]
    assert empty == []


def test_every_ugly_file_ends_as_its_manifest_expects(data: Path, cage: Cage) -> None:
    unexpected = []
    with (data / "ugly_open" / "MANIFEST.tsv").open(encoding="utf-8") as manifest:
        rows = list(csv.DictReader(manifest, delimiter="\t"))
    for row in rows:
        path = data / "ugly_open" / "files" / real_name(row["file"])
        assert path.exists(), path
        try:
            text = cage.parse(path).text
            good = row["expected"] in ("text", "either") and (
                row["expected"] == "either" or without_blanks(row["phrase"]) in without_blanks(text)
            )
        except IngestError as error:
            good = row["expected"] != "text" and 10 < len(str(error)) < 400
        if not good:
            unexpected.append(row["file"])
    assert len(rows) == 156
    assert unexpected == []


def test_traps_in_the_folder_hold_nothing_up_and_the_rest_is_taken_in(data: Path, bench: Bench) -> None:
    bench.write("plain.md", "The plain document is still found.")
    subprocess.run(["bash", data / "ugly_open" / "make_fs_traps.sh", bench.folder], check=True, capture_output=True)
    report = bench.ingest()
    assert bench.one(report, "plain.md").status == "added"
    assert bench.document("plain.md").status is DocumentStatus.READY
    assert not [one for one in report.files if ".." in one.path or one.path.startswith("/")]
