"""Lets one process at a time write to a store: a lock on a file in its home, freed by the kernel if it
dies."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rag.errors import Busy


@contextmanager
def writing(home: Path) -> Iterator[None]:
    """Hold the lock of `home`.

    Raises:
        Busy: another process is ingesting.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(home / "ingest.lock", os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
    try:
        _lock(descriptor)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    try:
        import fcntl
    except ImportError:  # no flock on this platform: the store's own write lock still keeps it whole
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise Busy("another ingest is running; try again when it has finished") from None
