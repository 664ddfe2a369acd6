"""How the local models are reached: through the door's unix sockets, or directly where there is no cage."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Doors:
    """Unix sockets of the local door process, one per configured server; None means connect directly."""

    ollama_socket: Path | None = None
    openai_socket: Path | None = None
