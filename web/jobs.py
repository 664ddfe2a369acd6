"""Ingest started from the page: one child process at a time, followed by its progress. Reads no document."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rag.errors import Busy
from rag.policy.labels import Label


@dataclass(frozen=True, slots=True)
class Job:
    """A folder to ingest. `label` None leaves it to the folder; `name` None names it after the folder."""

    folder: Path
    label: Label | None = None
    name: str | None = None
    sample: bool = False

    def arguments(self) -> list[str]:
        """What `python -m ingest` is told."""
        arguments = ["--json-progress"]
        if self.label is not None:
            arguments += ["--label", self.label.word, "--label-source", "page"]
        if self.name is not None:
            arguments += ["--name", self.name]
        if self.sample:
            arguments.append("--sample")
        return [*arguments, "--", str(self.folder)]


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the newest ingest stands. `error` is one line when the whole run failed."""

    running: bool
    folder: str
    files_done: int = 0
    files_total: int = 0
    bytes_done: int = 0
    bytes_total: int = 0
    current: str = ""
    failed: int = 0
    rate: float = 0.0
    seconds_left: float | None = None
    error: str = ""


class IngestJobs:
    """Runs ingests one after the other, each in a child process that has no network. Thread-safe."""

    def __init__(self, command: Sequence[str] = (sys.executable, "-m", "ingest")) -> None:
        self._command = tuple(command)
        self._lock = threading.Lock()
        self._waiting: deque[Job] = deque()
        self._progress: Progress | None = None
        self._child: subprocess.Popen[str] | None = None
        self._closed = False

    def start(self, job: Job) -> None:
        """Ingest `job` now, or after the one that runs.

        Raises:
            Busy: very many already wait.
        """
        with self._lock:
            if len(self._waiting) >= 20:
                raise Busy("20 folders already wait to be ingested; try again when they are done")
            self._waiting.append(job)
            if self._progress is not None and self._progress.running:
                return
            self._progress = Progress(running=True, folder=str(job.folder))
        threading.Thread(target=self._run_all, name="ingest", daemon=True).start()

    def progress(self) -> Progress | None:
        """The running or last ingest, None before the first."""
        with self._lock:
            return self._progress

    def close(self) -> None:
        """End a running child; what it committed stays, the rest is done by the next ingest."""
        with self._lock:
            self._closed = True
            self._waiting.clear()
            child = self._child
        if child is not None:
            child.terminate()
            try:
                child.wait(5)
            except subprocess.TimeoutExpired:
                child.kill()

    def _run_all(self) -> None:
        while True:
            with self._lock:
                if self._closed or not self._waiting:
                    if self._progress is not None:
                        self._progress = replace(self._progress, running=False, current="")
                    return
                job = self._waiting.popleft()
                self._progress = Progress(running=True, folder=str(job.folder))
            error = self._run(job)
            with self._lock:
                self._progress = replace(self._progress, error=error)

    def _run(self, job: Job) -> str:
        """Run one child to its end; returns its error line, empty when it did its work."""
        try:
            child = subprocess.Popen(
                [*self._command, *job.arguments()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                errors="replace",
            )
        except OSError as error:
            return f"ingest could not be started: {error.strerror}"
        with self._lock:
            self._child = child
            if self._closed:
                child.terminate()
        errors: deque[str] = deque(maxlen=20)
        reader = threading.Thread(target=_drain, args=(child, errors), daemon=True)
        reader.start()
        assert child.stdout is not None
        with child.stdout:
            for line in child.stdout:
                self._note(line)
        code = child.wait()
        reader.join()
        with self._lock:
            self._child = None
        return "" if code in (0, 3) else (errors[-1] if errors else f"ingest ended with code {code}")

    def _note(self, line: str) -> None:
        """Take one line of progress; a line that is none is passed over."""
        try:
            data = json.loads(line)
        except ValueError:
            return
        if not isinstance(data, Mapping) or "files_done" not in data:
            return
        with self._lock:
            if self._progress is not None:
                self._progress = _updated(self._progress, data)


def _updated(progress: Progress, data: Mapping[str, Any]) -> Progress:
    left = data.get("seconds_left")
    return replace(
        progress,
        files_done=int(data["files_done"]),
        files_total=int(data.get("files_total", 0)),
        bytes_done=int(data.get("bytes_done", 0)),
        bytes_total=int(data.get("bytes_total", 0)),
        current=str(data.get("current", "")),
        failed=int(data.get("failed", 0)),
        rate=float(data.get("rate") or 0.0),
        seconds_left=None if left is None else float(left),
    )


def _drain(child: subprocess.Popen[str], lines: deque[str]) -> None:
    assert child.stderr is not None
    with child.stderr:
        lines.extend(line.strip() for line in child.stderr if line.strip())
