"""The second half of the proof: the whole product served, its paths walked, and random conversations played on it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from tests.proof.conversations import Conversations, Scene, Tally, read_injections
from tests.proof.home import copy_home
from tests.proof.papers import Paper
from tests.proof.paths.whole import AFTER, BEFORE, Whole, WholePath
from tests.proof.product import serve, settings_of
from tests.proof.recorder import Recorder
from tests.proof.runner import Outcome
from tests.proof.search import Detector
from tests.proof.servers import run_servers
from tests.proof.workbench import NotExercised

Say = Callable[[str], None]


def prove_whole(
    home: Path, papers: tuple[Paper, ...], place: Path, *, turns: int, seed: int, data: Path, say: Say,
    brief: bool = False,
) -> tuple[list[Outcome], Tally]:  # fmt: skip
    """Serve, walk, play, walk; `brief` leaves out what takes long."""
    place.mkdir()
    detector = Detector(canary for paper in papers if paper.secret for canary in paper.canaries)
    left_out = (
        {"idle", "killed-gate", "crash", "local-only-mode", "foreign-address", "command-line"} if brief else set()
    )
    with Recorder() as recorder, run_servers() as (local, cloud):
        recorder.allow(local.port)
        recorder.allow(cloud.port)
        held = copy_home(home, place / "home")
        with serve(held, settings_of(local, cloud)) as product:
            recorder.allow(product.port)
            whole = Whole(product, local, cloud, recorder, papers, detector, [], [])
            outcomes = [_walk(whole, path) for path in BEFORE if path.name not in left_out]
            say(f"  {turns} random turns, seed {seed}")
            scene = Scene(product, local, cloud, recorder, papers, read_injections(data))
            conversations = Conversations(scene, seed)
            tally = conversations.play(turns, say)
            whole.sent += conversations.sent
            outcomes += [_walk(whole, path) for path in AFTER if path.name not in left_out]
    return outcomes, tally


def _walk(whole: Whole, path: WholePath) -> Outcome:
    whole.check()
    whole.findings.clear()
    outcome = Outcome(path.name, path.title)
    started = time.monotonic()
    try:
        path.walk(whole)
    except NotExercised as error:
        outcome.problem = str(error)
    except Exception as error:  # a path that breaks proves nothing
        outcome.problem = f"{type(error).__name__}: {error}"[:300]
    whole.check()
    outcome.findings = list(dict.fromkeys(whole.findings))
    outcome.seconds = round(time.monotonic() - started, 3)
    return outcome
