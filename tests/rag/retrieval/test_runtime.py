"""onnxruntime reports to nobody: recorded in a network in which every address is this machine."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

SCRIPT = """
import sys, time
from pathlib import Path
from tests.proof.sealed_world import CannotSeal, seal
try:
    seal()
except CannotSeal:
    sys.exit(75)
from tests.proof.recorder import Recorder
from rag.retrieval.runtime import load_onnxruntime
with Recorder() as recorder:
    (model,) = Path(sys.argv[1]).rglob("model.onnx")
    session = load_onnxruntime().InferenceSession(model.read_bytes(), providers=["CPUExecutionProvider"])
    time.sleep(15)
    print([str(stray) for stray in recorder.take()])
"""


@pytest.mark.namespaces
def test_onnxruntime_sends_nothing_and_leaves_no_identifier(bundled_home: Path, tmp_path: Path) -> None:
    """Left alone, 1.32 asks for its maker's address after about ten seconds and keeps a device id in ~/.cache."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(bundled_home / "models")],
        cwd=ROOT, env={"PATH": "/bin", "HOME": str(tmp_path)}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    if done.returncode == 75:
        pytest.skip("this system does not allow user and network namespaces")
    assert done.stdout.strip() == "[]", done.stderr
    assert list(tmp_path.rglob("*")) == []


def test_nobody_else_imports_onnxruntime() -> None:
    importing = re.compile(r"^\s*(?:import|from) onnxruntime\b", re.MULTILINE)
    files = [file for room in ("rag", "ingest", "web", "bench") for file in (ROOT / room).rglob("*.py")]
    found = {str(file.relative_to(ROOT)) for file in files if importing.search(file.read_text("utf-8"))}
    assert found == {"rag/retrieval/runtime.py"}
