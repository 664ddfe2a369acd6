"""`python -m tests.proof`: proves, or fails to prove, that confidential text does not leave. docs/proof.md tells how.

Exit codes: 0 nothing leaked and every control was caught, 1 otherwise, 75 the proof could not be run here.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

COULD_NOT_RUN = 75
DATA = Path.home() / ".cache" / "airlock-eval"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the proof; returns the exit code."""
    options = _parser().parse_args(arguments)
    from tests.proof.sealed_world import CannotSeal, seal

    try:
        seal()
    except CannotSeal as error:
        print(f"proof: could not run: {error}. This is no pass.", file=sys.stderr)
        return COULD_NOT_RUN
    from tests.proof.report import print_report
    from tests.proof.run import prove

    with tempfile.TemporaryDirectory(prefix="airlock-proof-") as place:
        proof = prove(options, Path(place), lambda line: print(line, file=sys.stderr, flush=True))
    if options.json is not None:
        text = json.dumps(proof.as_json(), ensure_ascii=False, indent=2) + "\n"
        if options.json == "-":
            sys.stdout.write(text)
        else:
            Path(options.json).write_text(text, encoding="utf-8")
    if options.json != "-":
        print_report(proof)
    return 1 if proof.failures() else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.proof", description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=2000, help="random turns to play (2000)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="what the random turns come from")
    parser.add_argument("--json", metavar="FILE", help="write the whole result there as JSON; - for standard output")
    parser.add_argument("--paths", default="", help="only these paths of the bench, by name, with commas")
    parser.add_argument("--controls", default="", help="only these controls, by name, with commas")
    parser.add_argument("--data", type=Path, default=DATA, help="the evaluation data, unpacked")
    parser.add_argument("--brief", action="store_true", help="leave out what takes long: for the ordinary tests")
    return parser


if __name__ == "__main__":
    sys.exit(main())
