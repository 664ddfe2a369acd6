"""The proof from beginning to end: make a home, walk, break, serve, play, measure."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

from tests.proof.bench_part import try_control, walk_paths
from tests.proof.catalogue import CONTROLS, PATHS
from tests.proof.children import in_child, preload
from tests.proof.home import make_home
from tests.proof.masking import measure_masking
from tests.proof.papers import make_papers
from tests.proof.report import Proof
from tests.proof.runner import Outcome
from tests.proof.usefulness import measure_usefulness
from tests.proof.whole_part import prove_whole

Say = Callable[[str], None]


def prove(options: argparse.Namespace, place: Path, say: Say) -> Proof:
    """Everything that `options` ask for, in `place`."""
    started = time.monotonic()
    proof = Proof(seed=options.seed, brief=options.brief)
    papers = make_papers()
    say("Taking in the papers")
    home = make_home(place / "base", papers)
    preload()
    paths = [path for path in PATHS if not options.paths or path.name in options.paths.split(",")]
    say(f"Walking {len(paths)} paths on the parts")
    proof.paths = walk_paths(home, papers, paths, place / "paths")
    controls = [one for one in CONTROLS if not options.controls or one.name in options.controls.split(",")]
    say(f"Trying {len(controls)} controls")
    for control in controls:
        try:
            proof.controls.append(try_control(home, papers, control, place / f"control-{control.name}"))
        except RuntimeError as error:
            proof.controls.append(Outcome(control.name, control.title, problem=str(error)))
    if not options.brief:
        say("Measuring usefulness and masking")
        proof.useful = measure_usefulness(place / "useful", options.data, say)
        proof.masking = in_child(lambda: measure_masking(options.data))
    say("Serving the whole product")
    outcomes, proof.tally = prove_whole(
        home, papers, place / "whole", turns=options.turns, seed=options.seed, data=options.data, say=say,
        brief=options.brief,
    )  # fmt: skip
    proof.paths += outcomes
    proof.seconds = time.monotonic() - started
    return proof
