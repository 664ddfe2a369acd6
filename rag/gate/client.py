"""The inside's end of the gate's socket: asks with ids, yields the pieces that come back. Holds no key."""

from __future__ import annotations

import http.client
import socket  # noqa: TID251  speaks to the gate's unix socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from rag.cancel import Cancel
from rag.errors import CutShort, ModelError, TimedOut, Unreachable
from rag.gate.wire import (
    MAX_LINE_BYTES,
    Ended,
    GateRequest,
    GateStatus,
    decode_line,
    decode_status,
    encode_request,
)
from rag.records import Piece, TextPiece

STATUS_SECONDS = 10.0
"""How long a status may take; a gate that has just started needs about one, more on a busy machine."""
STATUS_KEPT_SECONDS = 5.0
ANSWER_SECONDS = 900.0
"""Silence on the socket after which the gate counts as dead; its own deadlines are far shorter."""


class GateClient:
    """Speaks to one gate; safe to use from several threads, one connection per call."""

    def __init__(self, socket_path: Path) -> None:
        self._path = socket_path
        self._lock = threading.Lock()
        self._status: GateStatus | None = None
        self._status_until = 0.0

    def status(self) -> GateStatus:
        """What the gate would ask and whether it can; remembered for a few seconds; never raises."""
        with self._lock:
            if self._status is not None and time.monotonic() < self._status_until:
                return self._status
            try:
                status = self._ask_status()
            except (OSError, http.client.HTTPException, ModelError):
                status = GateStatus("", "", "", ready=False, why="unreachable")
            self._status, self._status_until = status, time.monotonic() + STATUS_KEPT_SECONDS
            return status

    def stream(self, request: GateRequest, cancel: Cancel) -> Iterator[Piece]:
        """Ask for one answer and yield its pieces as they come; ends quietly when cancelled.

        Raises:
            EgressRefused: the gate's judge forbids it (`LabelTooHigh` when a label does); nothing was sent.
            ModelError: the provider failed, or the gate is not there.
            CutShort: the answer broke off.
        """
        connection = _UnixConnection(self._path, ANSWER_SECONDS)
        started = False
        try:
            connection.connect()
            cancel.on_cancel(connection.shut_down)
            for piece in _exchange(connection, request):
                started = started or isinstance(piece, TextPiece)
                yield piece
        except (OSError, http.client.HTTPException) as error:
            if cancel.cancelled:
                return
            raise _explain(error, started) from error
        except CutShort:
            if not cancel.cancelled:
                raise
        finally:
            connection.shut_down()
            connection.close()

    def _ask_status(self) -> GateStatus:
        connection = _UnixConnection(self._path, STATUS_SECONDS)
        try:
            connection.request("GET", "/status")
            return decode_status(connection.getresponse().read(MAX_LINE_BYTES))
        finally:
            connection.close()


def _exchange(connection: _UnixConnection, request: GateRequest) -> Iterator[Piece]:
    connection.request("POST", "/answer", body=encode_request(request), headers={"Content-Type": "application/json"})
    response = connection.getresponse()
    with suppress(Ended):
        while line := response.readline(MAX_LINE_BYTES):
            yield decode_line(line)
        raise CutShort("the gate's answer broke off")


def _explain(error: Exception, started: bool) -> ModelError:
    if started:
        return CutShort("the connection to the gate broke off")
    if isinstance(error, TimeoutError):
        return TimedOut("the gate did not answer in time")
    return Unreachable("the gate cannot be reached")


class _UnixConnection(http.client.HTTPConnection):
    """HTTP/1.1 over a unix socket."""

    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("gate", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """Open the socket.

        Raises:
            OSError: nobody listens there.
        """
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))

    def shut_down(self) -> None:
        """End both directions at once; a thread waiting in a read returns. Safe from any thread."""
        with suppress(OSError, AttributeError):
            self.sock.shutdown(socket.SHUT_RDWR)
