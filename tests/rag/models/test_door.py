"""The local door: a real process, unix sockets, a real client through it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rag.cancel import Cancel
from rag.errors import Unreachable
from rag.models.door import Target, parse_target
from rag.records import Prompt
from tests.fakes.ollama_server import FakeModel, FakeOllama
from tests.rag.models.conftest import Adapt, written

Start = Callable[..., FakeOllama]


@contextlib.contextmanager
def door_to(folder: Path, *urls: str) -> Iterator[list[Path]]:
    """A running door process; yields its sockets, one per address."""
    folder.chmod(0o700)
    sockets = [folder / f"door-{at}" for at in range(len(urls))]
    targets = [part for path, url in zip(sockets, urls, strict=True) for part in ("--to", f"{path}={url}")]
    process = subprocess.Popen(
        [sys.executable, "-m", "rag.models.door", "--say-ready", *targets],
        stdout=subprocess.PIPE,
        env={"PATH": os.defpath},
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == b"ready\n"
        yield sockets
    finally:
        process.terminate()
        assert process.wait(5) == 0
        process.stdout.close()


def connect(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(5)
    connection.connect(str(path))
    return connection


@contextlib.contextmanager
def listener() -> Iterator[tuple[socket.socket, str]]:
    """A bare TCP server and its address."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)
        yield server, f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_model_answers_through_the_door(start: Start, adapt: Adapt, prompt: Prompt, tmp_path: Path) -> None:
    fake = start(FakeModel("small"))
    with door_to(tmp_path, fake.url) as (path,):
        # the address itself leads nowhere: everything goes through the socket
        model = adapt(fake, "small", url="http://127.0.0.1:9", door=path)
        pieces = list(model.stream(prompt, num_ctx=None, cancel=Cancel()))
    assert written(pieces) == "The warranty lasts 36 months [1]."


@pytest.mark.parametrize(
    "model", [FakeModel("m", fault="hang"), FakeModel("m", pause=30.0)], ids=["loading", "mid-answer"]
)
def test_stop_reaches_the_server_through_the_door(
    start: Start, adapt: Adapt, prompt: Prompt, tmp_path: Path, model: FakeModel
) -> None:
    fake = start(model)
    with door_to(tmp_path, fake.url) as (path,):
        cancel = Cancel()
        stream = adapt(fake, "m", door=path).stream(prompt, num_ctx=None, cancel=cancel)
        reader = threading.Thread(target=lambda: list(stream))
        reader.start()
        assert fake.asked.chatting.wait(5)
        time.sleep(0.1)
        stopped = time.monotonic()
        cancel.cancel()
        assert fake.asked.left.wait(2)
        assert time.monotonic() - stopped < 0.5
        reader.join(2)


def test_a_server_that_is_not_there_is_unreachable_through_the_door(
    start: Start, adapt: Adapt, prompt: Prompt, tmp_path: Path
) -> None:
    with door_to(tmp_path, "http://127.0.0.1:9") as (path,):
        model = adapt(start(), "small:1b", door=path)
        with pytest.raises(Unreachable):
            list(model.stream(prompt, num_ctx=None, cancel=Cancel()))


def test_each_socket_leads_to_its_own_address_whatever_the_request_says(tmp_path: Path) -> None:
    with listener() as (first, first_url), listener() as (second, second_url):
        with door_to(tmp_path, first_url, second_url) as (_, path), connect(path) as client:
            client.sendall(f"CONNECT {first_url[7:]} HTTP/1.1\r\nHost: {first_url[7:]}\r\n\r\n".encode())
            reached, _ = second.accept()
            with reached:
                assert reached.recv(100).startswith(b"CONNECT 127.0.0.1")
        first.setblocking(False)
        with pytest.raises(BlockingIOError):
            first.accept()


def test_one_direction_may_end_before_the_other(tmp_path: Path) -> None:
    with listener() as (server, url), door_to(tmp_path, url) as (path,), connect(path) as client:
        client.sendall(b"question")
        client.shutdown(socket.SHUT_WR)
        reached, _ = server.accept()
        with reached:
            assert reached.recv(100) + reached.recv(100) == b"question"
            time.sleep(0.05)
            reached.sendall(b"answer")
        assert client.recv(100) + client.recv(100) == b"answer"


def test_a_megabyte_passes_unchanged_in_both_directions(tmp_path: Path) -> None:
    data = os.urandom(1 << 20)
    with listener() as (server, url), door_to(tmp_path, url) as (path,), connect(path) as client:
        sender = threading.Thread(target=client.sendall, args=(data,))
        sender.start()
        reached, _ = server.accept()
        with reached, reached.makefile("rb") as stream:
            assert stream.read(len(data)) == data
            sender.join()
            echo = threading.Thread(target=reached.sendall, args=(data,))
            echo.start()
            with client.makefile("rb") as back:
                assert back.read(len(data)) == data
            echo.join()


def test_no_more_than_32_connections_are_passed_on_at_once(tmp_path: Path) -> None:
    with listener() as (server, url), door_to(tmp_path, url) as (path,), contextlib.ExitStack() as stack:
        clients = [stack.enter_context(connect(path)) for _ in range(33)]
        reached = [stack.enter_context(server.accept()[0]) for _ in range(32)]
        server.settimeout(0.2)
        with pytest.raises(TimeoutError):
            server.accept()
        for client in clients:
            client.close()
        for connection in reached:
            connection.close()


def test_the_sockets_are_their_owners_alone(tmp_path: Path) -> None:
    with door_to(tmp_path, "http://127.0.0.1:9") as (path,):
        assert path.stat().st_mode & 0o777 == 0o600


def test_a_folder_that_others_may_enter_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    command = [sys.executable, "-m", "rag.models.door", "--to", f"{tmp_path / 'door'}=http://127.0.0.1:9"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 1
    assert "only its owner may enter" in done.stderr


@pytest.mark.parametrize(
    "url", ["http://192.0.2.7:1", "http://localhost:1", "http://u@127.0.0.1:1", "ftp://127.0.0.1", ""]
)
def test_an_address_that_is_not_local_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"trusted host|is written"):
        parse_target(f"/tmp/door={url}", frozenset())


def test_a_trusted_host_and_usual_ports_are_taken() -> None:
    trusted = frozenset({"gpu.lan"})
    assert parse_target("/d=https://gpu.lan/v1", trusted) == Target(Path("/d"), "gpu.lan", 443)
    assert parse_target("/d=http://[::1]", trusted) == Target(Path("/d"), "::1", 80)


def test_the_door_ends_with_its_parent(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    program = (
        "import subprocess, sys, time\n"
        f"target = '{tmp_path / 'door'}=http://127.0.0.1:9'\n"
        "door = subprocess.Popen([sys.executable, '-m', 'rag.models.door', '--say-ready', '--to', target])\n"
        "print(door.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    with parent.stdout:
        pid = int(parent.stdout.readline())
        assert parent.stdout.readline() == b"ready\n"
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    ended = time.monotonic() + 3
    while time.monotonic() < ended and is_running(pid):
        time.sleep(0.02)
    assert not is_running(pid)


def test_the_door_imports_no_third_party_module() -> None:
    program = (
        f"import sys; sys.path.insert(0, {str(Path.cwd())!r})\n"
        "import rag.models.door\n"
        "print(*{name.partition('.')[0] for name in sys.modules} - sys.stdlib_module_names)"
    )
    command = [sys.executable, "-I", "-S", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    assert sorted(done.stdout.split()) == ["__main__", "rag"]


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
