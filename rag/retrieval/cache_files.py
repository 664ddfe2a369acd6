"""Manifests, hashes and locks of the disposable index folders; knows nothing of what the indexes hold."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

MANIFEST_FILE = "manifest.json"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a cache claims to be.

    `layout` names the form of its files; `origin` the store and the embedding model they were made from;
    `generation` the store's when they were written and `ids` a digest of the chunk ids it then held; `files` maps
    file names to SHA-256; `removed` counts entries deleted since the files were last built afresh, whose traces
    may still be in them.
    """

    layout: str
    origin: str
    generation: int
    ids: str
    files: dict[str, str]
    removed: int = 0

    def matches(self, folder: Path) -> bool:
        """Whether every file in `folder` still has the hash it was written with."""
        return all((folder / name).is_file() and digest(folder / name) == sha for name, sha in self.files.items())


def read_manifest(folder: Path, layout: str, origin: str) -> Manifest | None:
    """The manifest in `folder`; None when there is none, it is damaged, or it is of another layout or origin."""
    try:
        values = json.loads((folder / MANIFEST_FILE).read_bytes())
        manifest = Manifest(**values)
    except (OSError, ValueError, TypeError):
        return None
    sound = isinstance(manifest.generation, int) and isinstance(manifest.files, dict)
    return manifest if sound and (manifest.layout, manifest.origin) == (layout, origin) else None


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Replace the manifest in one step."""
    writing = folder / f".{MANIFEST_FILE}.new"
    writing.write_text(json.dumps(asdict(manifest), indent=1), "utf-8")
    publish(writing, folder / MANIFEST_FILE)


def publish(written: Path, path: Path) -> None:
    """Give a finished file its name so that a crash leaves the old file or the new one, never a mixture."""
    sync(written)
    os.replace(written, path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Make a file's content, or a folder's renames, durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def digest_ids(ids: npt.NDArray[np.int64]) -> str:
    """SHA-256 of chunk ids, in hexadecimal."""
    return hashlib.sha256(np.ascontiguousarray(ids, dtype="<i8").tobytes()).hexdigest()


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def wipe(folder: Path) -> None:
    """Empty `folder`, creating it when it is not there."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)


@contextmanager
def folder_lock(folder: Path, wait: float) -> Iterator[bool]:
    """Hold the write lock of `folder` among all processes; yields False when another held it for `wait` seconds.

    The lock file lies beside the folder, so that the folder can be wiped while it is held. The kernel frees the
    lock of a process that dies.

    Raises:
        OSError: the lock file cannot be created, so the folder cannot be written either.
    """
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(folder.with_name(folder.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield _acquire(descriptor, time.monotonic() + wait)
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, deadline: float) -> bool:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.02)
        else:
            return True
