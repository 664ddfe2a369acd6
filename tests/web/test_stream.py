"""The stream under a client that leaves, tried on a real server over a real socket."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn

from rag.config import load_settings
from rag.records import MessageStatus
from rag.store import Store
from tests.fakes.airlock import ScriptedAnswering, fake_airlock
from web.app import create_app
from web.security import PAGE_COOKIE, Csrf
from web.stream import encode


@contextmanager
def serving(store: Store) -> Iterator[tuple[int, ScriptedAnswering]]:
    """The real app on a real port."""
    airlock, answering = fake_airlock(load_settings(), store)
    config = uvicorn.Config(
        create_app(airlock),
        loop="asyncio",
        http="h11",
        ws="none",
        log_level="error",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])))
    thread.start()
    try:
        yield listening.getsockname()[1], answering
    finally:
        server.should_exit = True
        thread.join(10)


def ask(port: int, store: Store) -> socket.socket:
    """Send a question by hand and return the open connection."""
    key = store.meta("page_key")
    assert key is not None
    token = Csrf(bytes.fromhex(key)).token("me")
    body = b'{"text": "x"}'
    head = (
        f"POST /api/ask HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {PAGE_COOKIE}=me\r\n"
        f"X-Airlock-CSRF: {token}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    connection = socket.create_connection(("127.0.0.1", port), 10)
    connection.sendall(head.encode() + body)
    return connection


def read_until(connection: socket.socket, wanted: bytes) -> bytes:
    received = b""
    while wanted not in received:
        piece = connection.recv(65536)
        assert piece, received
        received += piece
    return received


def test_a_client_that_leaves_stops_the_answer_within_a_second(store: Store) -> None:
    with serving(store) as (port, answering):
        answering.hold = True
        connection = ask(port, store)
        read_until(connection, b"event: token")
        started = time.monotonic()
        connection.close()
        assert answering.saved.wait(5)
        assert time.monotonic() - started < 1
    assert answering.last_answer() == ("Ten ", MessageStatus.STOPPED)


def test_the_first_words_arrive_before_the_answer_is_finished(store: Store) -> None:
    with serving(store) as (port, answering):
        answering.hold = True
        connection = ask(port, store)
        assert b'"text": "Ten "' in read_until(connection, b"event: token\ndata: {")
        assert not answering.saved.is_set()
        connection.close()


def test_a_server_that_stops_keeps_the_answers_it_was_writing(store: Store) -> None:
    with serving(store) as (port, answering):
        answering.hold = True
        connection = ask(port, store)
        read_until(connection, b"event: token")
    connection.close()
    assert answering.last_answer() == ("Ten ", MessageStatus.STOPPED)


@pytest.mark.parametrize("text", ["a\nb", "a\r\nb", "\u2028", "event: done\n\ndata: {}"])
def test_no_text_can_make_an_event_of_its_own(text: str) -> None:
    frame = encode("token", {"text": text}).decode()
    assert frame.count("\n") == 3
    assert "\r" not in frame
    assert frame.startswith("event: token\ndata: ")
