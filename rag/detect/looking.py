"""Looks texts over for identifiers, each once, and keeps what was found in the store. Loads the recognisers late."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from rag.detect.detector import Detector
from rag.detect.identity import detector_identity
from rag.policy.spans import Span


class KeepsSpans(Protocol):
    """The store's part."""

    def spans(self, texts: Sequence[str], detector: str) -> dict[str, tuple[Span, ...]]: ...
    def save_spans(self, found: Mapping[str, tuple[Span, ...]], detector: str) -> None: ...


class Looking:
    """Finds identifiers in texts that nobody has looked at yet. Safe for several threads."""

    def __init__(self, store: KeepsSpans, detector: Detector | None = None) -> None:
        self._store = store
        self._detector = detector or Detector()
        self.identity = detector_identity()

    def look(self, texts: Iterable[str]) -> dict[str, tuple[Span, ...]]:
        """The identifiers in each of `texts`; what is not known yet is detected and kept."""
        wanted = list(dict.fromkeys(text for text in texts if text))
        found = self._store.spans(wanted, self.identity)
        fresh = {text: self._detector.detect(text) for text in wanted if text not in found}
        if fresh:
            self._store.save_spans(fresh, self.identity)
        return found | fresh

    def warm_up(self) -> None:
        """Load the recognisers in the background, so that the first question need not wait for them."""
        threading.Thread(target=self._detector.detect, args=("-",), daemon=True, name="detector").start()
