"""The one cancel token of an answer: a thread-safe switch that runs what was registered with it, once.

It owns no connection and knows no protocol; whoever opens one registers the way to cut it.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator


class Cancel:
    """Turned on once, never off; may be shared between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cancelled = False
        self._next = 0
        self._callbacks: dict[int, Callable[[], object]] = {}

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._cancelled

    def cancel(self) -> None:
        """Turn on and run every registered callback in this thread; later calls do nothing.

        A callback that raises keeps none of the others from running.
        """
        with self._lock:
            if self._cancelled:
                return
            self._cancelled = True
            callbacks = list(self._callbacks.values())
            self._callbacks.clear()
        for callback in callbacks:
            with contextlib.suppress(Exception):
                callback()

    def on_cancel(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Run `callback` when cancelled, at once if that has happened. Returns what takes it back."""
        with self._lock:
            key = self._next
            self._next += 1
            if not self._cancelled:
                self._callbacks[key] = callback
                return lambda: self._forget(key)
        with contextlib.suppress(Exception):
            callback()
        return lambda: None

    @contextlib.contextmanager
    def watched_by(self, callback: Callable[[], object]) -> Iterator[None]:
        """Keep `callback` registered while the block runs."""
        forget = self.on_cancel(callback)
        try:
            yield
        finally:
            forget()

    def _forget(self, key: int) -> None:
        with self._lock:
            self._callbacks.pop(key, None)
