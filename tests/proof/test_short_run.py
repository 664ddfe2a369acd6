"""A short proof: some paths of each kind, some controls, the whole product and fifty random turns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.cache import CACHE
from tests.proof.__main__ import COULD_NOT_RUN

ROOT = Path(__file__).resolve().parents[2]
PATHS = (
    "passage,history,edit,condense,title,mixed,local-only-switch,consent,raised-before,replay,local-error,killed-token,"
    "cloud-500,redirect-307,remote-show,url-4,env-HTTP_PROXY,position-5,door-forged"
)
CONTROLS = "no-judge,history,redirects,remote-host,tracer,temporary-file"


@pytest.mark.namespaces
def test_nothing_leaks_in_a_short_run_and_its_controls_are_caught(tmp_path: Path) -> None:
    result = tmp_path / "result.json"
    arguments = ("--brief", "--turns", "50", "--seed", "11", "--paths", PATHS, "--controls", CONTROLS)
    done = subprocess.run(
        [sys.executable, "-m", "tests.proof", *arguments, "--json", str(result)],
        cwd=ROOT, env={**os.environ, **({"AIRLOCK_TEST_CACHE": str(CACHE)} if CACHE else {})}, capture_output=True,
        text=True, timeout=280, check=False,
    )  # fmt: skip
    if done.returncode == COULD_NOT_RUN:
        pytest.skip("this system does not allow user and network namespaces")
    found = json.loads(result.read_text("utf-8"))
    assert found["failures"] == [], done.stdout[-3000:]
    assert done.returncode == 0
    assert {one["name"] for one in found["controls"] if one["caught"]} == set(CONTROLS.split(","))
    assert {one["name"] for one in found["paths"]} >= set(PATHS.split(","))
    assert found["conversations"]["turns"] == 50
