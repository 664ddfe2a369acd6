"""One call of a local model: a reader thread, deadlines and Stop around whatever an adapter yields.

The reader blocks on the server; the caller never does. So Stop takes effect at once even while a model loads,
and a deadline holds whatever a client library does. It knows no protocol.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

from rag.cancel import Cancel
from rag.config import Local
from rag.errors import CutShort, ModelError, TimedOut
from rag.models.wire import Upstream
from rag.records import Piece, ProgressPiece, TextPiece

LOADING_AFTER_SECONDS = 1.5
_LOADING = ProgressPiece("loading_model")


class Sign(Enum):
    """What a reader reports besides pieces."""

    ALIVE = "alive"  # something came that is not shown
    THINKING = "thinking"  # the model thinks; said once
    CANCELLED = "cancelled"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class _Failed:
    error: BaseException


_Item = Piece | Sign | _Failed
Reader = Callable[[Upstream], Iterator[Piece | Sign]]


def stream_call(read: Reader, limits: Local, cancel: Cancel) -> Iterator[Piece]:
    """Yield what `read` yields, read in a thread of its own; ends quietly when cancelled.

    A `loading_model` progress piece comes first when the server is silent for 1.5 s.

    Raises:
        TimedOut: nothing came within `first_token_seconds`.
        CutShort: the server fell silent for `silence_seconds` after it had begun.
        AirlockError: what `read` raised.
    """
    upstream = Upstream()
    items: queue.SimpleQueue[_Item] = queue.SimpleQueue()

    def stop() -> None:
        upstream.cut()
        items.put(Sign.CANCELLED)

    reader = threading.Thread(target=_read_into, args=(read, upstream, items), name="local-model", daemon=True)
    with cancel.watched_by(stop):
        try:
            if not cancel.cancelled:
                reader.start()
                yield from _hand_on(items, limits, cancel)
        finally:
            upstream.cut()  # whatever way this ends, the server stops working for nobody


def _read_into(read: Reader, upstream: Upstream, items: queue.SimpleQueue[_Item]) -> None:
    pieces = read(upstream)
    try:
        for piece in pieces:
            items.put(piece)
            if upstream.cut_off:
                break
    except BaseException as error:
        items.put(_Failed(error))
    else:
        items.put(Sign.ENDED)


def _hand_on(items: queue.SimpleQueue[_Item], limits: Local, cancel: Cancel) -> Iterator[Piece]:
    started = time.monotonic()
    deadline = started + limits.first_token_seconds
    begun = False
    told: set[Piece] = set()
    while True:
        now = time.monotonic()
        wait = deadline - now
        if not begun and _LOADING not in told:
            wait = min(wait, started + LOADING_AFTER_SECONDS - now)
        try:
            item = items.get(timeout=max(wait, 0.0))
        except queue.Empty:
            if time.monotonic() >= deadline:
                raise _late(limits, begun) from None
            told.add(_LOADING)
            yield _LOADING
            continue
        if cancel.cancelled or item is Sign.ENDED:
            return
        if isinstance(item, _Failed):
            raise item.error
        if isinstance(item, TextPiece) or item in (Sign.ALIVE, Sign.THINKING):
            begun = True
            deadline = time.monotonic() + limits.silence_seconds
        piece = ProgressPiece("thinking") if item is Sign.THINKING else item
        if isinstance(piece, Sign) or piece in told:
            continue
        if isinstance(piece, ProgressPiece):
            told.add(piece)
        yield piece


def _late(limits: Local, begun: bool) -> ModelError:
    if begun:
        return CutShort(f"the local model fell silent for {limits.silence_seconds:g} seconds")
    return TimedOut(f"the local model sent nothing within {limits.first_token_seconds:g} seconds")
