"""aimock (npm @copilotkit/aimock, MIT): a cloud protocol server that is not ours, given our scenarios.

Installed once into a cache folder outside the checkout. Skips only where npm or its registry is missing.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.cache import CACHE
from tests.fakes.cloud_server import CHUNK, SCENARIOS, Scenario

VERSION = "1.43.0"
START_SECONDS = 30.0


@contextmanager
def run_aimock(folder: Path, scenarios: Mapping[str, Scenario] = SCENARIOS) -> Iterator[str]:
    """Serve `scenarios`; yields the base URL. `folder` is for its fixtures."""
    program = install() / "node_modules" / ".bin" / "llmock"
    fixtures = [_fixture(keyword, scenario) for keyword, scenario in scenarios.items()]
    (folder / "fixtures.json").write_text(json.dumps({"fixtures": fixtures}), encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [str(program), "-p", str(port), "-f", str(folder), "--strict", "--chunk-size", str(CHUNK)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _wait_for(port, process, folder / "log")
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait(10)


def install() -> Path:
    """The folder aimock is installed in, which is filled at the first call."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed, so aimock cannot run")
    folder = (CACHE or Path.home() / ".cache" / "airlock-tests") / f"aimock-{VERSION}"
    if not (folder / "node_modules" / ".bin" / "llmock").exists():
        folder.mkdir(parents=True, exist_ok=True)
        command = [
            npm,
            "install",
            "--no-audit",
            "--no-fund",
            "--prefix",
            str(folder),
            f"@copilotkit/aimock@{VERSION}",
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode:
            pytest.skip(f"aimock cannot be installed: {done.stderr.strip()[-200:]}")
    return folder


def _fixture(keyword: str, scenario: Scenario) -> dict[str, Any]:
    match = {"userMessage": keyword}
    if scenario.status != 200:
        error = {"message": "A message that quotes the request.", "type": "error", "code": scenario.code}
        failure: dict[str, Any] = {"error": error, "status": scenario.status}
        if scenario.retry_after is not None:
            failure["retryAfter"] = scenario.retry_after
        return {"match": match, "response": failure}
    parts = -(-len(scenario.content) // CHUNK)
    usage = {"prompt_tokens": 11, "completion_tokens": parts, "total_tokens": 11 + parts}
    response = {"content": scenario.content, "finishReason": scenario.finish, "usage": usage}
    fixture: dict[str, Any] = {"match": match, "response": response}
    if scenario.pause:
        fixture["latency"] = int(scenario.pause * 1000)
    if scenario.cut_after is not None:
        fixture["truncateAfterChunks"] = scenario.cut_after
    return fixture


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"aimock did not start: {log.read_text(errors='replace')[-500:]}")
