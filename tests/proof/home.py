"""A home with the model prepared and the papers ingested by the product's own command, and copies of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.fakes.retrieval import prepare_bundled
from tests.proof.papers import Paper, write_papers

ROOT = Path(__file__).resolve().parents[2]


def environment_of(home: Path, **further: str) -> dict[str, str]:
    """What a person's shell would hold, confined to folders beside `home`."""
    place = home.parent
    for name in ("person", "tmp", "config"):
        (place / name).mkdir(exist_ok=True)
    return {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "HOME": str(place / "person"),
        "TMPDIR": str(place / "tmp"),
        "XDG_CONFIG_HOME": str(place / "config"),
        "AIRLOCK_HOME": str(home),
        **further,
    }


def make_home(place: Path, papers: tuple[Paper, ...]) -> Path:
    """An ingested home in `place`, with the papers beside it."""
    home = place / "home"
    home.mkdir(mode=0o700, parents=True)
    prepare_bundled(home)
    write_papers(papers, place / "papers")
    airlock(home, "ingest", str(place / "papers"))
    return home


def airlock(home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one command of the product; it must succeed.

    Raises:
        RuntimeError: it did not.
    """
    done = subprocess.run(
        [sys.executable, "-m", "web", *arguments],
        cwd=ROOT, env=environment_of(home, **environment), stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=240, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"airlock {arguments[0]} ended with {done.returncode}: {done.stderr[-500:]}")
    return done


def copy_home(home: Path, to: Path) -> Path:
    """The same home again, sharing only the model's files."""
    shutil.copytree(home, to, ignore=shutil.ignore_patterns("models"))
    to.chmod(0o700)
    (to / "models").symlink_to(home / "models")
    return to
