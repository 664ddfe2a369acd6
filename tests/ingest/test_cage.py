"""The cage holds: no file, no network, no endless memory or time, and a crash costs one document only."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingest import cage as cage_module
from ingest import caged
from ingest.cage import Cage, read_file
from ingest.parsers import parse_bytes
from ingest.wire import HEADER, decode_document, encode_document, encode_frame
from rag.config import Ingest
from rag.errors import ConfigError, ParserKilled, TooLarge, Unreadable, Unsupported
from tests.ingest.samples import make_docx, make_pdf, word_paragraph

# A child that is confined as the real one, then does what a document tells it to: the tests' hostile parser.
HOSTILE = """
import ctypes, os, socket, sys, time
import ingest.caged as caged
from ingest.parsers import parse_bytes

def parse(data, name):
    if data.startswith(b"run:"):
        exec(data[4:].decode(), {"os": os, "socket": socket, "time": time, "ctypes": ctypes, "sys": sys})
    return parse_bytes(b"fine", "x.txt")

caged.parse_bytes = parse
caged.main(int(sys.argv[1]))
"""


@pytest.fixture
def settings() -> Ingest:
    return Ingest(parse_seconds=5.0, parse_megabytes=512)


@pytest.fixture
def cage(settings: Ingest) -> Iterator[Cage]:
    with Cage(settings) as one:
        yield one


@pytest.fixture
def hostile(settings: Ingest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cage]:
    script = tmp_path / "hostile.py"
    script.write_text(HOSTILE)
    monkeypatch.setattr(cage_module, "CHILD", (sys.executable, "-P", "-s", "-B", str(script)))
    with Cage(settings) as one:
        yield one


def tell(cage: Cage, code: str) -> str:
    """What happens when the child runs `code`: the exception's name inside, or 'done'."""
    wrapped = f"try:\n {code}\nexcept BaseException as e:\n raise KeyError(type(e).__name__)"
    try:
        cage.parse_bytes(b"run:" + wrapped.encode(), "x")
    except Unreadable as error:
        return str(error)
    return "done"


def test_every_format_is_read_through_the_cage(cage: Cage) -> None:
    for data, name in [
        (b"# Title\n\ntext", "a.md"),
        (b"text", "a.txt"),
        (b"<html><p>text", "a.html"),
        (make_pdf([["text"]]), "a.pdf"),
        (make_docx(word_paragraph("text")), "a.docx"),
        ("本季倉儲盤點差異率為百分之三".encode("big5"), "b.txt"),
        ("Größenänderung der Straßenbeläge".encode("cp1252"), "c.txt"),
    ]:
        assert cage.parse_bytes(data, name) == parse_bytes(data, name)


def test_one_child_reads_many_documents(cage: Cage) -> None:
    cage.parse_bytes(b"one", "a.txt")
    child = cage._child
    cage.parse_bytes(b"two", "b.txt")
    assert cage._child is child


def test_errors_keep_their_class_and_words(cage: Cage) -> None:
    with pytest.raises(Unsupported, match="gzip archive files are not read"):
        cage.parse_bytes(b"\x1f\x8b\x08" + bytes(20), "a.tgz")
    with pytest.raises(Unreadable, match="damaged"):
        cage.parse_bytes(b"%PDF-1.4", "a.pdf")


def test_the_child_can_open_no_file(hostile: Cage) -> None:
    assert "KeyError" in tell(hostile, "open('/etc/passwd')")
    assert "KeyError" in tell(hostile, "open('/tmp/airlock-written', 'w')")
    assert not Path("/tmp/airlock-written").exists()


def test_the_child_can_open_no_socket(hostile: Cage) -> None:
    assert "KeyError" in tell(hostile, "socket.socket()")


def test_a_program_that_the_child_starts_gets_nowhere(hostile: Cage) -> None:
    """Root may still start one, but it inherits the ban on opening, so that it cannot even load its libraries."""
    code = (
        "import errno\n try:\n  started = os.posix_spawn('/bin/cat', ['cat', '/etc/passwd'], {})\n"
        " except BlockingIOError:\n  started = 0\n"
        " assert not started or os.waitstatus_to_exitcode(os.waitpid(started, 0)[1]) != 0"
    )
    assert tell(hostile, code) == "done"


def test_the_child_has_an_empty_environment(hostile: Cage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-planted")
    check = "assert set(os.environ) <= {'PYTHONPATH', 'PYTHONUTF8', 'LC_ALL', 'LC_CTYPE'}"
    assert tell(hostile, check) == "done"


def test_the_child_holds_no_descriptor_of_the_parent(hostile: Cage, tmp_path: Path) -> None:
    secret = os.open(tmp_path / "secret", os.O_RDWR | os.O_CREAT)
    os.set_inheritable(secret, True)
    try:
        hostile.parse_bytes(b"fine", "x")
        child = hostile._child
        assert child is not None
        held = {os.readlink(link) for link in Path(f"/proc/{child._process.pid}/fd").iterdir()}
        assert all(name.startswith("pipe:") or name == os.devnull for name in held)
    except PermissionError:
        pytest.skip("the child's descriptors are not shown to us, which is also right")
    finally:
        os.close(secret)


@pytest.mark.namespaces
def test_the_child_has_a_network_of_its_own(hostile: Cage) -> None:
    hostile.parse_bytes(b"fine", "x")
    assert hostile.guards == {"network": True, "privileges": True, "memory": True, "files": True}


def test_a_crash_in_native_code_costs_one_document(hostile: Cage) -> None:
    hostile.parse_bytes(b"fine", "x")
    with pytest.raises(ParserKilled, match=r"crashed \(signal 11\)"):
        hostile.parse_bytes(b"run:ctypes.string_at(0)", "x")
    assert hostile.parse_bytes(b"fine", "x").text == "fine"


def test_a_child_worn_out_by_others_is_not_held_against_a_document(hostile: Cage) -> None:
    hostile.parse_bytes(b"fine", "x")
    child = hostile._child
    assert child is not None
    child._process.kill()
    child._process.wait()
    assert hostile.parse_bytes(b"fine", "x").text == "fine"


def test_a_hang_is_stopped_in_time(hostile: Cage, settings: Ingest) -> None:
    hostile._settings = settings.model_copy(update={"parse_seconds": 1.0})
    started = time.monotonic()
    with pytest.raises(ParserKilled, match="longer than it may"):
        hostile.parse_bytes(b"run:time.sleep(60)", "x")
    assert time.monotonic() - started < 10
    assert hostile.parse_bytes(b"fine", "x").text == "fine"


def test_a_child_whose_parent_does_not_stop_it_stops_itself(hostile: Cage) -> None:
    hostile.parse_bytes(b"fine", "x")
    child = hostile._child
    assert child is not None
    frame = encode_frame({"name": "x", "seconds": -2.4}, b"run:time.sleep(60)")
    os.set_blocking(child._in, True)
    os.write(child._in, frame)
    assert child._process.wait(15) == -signal.SIGALRM


def test_endless_memory_is_refused_and_the_next_document_is_read(hostile: Cage) -> None:
    with pytest.raises(ParserKilled, match="memory limit of 512 MiB"):
        hostile.parse_bytes(b"run:bytearray(2 * 1024 ** 3)", "x")
    assert hostile.parse_bytes(b"fine", "x").text == "fine"


def test_an_unexpected_error_is_told_without_its_words(hostile: Cage) -> None:
    with pytest.raises(Unreadable, match="ValueError") as caught:
        hostile.parse_bytes(b"run:raise ValueError('the merger closes in May')", "x")
    assert "merger" not in str(caught.value)


def test_a_reply_that_makes_no_sense_is_refused(hostile: Cage) -> None:
    with pytest.raises(ParserKilled, match="no sense"):
        hostile.parse_bytes(
            b"run:for fd in range(3, 8):\n try: os.write(fd, b'\\xff' * 64)\n except OSError: pass", "x"
        )


def test_what_native_code_prints_does_not_disturb_the_reply(hostile: Cage) -> None:
    assert hostile.parse_bytes(b"run:os.write(1, b'noise'); os.write(2, b'noise')", "x").text == "fine"


def test_abort_from_another_thread_ends_a_running_parse(hostile: Cage) -> None:
    import threading

    timer = threading.Timer(0.5, hostile.abort)
    hostile.parse_bytes(b"fine", "x")
    timer.start()
    started = time.monotonic()
    with pytest.raises(ParserKilled):
        hostile.parse_bytes(b"run:time.sleep(60)", "x")
    assert time.monotonic() - started < 4


def test_a_cage_that_does_not_start_blames_no_document(settings: Ingest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cage_module, "CHILD", (sys.executable, "-c", "raise SystemExit(7)"))
    with Cage(settings) as broken, pytest.raises(ConfigError, match="does not start"):
        broken.parse_bytes(b"fine", "x.txt")


def test_a_closed_cage_leaves_no_process(settings: Ingest) -> None:
    with Cage(settings) as one:
        one.parse_bytes(b"fine", "x.txt")
        child = one._child
    assert child is not None
    assert child._process.returncode is not None


def test_the_child_has_no_powers_missing_from_its_preload() -> None:
    """Every parser must do its work without importing anything after the cage has closed."""
    script = (
        "import sys; from ingest import caged; caged._preload(); before = set(sys.modules);"
        "from tests.ingest.samples import *;"
        "[caged.answer(d, n) for d, n in [(make_docx(word_paragraph('x')), 'a.docx'), (make_pdf([['x']]), 'a.pdf'),"
        " (b'# x', 'a.md'), (b'<p>x', 'a.html'), (bytes([0xf6, 0x20]) * 9, 'a.txt')]];"
        "print([m for m in set(sys.modules) - before if not m.startswith(('tests', 'zipfile', 'typing'))])"
    )
    import subprocess

    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=root, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("text", 3),
        ("blocks", [["paragraph", 0, 99, None, 0]]),
        ("blocks", [["paragraph", 3, 1, None, 0]]),
        ("blocks", [["nonsense", 0, 1, None, 0]]),
        ("blocks", None),
        ("front_matter", {"label": 1}),
        ("pages", "many"),
        ("notes", [1]),
    ],
)
def test_a_reply_with_a_wrong_field_is_refused(key: str, value: Any) -> None:
    reply = encode_document(parse_bytes(b"text", "a.txt"))
    with pytest.raises(ParserKilled):
        decode_document({**reply, key: value})


def test_a_document_survives_the_wire() -> None:
    document = parse_bytes("---\nlabel: 密\n---\n# 標題\n\n內文 👩‍💻".encode(), "a.md")
    frame = encode_frame({"document": encode_document(document)})
    head, body = HEADER.unpack(frame[: HEADER.size])
    assert body == 0
    assert decode_document(json.loads(frame[HEADER.size : HEADER.size + head])["document"]) == document


def test_a_link_is_not_followed_and_a_pipe_does_not_block(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Unreadable, match="cannot be opened"):
        read_file(tmp_path / "link", 100)
    with pytest.raises(Unreadable, match="not a regular file"):
        read_file(tmp_path / "pipe", 100)
    with pytest.raises(Unreadable):
        read_file(tmp_path, 100)


def test_a_file_over_the_limit_is_too_large(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"x" * 101)
    with pytest.raises(TooLarge, match="max_file_megabytes"):
        read_file(tmp_path / "big", 100)


def test_encodings_the_child_may_need_are_known_to_python() -> None:
    import codecs

    for encoding in caged.ENCODINGS:
        assert codecs.lookup(encoding)
