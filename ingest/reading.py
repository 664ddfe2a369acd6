"""Reads and parses files ahead of the embedding, in a thread of its own with a small bounded queue."""

from __future__ import annotations

import contextlib
import hashlib
import queue
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from types import TracebackType

from ingest.cage import Cage, read_file, read_head
from ingest.labelling import Labeller
from ingest.parsers.detect import HEAD_BYTES, explain_unsupported
from ingest.plan import Task
from ingest.records import ParsedDocument
from rag.errors import AirlockError, IngestError, Unsupported
from rag.records import Document

AHEAD = 4
"""Files parsed before the embedding has taken them; more would only cost memory."""

_MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Read:
    """One file read. Exactly one of these holds: `parsed` is there; `error` says why not; or neither, because
    the content is that of the document `same`, at this path or moved from another."""

    task: Task
    content_hash: str
    parsed: ParsedDocument | None
    error: IngestError | None
    same: Document | None
    seconds: float


class Reader:
    """Hands out tasks' results in order while reading ahead. Use as a context manager."""

    def __init__(
        self, cage: Cage, tasks: Sequence[Task], gone: Sequence[Document], labeller: Labeller, most_bytes: int
    ) -> None:
        self._cage = cage
        self._tasks = tasks
        self._labeller = labeller
        self._most = most_bytes
        self._gone: dict[str, Document] = {
            document.content_hash: document for document in gone if document.content_hash
        }
        self._queue: queue.Queue[Read | AirlockError | None] = queue.Queue(AHEAD)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ingest-reader", daemon=True)

    def __enter__(self) -> Reader:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._cage.abort()
        while self._thread.is_alive():
            with contextlib.suppress(queue.Empty):
                self._queue.get(timeout=0.05)
            self._thread.join(0.01)

    @property
    def waiting(self) -> bool:
        """Whether the next result is not there yet."""
        return self._queue.empty()

    def results(self) -> Iterator[Read]:
        """Every task's result, in order.

        Raises:
            ConfigError: the parsers' process does not start.
        """
        while (item := self._queue.get()) is not None:
            if isinstance(item, AirlockError):
                raise item
            yield item

    def _run(self) -> None:
        try:
            for task in self._tasks:
                if self._stop.is_set():
                    return
                self._put(self._read(task))
            self._put(None)
        except AirlockError as error:
            self._put(error)
        except Exception as error:  # the reader must never leave the other thread waiting
            self._put(AirlockError(f"reading stopped with {type(error).__name__}"))

    def _put(self, item: Read | AirlockError | None) -> None:
        while not self._stop.is_set():
            with contextlib.suppress(queue.Full):
                self._queue.put(item, timeout=0.1)
                return

    def _read(self, task: Task) -> Read:
        started = time.monotonic()
        content_hash = ""
        parsed: ParsedDocument | None = None
        error: IngestError | None = None
        same: Document | None = None
        try:
            reason = _explain_head(task)
            if reason:
                raise Unsupported(reason)
            data = read_file(task.file.absolute, self._most)
            content_hash = hashlib.sha256(data).hexdigest()
            same = self._find_same(task, content_hash)
            if same is None or self._must_parse(task, same):
                parsed = self._cage.parse_bytes(data, PurePosixPath(task.file.path).name)
        except IngestError as raised:
            error = raised
        return Read(task, content_hash, parsed, error, same, time.monotonic() - started)

    def _find_same(self, task: Task, content_hash: str) -> Document | None:
        """The stored document with this content: the one at this path, or one whose file has gone from
        elsewhere."""
        if task.known is not None:
            return task.known if task.known.content_hash == content_hash else None
        moved = self._gone.get(content_hash)
        if moved is None or PurePosixPath(moved.path).suffix != PurePosixPath(task.file.path).suffix:
            return None
        return self._gone.pop(content_hash)

    def _must_parse(self, task: Task, same: Document) -> bool:
        """Whether a document that has not changed must be parsed all the same, to learn its label or to try
        again."""
        if task.known is not None:
            return task.parse_anyway or not task.known.chunks
        return self._labeller.check(task.file.path, same)


def _explain_head(task: Task) -> str:
    """Why the file is no document, judged by its first bytes alone, so that a film is not read to its end."""
    if task.file.size <= _MEBIBYTE:
        return ""
    head = read_head(task.file.absolute, HEAD_BYTES)
    return (
        "" if head.startswith((b"PK", b"\xd0\xcf")) else explain_unsupported(head, PurePosixPath(task.file.path).name)
    )
