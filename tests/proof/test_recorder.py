"""Whatever a process sends in the sealed network, to whomever and however, the recorder has it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

SCRIPT = """
import json, socket, sys
from tests.proof.sealed_world import CannotSeal, seal
try:
    seal()
except CannotSeal:
    sys.exit(75)
from tests.proof.recorder import Recorder
def tcp(host, port, data, family=socket.AF_INET):
    with socket.socket(family) as one:
        one.settimeout(1)
        try:
            one.connect((host, port)); one.sendall(data); one.recv(100)
        except OSError:
            pass
def udp(host, port, data, family=socket.AF_INET):
    with socket.socket(family, socket.SOCK_DGRAM) as one:
        one.sendto(data, (host, port))
found = {}
with Recorder() as recorder, socket.create_server(("127.0.0.1", 0)) as scene:
    port = scene.getsockname()[1]
    recorder.allow(port)
    for name, act in {
        "http": lambda: tcp("203.0.113.1", 80, b"GET /text HTTP/1.1\\r\\n\\r\\n"),
        "https": lambda: tcp("198.51.100.2", 443, b"hello text"),
        "closed port": lambda: tcp("192.0.2.3", 5555, b"text"),
        "lan": lambda: tcp("192.168.1.20", 11434, b"POST text"),
        "udp": lambda: udp("203.0.113.4", 9999, b"some text"),
        "ipv6": lambda: tcp("2001:db8::5", 80, b"six text", socket.AF_INET6),
        "name": lambda: socket.getaddrinfo("text.example.com", 80),
        "other local port": lambda: udp("127.0.0.1", 9998, b"aside text"),
        "scene": lambda: tcp("127.0.0.1", port, b"allowed text"),
    }.items():
        try:
            act()
        except OSError as error:
            found[name] = [str(error)]
            continue
        found[name] = [f"{stray} {bytes(stray.payload)!r}" for stray in recorder.take()]
print(json.dumps(found))
"""


@pytest.mark.namespaces
def test_every_packet_to_anybody_but_the_scene_is_a_stray() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    if done.returncode == 75:
        pytest.skip("this system does not allow user and network namespaces")
    found = json.loads(done.stdout)
    assert "tcp to 203.0.113.1 port 80" in found["http"][0]
    assert "GET /text" in found["http"][0]
    assert "hello text" in found["https"][0]
    assert found["closed port"] == ["tcp to 192.0.2.3 port 5555, 0 bytes b''"], "that it was tried is enough"
    assert "POST text" in found["lan"][0]
    assert "some text" in found["udp"][0]
    assert "six text" in found["ipv6"][0]
    assert any("text" in stray and "port 53" in stray for stray in found["name"])
    assert "aside text" in found["other local port"][0]
    assert found["scene"] == []
