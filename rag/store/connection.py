"""One thread's connection to SQLite: its settings, its transactions, its errors. Knows no table.

Raises only errors of `rag.errors`; SQLite's own messages never carry a value, so they may be shown.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import apsw

from rag.errors import Busy, Damaged, NotFound, StoreError

Row = tuple[Any, ...]

BUSY_MS = 10_000
"""How long a statement waits for another process's or thread's write, in milliseconds."""

_ERASE_BUSY_MS = 200
_LARGEST_IDLE_LOG = 64 * 1024 * 1024


class Connection:
    """A connection that belongs to one thread. Reads see one moment inside `reading`; writes need
    `writing`."""

    def __init__(self, path: Path, *, read_only: bool) -> None:
        """Open `path`, which must exist.

        Raises:
            NotFound: there is no store at `path`.
            StoreError: it cannot be opened.
        """
        flags = apsw.SQLITE_OPEN_READONLY if read_only else apsw.SQLITE_OPEN_READWRITE
        with _translated():
            self._sqlite = apsw.Connection(str(path), flags=flags)
        self._depth = 0
        self._writing = False
        self._erasing = False
        self._afterwards: list[Callable[[], None]] = []
        try:
            self._prepare(read_only)
        except BaseException:
            self.close()
            raise

    def _prepare(self, read_only: bool) -> None:
        self._sqlite.set_busy_timeout(BUSY_MS)
        for option in (apsw.SQLITE_DBCONFIG_DQS_DDL, apsw.SQLITE_DBCONFIG_DQS_DML):
            self._sqlite.config(option, 0)
        self._sqlite.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
        for pragma in (
            "foreign_keys = ON",
            "trusted_schema = OFF",
            "cell_size_check = ON",
            "temp_store = MEMORY",
        ):
            self.rows(f"PRAGMA {pragma}")
        if read_only:
            return
        self.rows("PRAGMA secure_delete = ON")
        self.rows(f"PRAGMA journal_size_limit = {_LARGEST_IDLE_LOG}")
        if self.value("PRAGMA journal_mode") != "wal":
            self.rows("PRAGMA journal_mode = WAL")
        self.rows("PRAGMA synchronous = FULL")

    # -- statements

    def rows(self, sql: str, *params: object) -> list[Row]:
        """All rows of a query."""
        with _translated():
            return list(self._sqlite.execute(sql, params))

    def row(self, sql: str, *params: object) -> Row | None:
        """The first row of a query, None when there is none."""
        found = self.rows(sql, *params)
        return found[0] if found else None

    def value(self, sql: str, *params: object) -> Any:
        """The first column of the first row, None when there is none."""
        found = self.row(sql, *params)
        return found[0] if found else None

    def stream(self, sql: str, *params: object) -> Iterator[Row]:
        """The rows of a query, fetched as they are asked for. Use within `reading`."""
        with _translated():
            yield from self._sqlite.execute(sql, params)

    def run(self, sql: str, *params: object) -> int:
        """Change rows; returns how many, cascades not counted."""
        self._must_write()
        with _translated():
            self._sqlite.execute(sql, params)
            return int(self._sqlite.changes())

    def run_many(self, sql: str, rows: Iterable[Row]) -> None:
        """Run one statement for each row of values."""
        self._must_write()
        with _translated():
            self._sqlite.executemany(sql, rows)

    def insert(self, sql: str, *params: object) -> int:
        """Insert one row and return its id."""
        self._must_write()
        with _translated():
            self._sqlite.execute(sql, params)
            return int(self._sqlite.last_insert_rowid())

    def _must_write(self) -> None:
        # SQLite undoes a whole transaction by itself on a full disk; what follows must not commit alone.
        if not (self._writing and self._sqlite.in_transaction):
            raise StoreError("a write outside a transaction, or after SQLite undid the transaction")

    # -- transactions

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """All or nothing. Nested use joins the outer transaction; a nested failure undoes its own part only.

        Raises:
            Busy: another process or thread kept writing for longer than `BUSY_MS`.
        """
        if self._depth and not self._writing:
            raise StoreError("a write was asked for inside reading()")
        self._depth += 1
        try:
            if self._depth == 1:
                with self._outermost():
                    yield self
            else:
                with self._nested(f"level_{self._depth}"):
                    yield self
        finally:
            self._depth -= 1
        if not self._depth:
            self._finish()

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """Every read inside sees the store as it was at one moment. Inside `writing` it joins."""
        if self._depth:
            yield self
            return
        self.rows("BEGIN")
        self._depth = 1
        try:
            self.rows("SELECT 1 FROM sqlite_schema LIMIT 1")  # BEGIN alone takes no snapshot yet
            yield self
        finally:
            self._depth = 0
            if self._sqlite.in_transaction:
                self.rows("ROLLBACK")

    @contextlib.contextmanager
    def _outermost(self) -> Iterator[None]:
        self.rows("BEGIN IMMEDIATE")
        self._writing = True
        self._afterwards.clear()
        try:
            yield
            self._must_write()
            self.rows("COMMIT")
        except BaseException:
            if self._sqlite.in_transaction:
                self.rows("ROLLBACK")
            raise
        finally:
            self._writing = False

    @contextlib.contextmanager
    def _nested(self, name: str) -> Iterator[None]:
        self._must_write()
        self.rows(f"SAVEPOINT {name}")
        try:
            yield
        except BaseException:
            if self._sqlite.in_transaction:
                self.rows(f"ROLLBACK TO {name}")
                self.rows(f"RELEASE {name}")
            raise
        self._must_write()
        self.rows(f"RELEASE {name}")

    # -- after the commit

    def after_commit(self, action: Callable[[], None]) -> None:
        """Call `action` once the current transaction is committed; not when it is undone."""
        self._afterwards.append(action)

    def _finish(self) -> None:
        if self._erasing:
            self._erase_log()
        while self._afterwards:
            self._afterwards.pop()()

    def mark_erased(self) -> None:
        """Remember that the current transaction removes text, so that the log is emptied after its commit."""
        self._erasing = True

    def _erase_log(self) -> None:
        """Move the log into the file, whose freed pages are zeroed, and cut the log to nothing.

        A reader that still needs the log puts this off until the next write that erases, or the last close.
        """
        self._sqlite.set_busy_timeout(_ERASE_BUSY_MS)
        try:
            busy = self.value("PRAGMA wal_checkpoint(TRUNCATE)")
            self._erasing = bool(busy)
        except StoreError:
            pass  # the transaction is committed: what was asked for is done, and the log goes later
        finally:
            self._sqlite.set_busy_timeout(BUSY_MS)

    def close(self) -> None:
        """Close; a connection in use by its thread at this moment closes when that thread lets go of it."""
        with contextlib.suppress(apsw.Error):
            self._sqlite.close()


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """Turn SQLite's errors into ours."""
    try:
        yield
    except (apsw.BusyError, apsw.LockedError) as error:
        raise Busy("another process is writing to the store") from error
    except (apsw.CorruptError, apsw.NotADBError) as error:
        raise Damaged(f"store.db is damaged or is no store: {error}") from error
    except apsw.CantOpenError as error:
        raise NotFound("there is no store in this home yet, or it may not be opened") from error
    except apsw.FullError as error:
        raise StoreError("the disk is full; nothing of the last change was kept") from error
    except apsw.ConnectionClosedError as error:
        raise StoreError("the store is closed") from error
    except apsw.Error as error:
        raise StoreError(f"SQLite refused: {type(error).__name__}: {error}") from error
    except UnicodeEncodeError as error:
        raise StoreError(f"a text of {len(error.object)} characters is not valid Unicode") from error
