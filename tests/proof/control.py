"""What a positive control is: a product with one guard removed, and the path on which that must show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Control:
    """`remove` takes the guard out of this very process, which ends afterwards; `path` names the path walked then."""

    name: str
    title: str
    path: str
    remove: Callable[[], None]
