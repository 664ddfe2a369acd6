"""Who may open the store, where its file lies, and which thread uses which connection. Knows no table but
meta."""

from __future__ import annotations

import contextlib
import os
import threading
import weakref
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from rag.errors import NotFound, StoreError
from rag.store import schema
from rag.store.changes import KEPT
from rag.store.connection import Connection
from rag.store.keeping import Keeping, usual_folder

FILE_NAME = "store.db"


def utc_now() -> str:
    """The time as the store keeps it: ISO-8601, UTC, microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


class Access:
    """A store's file, opened. Safe to use from several threads and several processes at once.

    Each thread has its own connection, so `transaction` and `reading` belong to the thread that entered them:
    do not hold them across a `yield` or an `await`. Every method may raise StoreError (Busy when another
    writer does not finish, Damaged when bytes on the disk have changed).
    """

    def __init__(
        self,
        path: Path,
        *,
        read_only: bool,
        now: Callable[[], str] = utc_now,
        kept_changes: int = KEPT,
        receipts_folder: Path | None = None,
    ) -> None:
        """Use `open`. `now` and `kept_changes` are for tests."""
        self._path = path
        self._read_only = read_only
        self._now = now
        self._kept_changes = kept_changes
        self._keeping = Keeping(receipts_folder or usual_folder())
        self._closed = False
        self._mine = threading.local()
        self._all: weakref.WeakSet[Connection] = weakref.WeakSet()
        self._guard = threading.Lock()

    @classmethod
    def open(cls, home: Path, *, read_only: bool = False, receipts_folder: Path | None = None) -> Self:
        """Open the store in `home`; unless `read_only`, create both when missing, for the owner only.

        `receipts_folder` holds the key of the receipts' chain, outside the store; None means the usual one.
        The key is looked for at once: an answer that cannot have its receipt should not begin.

        Raises:
            ConfigError: the store is of a newer version, the file belongs to another program, or the key can
                be neither read nor made.
            NotFound: `read_only`, and there is no store yet.
            StoreError: it cannot be opened.
        """
        path = home / FILE_NAME
        if not read_only:
            _create(home, path)
        store = cls(path, read_only=read_only, receipts_folder=receipts_folder)
        try:
            if read_only:
                schema.require_current(store._connection())
            else:
                schema.upgrade(store._connection(), store._keeping.key(create=True))
        except BaseException:
            store.close()
            raise
        return store

    def close(self) -> None:
        """Close every thread's connection. Using the store afterwards raises StoreError."""
        self._closed = True
        with self._guard:
            connections = list(self._all)
        for connection in connections:
            connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All writes inside happen or none does. Nested use joins; a failed inner part is undone alone."""
        with self._write():
            yield

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """All reads inside see the store at one moment, whatever others commit meanwhile. Writes are
        refused."""
        with self._read():
            yield

    # -- for the halves of the store

    @contextlib.contextmanager
    def _write(self) -> Iterator[Connection]:
        if self._read_only:
            raise StoreError("the store was opened for reading only")
        with self._connection().writing() as db:
            yield db

    @contextlib.contextmanager
    def _read(self) -> Iterator[Connection]:
        with self._connection().reading() as db:
            yield db

    def _connection(self) -> Connection:
        """This thread's connection; it closes by itself when the thread ends."""
        if self._closed:
            raise StoreError("the store is closed")
        mine: Connection | None = getattr(self._mine, "connection", None)
        if mine is None:
            mine = Connection(self._path, read_only=self._read_only)
            self._mine.connection = mine
            with self._guard:
                self._all.add(mine)
        return mine


def _create(home: Path, path: Path) -> None:
    """Make the home and an empty file for the owner alone, and take what others may do with the file away.

    An existing file is never opened here: closing it would drop the locks that SQLite holds on it in this
    process.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        for file in (path, path.with_name(f"{FILE_NAME}-wal"), path.with_name(f"{FILE_NAME}-shm")):
            with contextlib.suppress(FileNotFoundError):
                if file.stat().st_mode & 0o077:
                    file.chmod(0o600)
    except OSError as error:
        raise NotFound(f"the store cannot be created in AIRLOCK_HOME: {error.strerror}") from error
