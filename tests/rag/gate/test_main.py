"""The gate as a process: who may start it, what it takes from its environment, and that it answers."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rag.cancel import Cancel
from rag.errors import ConfigError, EgressRefused
from rag.gate.__main__ import bind, take_secrets
from rag.gate.client import GateClient
from rag.gate.wire import GateRequest
from rag.records import ChunkId, QuestionId
from rag.store import Store
from tests.fakes.cloud_server import CloudServer
from tests.rag.gate.conftest import MakeSettings

ROOT = Path(__file__).resolve().parents[3]


@contextmanager
def running(path: Path, environment: dict[str, str]) -> Iterator[GateClient]:
    """`python -m rag.gate` on a socket bound here, as the launcher binds it."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.listen()
    process = subprocess.Popen(
        [sys.executable, "-m", "rag.gate", "--fd", str(listening.fileno())],
        env=environment, cwd=ROOT, pass_fds=[listening.fileno()],
    )  # fmt: skip
    listening.close()
    try:
        yield GateClient(path)
    finally:
        process.terminate()
        assert process.wait(10) in (0, -15)


def environment_of(home: Path, cloud: CloudServer) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "AIRLOCK_HOME": str(home),
        "AIRLOCK_CLOUD__ENABLED": "true",
        "OPENAI_BASE_URL": cloud.url,
        "OPENAI_API_KEY": "key-of-the-gate",
        "OPENAI_ORG_ID": "hostile",
        "OPENAI_PROXY": "http://127.0.0.1:9",
        "LANGSMITH_TRACING": "true",
        "LANGSMITH_ENDPOINT": cloud.url,
        "ALL_PROXY": "http://127.0.0.1:9",
    }


def test_the_process_answers_its_status_at_once_and_refuses_what_is_not_stored(
    own_cloud: CloudServer, home: Path, folder: Path
) -> None:
    Store.open(home).close()
    with running(folder / "gate", environment_of(home, own_cloud)) as client:
        assert client.status().ready
        assert client.status().host == "127.0.0.1"
        with pytest.raises(EgressRefused):
            list(client.stream(GateRequest(QuestionId(1), (ChunkId(1),)), Cancel()))
    assert own_cloud.calls == []


@pytest.mark.parametrize(
    ("further", "message"),
    [
        ({"AIRLOCK_MODE": "local-only"}, "local-only"),
        ({"AIRLOCK_CLOUD__ENABLED": "false"}, "cloud.enabled"),
        ({"AIRLOCK_CLOUD__ENABLED": ""}, "cloud.enabled"),
        ({"AIRLOCK_CLOUD__BASE_URL": "http://example.com/v1"}, "cloud.base_url"),
        ({"AIRLOCK_CLOUD__PROVIDER": "elsewhere"}, "cloud.provider"),
    ],
)
def test_without_permission_it_does_not_start(
    own_cloud: CloudServer, home: Path, folder: Path, further: dict[str, str], message: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rag.gate", "--socket", str(folder / "gate")],
        env={**environment_of(home, own_cloud), **further}, cwd=ROOT, capture_output=True, text=True,
        timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert message in done.stderr
    assert "key-of-the-gate" not in done.stderr


def test_what_a_client_library_might_believe_is_removed_once_the_key_is_taken(
    make_settings: MakeSettings,
) -> None:
    environment = {
        "OPENAI_API_KEY": "k",
        "OPENAI_BASE_URL": "https://one.example/v1",
        "OPENAI_ORG_ID": "o",
        "OPENAI_PROXY": "p",
        "HTTPS_PROXY": "p",
        "LANGSMITH_API_KEY": "k",
        "LANGSMITH_TRACING": "true",
        "SSLKEYLOGFILE": "/tmp/keys",
        "PATH": "/bin",
    }
    key, base_url = take_secrets(make_settings(), environment)
    assert (key.get_secret_value(), base_url) == ("k", "https://one.example/v1")
    assert "'k'" not in repr(key)
    assert environment == {
        "PATH": "/bin",
        "LANGSMITH_TRACING": "false",
        "LANGCHAIN_TRACING_V2": "false",
        "OTEL_SDK_DISABLED": "true",
    }


def test_a_socket_in_a_folder_others_can_enter_is_refused(folder: Path) -> None:
    folder.chmod(0o755)
    with pytest.raises(ConfigError, match="0700"):
        bind(folder / "gate")


def test_a_path_that_is_taken_is_refused(folder: Path) -> None:
    (folder / "gate").write_text(json.dumps("something"))
    with pytest.raises(ConfigError, match="cannot listen"):
        bind(folder / "gate")


def test_a_bound_socket_accepts(folder: Path) -> None:
    with bind(folder / "gate"), socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(folder / "gate"))
