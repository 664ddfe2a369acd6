"""The password session: who has signed in, and how often one may try. Keeps nothing on disk.

Signed-in browsers are remembered in memory only, so a restart signs everybody out and a sign-out is final.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import secrets
import threading
import time
from collections.abc import Callable

LIFETIME_SECONDS = 12 * 3600.0
FREE_TRIES = 5
LONGEST_WAIT = 300.0
TRACKED_ADDRESSES = 1000


class Sessions:
    """Checks the password and holds the ids of browsers that gave it. Thread-safe.

    Attributes:
        cookie: name of the cookie that carries the id; differs between stores, because a browser shares
            cookies between ports of one host.
    """

    def __init__(self, password: str, key: bytes, *, now: Callable[[], float] = time.monotonic) -> None:
        self.cookie = "airlock_session_" + hmac.new(key, b"cookie", hashlib.sha256).hexdigest()[:8]
        self._expected = _digest(password)
        self._now = now
        self._lock = threading.Lock()
        self._until: dict[str, float] = {}

    def accepts(self, password: str) -> bool:
        """Whether `password` is the right one, compared in constant time."""
        return hmac.compare_digest(self._expected, _digest(password))

    def open(self) -> str:
        """Start a session; returns its id for the cookie."""
        session = secrets.token_urlsafe(32)
        with self._lock:
            now = self._now()
            self._until = {held: until for held, until in self._until.items() if until > now}
            self._until[session] = now + LIFETIME_SECONDS
        return session

    def holds(self, session: str) -> bool:
        """Whether `session` is signed in and not yet over."""
        with self._lock:
            return self._until.get(session, 0.0) > self._now()

    def close(self, session: str) -> None:
        """End `session`; one that is not held is no error."""
        with self._lock:
            self._until.pop(session, None)


class Throttle:
    """Slows down password guessing: after five wrong tries an address waits, twice as long each time."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._failures: dict[str, tuple[int, float]] = {}

    def admit(self, address: str) -> int:
        """Seconds `address` must wait before its next try; 0 admits this try and counts it as a wrong one.

        Counting comes before checking, so that tries sent at once cannot share one admission. The oldest
        address is forgotten when very many are tracked.
        """
        with self._lock:
            failures, last = self._failures.get(address, (0, 0.0))
            if failures >= FREE_TRIES:
                pause = min(LONGEST_WAIT, 2.0 ** (failures - FREE_TRIES + 1))
                wait = math.ceil(last + pause - self._now())
                if wait > 0:
                    return wait
            self._failures.pop(address, None)
            if len(self._failures) >= TRACKED_ADDRESSES:
                self._failures.pop(next(iter(self._failures)))
            self._failures[address] = (min(failures + 1, 64), self._now())
            return 0

    def forget(self, address: str) -> None:
        """Forgive `address` after a right password."""
        with self._lock:
            self._failures.pop(address, None)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
