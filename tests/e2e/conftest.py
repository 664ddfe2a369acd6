"""The whole product as a person starts it: `airlock` in its own processes, over a home with the real model."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT / "corpus"
STARTING_SECONDS = 60
_ADDRESS = re.compile(r"http://\S+:\d+")


@dataclass
class Installation:
    """A home of its own, and the environment every command gets."""

    home: Path
    environment: dict[str, str] = field(default_factory=dict)

    def command(self, *arguments: str) -> list[str]:
        """The command line of `airlock`."""
        return [sys.executable, "-m", "web", *arguments]

    def whole_environment(self) -> dict[str, str]:
        """The person's environment, with this home."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AIRLOCK_")}
        return {**inherited, "AIRLOCK_HOME": str(self.home), **self.environment}

    def run(self, *arguments: str, timeout: float = 240) -> subprocess.CompletedProcess[str]:
        """Run one command to its end, without a terminal."""
        return subprocess.run(
            self.command(*arguments),
            cwd=ROOT,
            env=self.whole_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def read(self, *arguments: str) -> Any:
        """The JSON of one command that must succeed."""
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    @contextmanager
    def serve(self, *arguments: str) -> Iterator[Served]:
        """Serve the page on a free port until the block ends."""
        log = self.home.parent / f"{self.home.name}-serve.log"
        with log.open("w") as output:
            process = subprocess.Popen(
                self.command("serve", "--port", "0", *arguments),
                cwd=ROOT,
                env=self.whole_environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            yield Served(_wait_for_address(process, log), process, log)
        finally:
            process.terminate()
            process.wait(20)


@dataclass(frozen=True)
class Served:
    """A page being served."""

    address: str
    process: subprocess.Popen[bytes]
    log: Path

    def modules(self) -> list[str]:
        """Which of our modules run below the launcher."""
        lines = [child.cmdline() for child in psutil.Process(self.process.pid).children(recursive=True)]
        return sorted(line[line.index("-m") + 1] for line in lines if "-m" in line)


def _wait_for_address(process: subprocess.Popen[bytes], log: Path) -> str:
    until = time.monotonic() + STARTING_SECONDS
    while time.monotonic() < until:
        found = _ADDRESS.search(log.read_text("utf-8").partition("Airlock is at")[2])
        if found:
            return found[0].rstrip("/.")
        assert process.poll() is None, log.read_text("utf-8")
        time.sleep(0.05)
    raise AssertionError(f"no address within {STARTING_SECONDS} s: {log.read_text('utf-8')}")


MakeInstallation = Callable[..., Installation]


@pytest.fixture(scope="module")
def make_installation(bundled_home: Path, tmp_path_factory: pytest.TempPathFactory) -> MakeInstallation:
    """Make a fresh home in which only the model is ready."""

    def make(**environment: str) -> Installation:
        home = tmp_path_factory.mktemp("home")
        home.chmod(0o700)
        (home / "models").symlink_to(bundled_home / "models")
        return Installation(home, environment)

    return make
