"""Finds identifiers and secrets in a text of any language and spelling. Changes and stores nothing."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

from rag.detect.folding import fold
from rag.detect.names import choose_language, find_installed
from rag.detect.quiet_import import without_heavy
from rag.policy.spans import Span, merge

if TYPE_CHECKING:
    from rag.detect.engine import Engine

THRESHOLD = 0.5


class Detector:
    """The recognisers, loaded at the first text (1.3 s) and kept. Safe for several threads.

    Args:
        models: a spaCy model (package or folder) for each of `en` and `zh` that names are to be found in; those
            installed when None.
        threshold: how sure a recogniser must be, 0 to 1.
    """

    def __init__(self, models: Mapping[str, str] | None = None, threshold: float = THRESHOLD) -> None:
        self._models = dict(find_installed() if models is None else models)
        self._threshold = threshold
        self._lock = threading.Lock()
        self._engine: Engine | None = None

    @property
    def knows_names(self) -> tuple[str, ...]:
        """The languages whose names are recognised; without any, persons' names are not found at all."""
        return tuple(sorted(self._models))

    def detect(self, text: str) -> tuple[Span, ...]:
        """What identifies somebody, or opens something, in `text`: in order, without overlap, in `text`'s offsets."""
        if not text.strip():
            return ()
        engine, folded = self._load(), fold(text)
        found = engine.find(folded.text, "patterns", self._threshold)
        for language in choose_language(folded.text, self._models):
            found += engine.find(folded.text, language, self._threshold)
        return merge(
            Span(*folded.original(span.start, span.end), span.kind, span.score, span.checksummed) for span in found
        )

    def _load(self) -> Engine:
        with self._lock:
            if self._engine is None:
                with without_heavy():
                    from rag.detect.engine import Engine

                    self._engine = Engine(self._models)
            return self._engine
