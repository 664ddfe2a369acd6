"""Without any route out everything still works, and local-only means that no gate and no key exist at all."""

from __future__ import annotations

import shutil
import subprocess
import sys

import psutil
import pytest

from tests.e2e.conftest import CORPUS, ROOT, Installation, MakeInstallation

KEYS = {
    "OPENAI_API_KEY": "sk-planted-key",
    "ANTHROPIC_API_KEY": "sk-ant-planted",
    "OPENAI_BASE_URL": "https://x.invalid/v1",
}

SCRIPT = """
import fcntl, socket, struct, subprocess, sys, time, re, urllib.request
with socket.socket() as one:  # bring the loopback interface of this empty network up, for the page alone
    request = struct.pack("16sh", b"lo", 0x1 | 0x40)
    fcntl.ioctl(one, 0x8914, request)
try:
    socket.create_connection(("192.0.2.1", 80), 2)
    sys.exit("there is a route out")
except OSError:
    pass
def airlock(*arguments):
    command = [sys.executable, "-m", "web", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    print(done.stdout, done.stderr)
    assert done.returncode == 0, arguments
    return done.stdout
airlock("ingest", "corpus")
assert "3.80" in airlock("ask", "At what water level does FY-03 raise the red alert?")
assert "3.80" in airlock("ask", "FY-03 測站水位到幾公尺會發布紅色警戒？", "--local-only")
server = subprocess.Popen([sys.executable, "-m", "web", "serve", "--port", "8765"])
try:
    for _ in range(300):
        try:
            page = urllib.request.urlopen("http://127.0.0.1:8765/", timeout=5).read()
            break
        except OSError:
            time.sleep(0.1)
    assert b"Airlock" in page
finally:
    server.terminate()
    server.wait(20)
print("all done")
"""


@pytest.mark.namespaces
@pytest.mark.parametrize("mode", ["local-only", "by-label"])
def test_ingest_serve_and_ask_work_with_no_route_out(make_installation: MakeInstallation, mode: str) -> None:
    unshare = shutil.which("unshare")
    if not unshare or subprocess.run([unshare, "-rn", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system does not allow user and network namespaces")
    installation = make_installation(AIRLOCK_MODE=mode, **KEYS)
    done = subprocess.run(
        [unshare, "-rn", sys.executable, "-c", SCRIPT],
        cwd=ROOT,
        env=installation.whole_environment(),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.rstrip().endswith("all done")


def processes_holding(installation: Installation, pid: int, text: str) -> list[str]:
    """Our processes below `pid` that have `text` in their environment."""
    family = psutil.Process(pid).children(recursive=True)
    return [" ".join(child.cmdline()[1:4]) for child in family if text in "\n".join(child.environ().values())]


def test_local_only_starts_no_gate_and_hands_no_key_to_anybody(make_installation: MakeInstallation) -> None:
    installation = make_installation(AIRLOCK_MODE="local-only", AIRLOCK_CLOUD__ENABLED="true", **KEYS)
    installation.read("ingest", str(CORPUS / "stations"))
    with installation.serve() as served:
        assert "web.cli" in served.modules()
        assert "rag.gate" not in served.modules()
        assert processes_holding(installation, served.process.pid, "planted") == []
    assert installation.read("ask", "What does FY-03 measure?")["route"]["zone"] == "local"


def test_by_label_gives_the_key_to_the_gate_alone(make_installation: MakeInstallation) -> None:
    installation = make_installation(AIRLOCK_CLOUD__ENABLED="true", **KEYS)
    installation.read("ingest", str(CORPUS / "stations"))
    with installation.serve() as served:
        assert "rag.gate" in served.modules()
        holders = processes_holding(installation, served.process.pid, "sk-planted-key")
        assert [holder for holder in holders if "rag.gate" not in holder] == []


def test_a_key_that_is_merely_found_is_no_consent(make_installation: MakeInstallation) -> None:
    installation = make_installation(**KEYS)
    installation.read("ingest", str(CORPUS / "stations"))
    assert installation.read("ask", "What does FY-03 measure?")["route"]["zone"] == "local"
    with installation.serve() as served:
        assert "rag.gate" not in served.modules()
        assert "cloud.enabled" in served.log.read_text("utf-8")
