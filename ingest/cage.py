"""Runs the parsers in a caged child process that is reused between files and replaced when it fails.

The parent opens the file and sends its bytes, so the child needs no access to any file. Nothing the child
says is trusted beyond its shape.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from ingest.records import ParsedDocument
from ingest.wire import HEADER, MAX_HEAD, decode_document, decode_error, encode_frame
from rag.config import Ingest
from rag.errors import ConfigError, ParserKilled, TooLarge, Unreadable

CHILD = (sys.executable, "-P", "-s", "-B", "-m", "ingest.caged")
START_SECONDS = 60.0
FILES_PER_CHILD = 500
_MEBIBYTE = 1024 * 1024


class Cage:
    """A parser's process, started when first needed. Not thread-safe: one thread parses at a time."""

    def __init__(self, settings: Ingest) -> None:
        self._settings = settings
        self._child: _Child | None = None
        self._guards: Mapping[str, bool] = {}
        self._aborted = threading.Event()

    def __enter__(self) -> Cage:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def guards(self) -> Mapping[str, bool]:
        """Which guards hold in the child (`network`, `privileges`, `memory`, `files`); empty before the
        first start."""
        return self._guards

    def start(self) -> None:
        """Start the child now, so that it gets ready while the caller does something else.

        Raises:
            ParserKilled: `abort` was called.
        """
        if self._aborted.is_set():
            raise ParserKilled("the ingest was stopped")
        if self._child is None:
            self._child = _Child(self._settings.parse_megabytes * _MEBIBYTE)

    def parse(self, path: Path) -> ParsedDocument:
        """Read the file at `path`.

        Raises:
            ConfigError: the parsers' process does not start at all, which is no file's fault.
            Unreadable: the file cannot be opened, or its parser says why it cannot be read.
            TooLarge: it is over max_file_megabytes, or unpacks to more than a parser's limit.
            ParserKilled: the parser crashed, hung or ran out of memory.
        """
        return self.parse_bytes(read_file(path, self._settings.max_file_megabytes * _MEBIBYTE), path.name)

    def parse_bytes(self, data: bytes, name: str) -> ParsedDocument:
        """Read `data`, the content of a file called `name`. Raises as `parse` does.

        A child that has read other files before may have been harmed by them, so only a fresh one's crash is
        held against this file. A hang always is.
        """
        worn = self._child is not None and self._child.files > 0
        try:
            return self._ask(data, name)
        except _Hung as error:
            raise ParserKilled(str(error)) from None
        except ParserKilled:
            if not worn or self._aborted.is_set():
                raise
            return self._ask(data, name)

    def abort(self) -> None:
        """From another thread: kill the child at once and start no other. A running `parse` raises
        ParserKilled."""
        self._aborted.set()
        child = self._child
        if child is not None:
            child.kill()

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.end()
            self._child = None

    def _ask(self, data: bytes, name: str) -> ParsedDocument:
        self.start()
        child = self._child
        assert child is not None
        try:
            self._guards = child.wait_ready()
        except ParserKilled as error:
            self.close()
            if self._aborted.is_set():
                raise
            raise ConfigError(f"the parsers' process does not start: {error}") from None
        try:
            reply = child.ask(data, name, self._settings.parse_seconds)
            if "document" in reply:
                document = decode_document(reply["document"])
                if child.files >= FILES_PER_CHILD:
                    self.close()
                return document
            refusal = decode_error(reply)
        except ParserKilled:
            self.close()
            raise
        if isinstance(refusal, ParserKilled):
            self.close()
            raise ParserKilled(f"{refusal} of {self._settings.parse_megabytes} MiB")
        raise refusal


class _Hung(ParserKilled):
    """The time limit passed. The same document in a fresh process would only hang again."""


class _Child:
    """One process and its two pipes."""

    def __init__(self, memory_bytes: int) -> None:
        self.files = 0
        self._guards: Mapping[str, bool] | None = None
        self._started = time.monotonic()
        self._process = subprocess.Popen(
            [*CHILD, str(memory_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={
                "PYTHONPATH": str(Path(__file__).resolve().parent.parent),
                "PYTHONUTF8": "1",
                "LC_ALL": "C.UTF-8",
            },
            cwd="/",
            close_fds=True,
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in, self._out = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._in, False)
        os.set_blocking(self._out, False)

    def wait_ready(self) -> Mapping[str, bool]:
        """Wait for the child's first words, its guards."""
        if self._guards is None:
            reply = self._exchange(b"", self._started + START_SECONDS)
            self._guards = {str(name): value is True for name, value in dict(reply.get("guards", {})).items()}
        return self._guards

    def ask(self, data: bytes, name: str, seconds: float) -> dict[str, Any]:
        """Send one document and wait for the reply.

        Raises:
            ParserKilled: the child died, said nonsense, or took longer than `seconds`.
        """
        self.files += 1
        hint = name.encode("utf-8", "replace").decode()
        return self._exchange(encode_frame({"name": hint, "seconds": seconds}, data), time.monotonic() + seconds)

    def kill(self) -> None:
        """Kill the process, without waiting."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    def end(self) -> None:
        """Kill the process and wait until it is gone."""
        self.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()
        self._process.wait()

    def _exchange(self, frame: bytes, deadline: float) -> dict[str, Any]:
        """Write `frame` while reading one frame back, so that neither side can block the other."""
        unsent = memoryview(frame)
        received = bytearray()
        expected = HEADER.size
        with selectors.DefaultSelector() as selector:
            selector.register(self._out, selectors.EVENT_READ)
            if unsent:
                selector.register(self._in, selectors.EVENT_WRITE)
            while len(received) < expected:
                ready = selector.select(max(0.0, deadline - time.monotonic()))
                if not ready:
                    raise _Hung("the parser took longer than it may and was stopped")
                for key, _ in ready:
                    if key.fd == self._in:
                        unsent = self._send(unsent)
                        if not unsent:
                            selector.unregister(self._in)
                    else:
                        received += self._receive(min(expected - len(received), _MEBIBYTE))
                if expected == HEADER.size == len(received):
                    expected += _reply_length(received)
        try:
            reply = json.loads(received[HEADER.size :])
        except ValueError:
            raise ParserKilled("the parser's reply made no sense") from None
        if not isinstance(reply, dict):
            raise ParserKilled("the parser's reply made no sense")
        return reply

    def _send(self, unsent: memoryview) -> memoryview:
        try:
            return unsent[os.write(self._in, unsent[:_MEBIBYTE]) :]
        except BlockingIOError:
            return unsent
        except OSError:
            raise self._explain_death() from None

    def _receive(self, wanted: int) -> bytes:
        data = os.read(self._out, wanted)
        if not data:
            raise self._explain_death()
        return data

    def _explain_death(self) -> ParserKilled:
        try:
            code = self._process.wait(5)
        except subprocess.TimeoutExpired:
            return ParserKilled("the parser closed its pipe")
        if code == -24:  # SIGXCPU
            return _Hung("the parser used more processor time than it may and was stopped")
        return ParserKilled(f"the parser crashed ({f'signal {-code}' if code < 0 else f'exit code {code}'})")


def _reply_length(header: bytearray) -> int:
    head, body = HEADER.unpack(bytes(header))
    if head > MAX_HEAD or body:
        raise ParserKilled("the parser's reply made no sense")
    return int(head)


def read_file(path: Path, most: int) -> bytes:
    """The bytes of a regular file, without following a link at its last step and without blocking on a pipe.

    Raises:
        Unreadable: it cannot be opened or is no regular file.
        TooLarge: it holds more than `most` bytes.
    """
    with _open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            raise TooLarge(f"the file has {size // _MEBIBYTE:,} MiB; max_file_megabytes allows {most // _MEBIBYTE:,}")
        data = _read(file, most + 1)
    if len(data) > most:
        raise TooLarge(f"the file grew over the {most // _MEBIBYTE:,} MiB that max_file_megabytes allows")
    return data


def read_head(path: Path, length: int) -> bytes:
    """The first `length` bytes of a regular file. Raises Unreadable as `read_file` does."""
    with _open_regular(path) as file:
        return _read(file, length)


def _open_regular(path: Path) -> BinaryIO:
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        raise Unreadable(f"the file cannot be opened ({os.strerror(error.errno or 0)})") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Unreadable("this is not a regular file")
    return os.fdopen(descriptor, "rb")


def _read(file: BinaryIO, length: int) -> bytes:
    try:
        return file.read(length)
    except OSError as error:
        raise Unreadable(f"the file cannot be read ({os.strerror(error.errno or 0)})") from None


if __name__ == "__main__":
    from ingest.caged import main

    main(int(sys.argv[1]))
