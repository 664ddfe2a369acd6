"""What a leak path is: a name for the table and the steps that walk it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.proof.workbench import Bench

Walk = Callable[[Bench], None]


@dataclass(frozen=True, slots=True)
class LeakPath:
    """`walk` raises NotExercised when what the path is about did not happen.

    `alone` gives it a bench of its own, because it leaves documents behind.
    """

    name: str
    title: str
    walk: Walk
    alone: bool = False
