"""Walks leak paths on a bench and says of each whether it was exercised and what was found."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.proof.leak_path import LeakPath
from tests.proof.workbench import Bench, NotExercised


@dataclass
class Outcome:
    """What came of one path. `problem` says why it counts as not exercised."""

    name: str
    title: str
    findings: list[str] = field(default_factory=list)
    problem: str = ""
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        return not self.findings and not self.problem

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "passed": self.passed}


def walk(bench: Bench, path: LeakPath) -> Outcome:
    """Walk one path from a clean start."""
    bench.reset()
    outcome = Outcome(path.name, path.title)
    started = time.monotonic()
    try:
        path.walk(bench)
    except NotExercised as error:
        outcome.problem = str(error)
    except Exception as error:  # a path that breaks proves nothing
        outcome.problem = f"{type(error).__name__}: {error}"[:300]
    bench.check()
    outcome.findings = list(dict.fromkeys(bench.findings))
    outcome.seconds = round(time.monotonic() - started, 3)
    return outcome


def walk_all(bench: Bench, paths: Iterable[LeakPath]) -> list[Outcome]:
    """Walk each."""
    return [walk(bench, path) for path in paths]
