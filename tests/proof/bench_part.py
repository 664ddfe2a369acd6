"""The first half of the proof: every path walked on the intact parts, then every control on its own path."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.proof.catalogue import path_named
from tests.proof.children import in_child
from tests.proof.control import Control
from tests.proof.home import copy_home
from tests.proof.leak_path import LeakPath
from tests.proof.papers import Paper
from tests.proof.runner import Outcome, walk
from tests.proof.workbench import open_bench

Say = Callable[[str], None]


def walk_paths(home: Path, papers: tuple[Paper, ...], paths: Sequence[LeakPath], place: Path) -> list[Outcome]:
    """Each path on the intact parts, one bench for all but those that want to be alone; in the order given."""
    together = [path for path in paths if not path.alone]
    groups = [together, *([path] for path in paths if path.alone)]
    found: dict[str, Outcome] = {}
    for number, group in enumerate(groups):
        if group:
            found |= {one.name: one for one in _walk_in_child(home, papers, group, place / str(number))}
    return [found[path.name] for path in paths]


def _walk_in_child(home: Path, papers: tuple[Paper, ...], paths: Sequence[LeakPath], place: Path) -> list[Outcome]:
    rows = in_child(lambda: _walk(home, papers, paths, place))
    return [Outcome(row["name"], row["title"], row["findings"], row["problem"], row["seconds"]) for row in rows]


def try_control(home: Path, papers: tuple[Paper, ...], control: Control, place: Path) -> Outcome:
    """The control's path with its guard removed: its findings say that it was caught, an empty list that it was not."""

    def work() -> list[dict[str, Any]]:
        control.remove()
        return _walk(home, papers, [path_named(control.path)], place)

    started = time.monotonic()
    (found,) = in_child(work)
    outcome = Outcome(control.name, control.title, found["findings"], found["problem"])
    return replace(outcome, seconds=round(time.monotonic() - started, 3))


def _walk(home: Path, papers: tuple[Paper, ...], paths: Sequence[LeakPath], place: Path) -> list[dict[str, Any]]:
    place.mkdir(parents=True)
    try:
        with open_bench(copy_home(home, place / "home"), papers) as bench:
            os.environ["PROOF_CLOUD"] = bench.cloud.url
            return [walk(bench, path).as_json() for path in paths]
    finally:
        shutil.rmtree(place, ignore_errors=True)
