"""Where an unexpected error came from. Never its message, which could quote a document."""

from __future__ import annotations

import traceback
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROOMS = ("web", "rag", "ingest")


def find_place(error: BaseException) -> str:
    """The innermost line of ours in `error`'s traceback, as `rag/answer.py:120`; `?` when there is none."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] in ROOMS:
            return f"{path.relative_to(ROOT).as_posix()}:{frame.lineno}"
    return "?"
