"""The launcher's children: how each is started, watched, restarted and ended. Knows not what they do."""

from __future__ import annotations

import json
import os
import select
import signal
import socket  # noqa: TID251  the launcher binds the sockets its children serve
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import FrameType

from web.cage import die_with, enter_empty_network, hide_memory, map_ids, why_memory_is_open

INTERRUPT_GRACE_SECONDS = 2.0
"""A terminal's Ctrl-C reaches the inside by itself; SIGTERM follows only when it has not ended by then."""
INSIDE_GRACE_SECONDS = 3.5
HELPER_GRACE_SECONDS = 1.0
MOST_RESTARTS = 5
FIRST_DELAY_SECONDS = 0.2
STEADY_SECONDS = 60.0
CONFIG_EXIT_CODE = 2

_SIGNALS = (
    (signal.SIGTERM, signal.SIGINT, signal.SIGHUP) if hasattr(signal, "SIGHUP") else (signal.SIGTERM, signal.SIGINT)
)


@dataclass(frozen=True, slots=True)
class Program:
    """What a child runs: a module of ours, its arguments, its whole environment, descriptors it inherits."""

    module: str
    arguments: tuple[str, ...]
    environment: dict[str, str]
    descriptors: tuple[int, ...] = ()

    @property
    def command(self) -> list[str]:
        """The command line; `-X` options of this interpreter are passed on."""
        options = [f"-X{name}" if value is True else f"-X{name}={value}" for name, value in sys._xoptions.items()]
        return [sys.executable, *options, "-m", self.module, *self.arguments]


def start_helper(program: Program) -> int:
    """Start a child in a session of its own, so that Ctrl-C does not end it early; returns its pid."""
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        _become(program, parent, _leave_terminal)
    return pid


def _leave_terminal() -> None:
    """Own session, and no standard input or output: what a command prints is the inside's alone."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)


def start_inside(program: Program, guards: list[dict[str, object]], *, strict: bool) -> int:
    """Start the inside in an empty network, telling it which guards are in force; returns its pid.

    With `strict` the child refuses to run where the network could not be taken away.
    """
    ready_read, ready_write = os.pipe()
    mapped_read, mapped_write = os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:

        def prepare() -> None:
            os.close(ready_read)
            os.close(mapped_write)
            why = enter_empty_network(mapped_read, ready_write)
            if why and strict:
                sys.stderr.write(f"airlock: strict: the network could not be taken away ({why})\n")
                sys.stderr.flush()
                os._exit(CONFIG_EXIT_CODE)
            memory = why_memory_is_open(parent)
            found = [
                {"name": "namespace", "in_force": not why, "why": why},
                {"name": "memory", "in_force": not memory, "why": memory},
                *guards,
            ]
            program.environment["AIRLOCK_DOOR_GUARDS"] = json.dumps(found)

        _become(program, parent, prepare)
    os.close(ready_write)
    os.close(mapped_read)
    try:
        if os.read(ready_read, 1) == b"u":
            with suppress(OSError):  # unmapped ids show in the child, which then cannot start
                map_ids(pid)
        hide_memory()  # not earlier: the child must still be one whose id maps may be written
    finally:
        os.close(ready_read)
        os.close(mapped_write)
    return pid


def _become(program: Program, parent: int, prepare: Callable[[], object]) -> None:
    """In the child: prepare, tie to the parent, exec. Never returns."""
    try:
        signal.set_wakeup_fd(-1)
        for number in (*_SIGNALS, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        prepare()
        die_with(parent)
        for descriptor in program.descriptors:
            os.set_inheritable(descriptor, True)
        os.execve(sys.executable, program.command, program.environment)
    except BaseException as error:
        with suppress(BaseException):
            os.write(2, f"airlock: cannot start {program.module}: {error}\n".encode())
    finally:
        os._exit(127)


@dataclass(slots=True)
class Helper:
    """A child that is started again when it dies. When it is given up its sockets close: callers see that."""

    name: str
    program: Program
    sockets: Sequence[socket.socket]
    pid: int = 0
    started: float = 0.0
    restarts: int = 0
    due: float | None = None

    def start(self) -> None:
        """Start it, now."""
        self.pid, self.started, self.due = start_helper(self.program), time.monotonic(), None

    def note_end(self, code: int) -> None:
        """Plan a restart with a growing delay, or give up."""
        self.pid = 0
        if time.monotonic() - self.started > STEADY_SECONDS:
            self.restarts = 0
        if code == CONFIG_EXIT_CODE or self.restarts >= MOST_RESTARTS:
            _say(f"the {self.name} has ended ({code}) and is not started again")
            for listening in self.sockets:
                listening.close()
            return
        self.due = time.monotonic() + FIRST_DELAY_SECONDS * 2**self.restarts
        self.restarts += 1


@dataclass(slots=True)
class Household:
    """Everything that runs. `watch` returns the inside's exit code; `end` leaves nobody behind."""

    helpers: list[Helper] = field(default_factory=list)
    inside: int = 0
    _asked: list[int] = field(default_factory=list)
    _stop_at: float | None = None
    _kill_at: float | None = None

    def watch(self, inside: int) -> int:
        """Wait for the inside; restart helpers; pass signals on. Returns 128 + n when signal n ended it."""
        self.inside = inside
        wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC) if hasattr(os, "pipe2") else _nonblocking_pipe()
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        for number in (*_SIGNALS, signal.SIGCHLD):
            signal.signal(number, self._note)
        try:
            while True:
                if (code := self._reap()) is not None:
                    return code
                self._pass_on_signals()
                self._start_due()
                select.select([wake_read], [], [], self._patience())
                with suppress(BlockingIOError):
                    os.read(wake_read, 4096)
        finally:
            signal.set_wakeup_fd(-1)
            os.close(wake_read)
            os.close(wake_write)

    def end(self) -> None:
        """End every child that is left, the inside first."""
        pids = [pid for pid in (self.inside, *(helper.pid for helper in self.helpers)) if pid]
        for pid in pids:
            _send(pid, signal.SIGTERM)
        deadline = time.monotonic() + HELPER_GRACE_SECONDS
        for pid in pids:
            while not _has_ended(pid):
                if time.monotonic() > deadline:
                    _send(pid, signal.SIGKILL)
                time.sleep(0.01)

    def _note(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002  a signal handler's shape
        if number != signal.SIGCHLD:
            self._asked.append(number)

    def _pass_on_signals(self) -> None:
        now = time.monotonic()
        if self._asked:
            interrupted = self._asked[-1] == signal.SIGINT
            self._asked.clear()
            if self._kill_at is None:
                self._stop_at = now + (INTERRUPT_GRACE_SECONDS if interrupted else 0.0)
                self._kill_at = now + INSIDE_GRACE_SECONDS
        if self._stop_at is not None and now >= self._stop_at:
            _send(self.inside, signal.SIGTERM)
            self._stop_at = None
        if self._kill_at is not None and now >= self._kill_at:
            _send(self.inside, signal.SIGKILL)

    def _reap(self) -> int | None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return 1
            if pid == 0:
                return None
            code = os.waitstatus_to_exitcode(status)
            if pid == self.inside:
                self.inside = 0
                return code if code >= 0 else 128 - code
            for helper in self.helpers:
                if helper.pid == pid:
                    helper.note_end(code)

    def _start_due(self) -> None:
        for helper in self.helpers:
            if helper.due is not None and time.monotonic() >= helper.due and self._kill_at is None:
                helper.start()

    def _patience(self) -> float | None:
        times = [self._stop_at, self._kill_at, *(helper.due for helper in self.helpers)]
        waiting = [at for at in times if at is not None]
        return max(0.005, min(waiting) - time.monotonic()) if waiting else None


def _nonblocking_pipe() -> tuple[int, int]:
    ends = os.pipe()
    for end in ends:
        os.set_blocking(end, False)
    return ends


def _send(pid: int, number: int) -> None:
    if pid:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _has_ended(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True


def _say(text: str) -> None:
    print(f"airlock: {text}", file=sys.stderr, flush=True)
