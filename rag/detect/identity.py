"""Which detector this is. What an older one found in a text, or one that knew no names, is not believed to be all."""

from __future__ import annotations

from rag.detect.names import find_installed

VERSION = 1
"""Rises with every change of what the recognisers find."""


def detector_identity() -> str:
    """The detector of this installation: its version and the models that know persons' names."""
    return f"{VERSION} {' '.join(sorted(find_installed().values()))}".strip()


def knows_names() -> bool:
    """Whether any installed model recognises persons' names."""
    return bool(find_installed())
