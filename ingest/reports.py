"""What an ingest tells while it runs and when it is done. Paths, labels and figures, never document text."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from rag.policy.labels import Label, LabelSource
from rag.records import Source

FileStatus = Literal["added", "updated", "unchanged", "moved", "relabelled", "removed", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class FileReport:
    """What happened to one file. `label` is None for files that became no document; `bytes` is the file's
    size, `seconds` what reading it took."""

    path: str
    status: FileStatus
    reason: str
    label: Label | None
    label_source: LabelSource | None
    chunks: int
    bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class IngestReport:
    """One whole ingest. `unlabelled` counts the source's searchable documents that nobody labelled;
    `unknown_share` is the share, 0 to 1, of tokens the embedding model does not know; `guards` are the powers
    the parsers' process was without; `cancelled` True means the rest waits for the next ingest."""

    source: Source
    files: tuple[FileReport, ...]
    unlabelled: int
    unknown_share: float
    seconds: float
    guards: tuple[str, ...] = ()
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """Where an ingest stands. Only what has been committed counts as done. `bytes_total` counts files that
    must be read, `rate` is chunks per second over the last seconds, `seconds_left` None until it can be
    told."""

    files_done: int
    files_total: int
    bytes_done: int
    bytes_total: int
    current: str
    failed: int
    seconds: float
    rate: float
    seconds_left: float | None


class Meter:
    """Counts work and tells a listener about it, at most ten times a second."""

    EVERY_SECONDS = 0.1
    WINDOW_SECONDS = 10.0

    def __init__(
        self, listener: Callable[[Progress], None] | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._listener = listener
        self._clock = clock
        self._started = clock()
        self._told = float("-inf")
        self._marks: deque[tuple[float, int]] = deque([(self._started, 0)])
        self._chunks = 0
        self.files_done = self.files_total = self.bytes_done = self.bytes_total = self.failed = 0
        self.current = ""

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return self._clock() - self._started

    def expect(self, files: int, size: int) -> None:
        """Note work that has been found."""
        self.files_total += files
        self.bytes_total += size

    def embedded(self, chunks: int) -> None:
        """Note chunks that have their vectors."""
        self._chunks += chunks
        now = self._clock()
        self._marks.append((now, self._chunks))
        while len(self._marks) > 2 and now - self._marks[0][0] > self.WINDOW_SECONDS:
            self._marks.popleft()
        self.tell()

    def finished(self, *, failed: bool = False) -> None:
        """Note one file done."""
        self.files_done += 1
        self.failed += failed
        self.tell()

    def worked(self, size: int) -> None:
        """Note expected bytes that have been read, embedded and saved."""
        self.bytes_done += size

    def spared(self, size: int) -> None:
        """Note expected bytes that turned out to cost nothing: a rate that counted them would promise too
        much."""
        self.bytes_total -= size

    def tell(self, *, at_once: bool = False) -> None:
        """Tell the listener, unless it was told a moment ago."""
        now = self._clock()
        if self._listener is None or (not at_once and now - self._told < self.EVERY_SECONDS):
            return
        self._told = now
        self._listener(self.progress())

    def progress(self) -> Progress:
        """Where things stand now."""
        first, last = self._marks[0], self._marks[-1]
        span = self._clock() - first[0]
        return Progress(
            self.files_done,
            self.files_total,
            self.bytes_done,
            self.bytes_total,
            self.current,
            self.failed,
            self.seconds,
            (last[1] - first[1]) / span if span > 0 else 0.0,
            self._seconds_left(),
        )

    def _seconds_left(self) -> float | None:
        left = self.bytes_total - self.bytes_done
        if left <= 0:
            return 0.0 if self.files_total and self.files_done >= self.files_total else None
        if self.seconds < 1.0 or self.bytes_done * 50 < self.bytes_total:
            return None
        return left * self.seconds / self.bytes_done
