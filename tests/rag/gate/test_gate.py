"""Client, server, judge, provider and cloud together, over a real unix socket."""

from __future__ import annotations

import http.client
import socket
import statistics
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.cancel import Cancel
from rag.config import Settings
from rag.errors import CutShort, EgressRefused, LabelTooHigh, RateLimited, Unreachable
from rag.gate.client import GateClient
from rag.gate.wire import GateRequest, GateStatus
from rag.policy.labels import Label
from rag.records import ChunkId, Piece, ProgressPiece, Role, TextPiece, UsagePiece
from tests.fakes.cloud_server import SCENARIOS, CloudServer, Scenario
from tests.fakes.gate_server import run_gate
from tests.fakes.gate_store import MemoryStore
from tests.rag.gate.conftest import MakeSettings

CANARY = "CANARY-7f3a91-heron"


@pytest.fixture
def settings(own_cloud: CloudServer, make_settings: MakeSettings) -> Settings:
    return make_settings(own_cloud.url)


@pytest.fixture
def gate(store: MemoryStore, settings: Settings, folder: Path) -> Iterator[GateClient]:
    with run_gate(store, settings, folder) as client:
        yield client


def text_of(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces if isinstance(piece, TextPiece))


def test_a_public_question_comes_back_answered_with_usage(
    gate: GateClient, store: MemoryStore, own_cloud: CloudServer
) -> None:
    earlier = store.add_message(Role.USER, "An earlier question.")
    request = GateRequest(
        store.add_question("scenario-plain?"), (store.add_chunk("Five days carry over."),), (earlier,)
    )
    pieces = list(gate.stream(request, Cancel()))
    assert pieces[0] == ProgressPiece("sent")
    assert text_of(pieces) == SCENARIOS["scenario-plain"].content
    assert isinstance(pieces[-1], UsagePiece)
    assert pieces[-1].tokens_in == 11
    assert b"Five days carry over." in own_cloud.received
    assert b"An earlier question." in own_cloud.received


def test_the_status_names_provider_model_and_host(gate: GateClient) -> None:
    assert gate.status() == GateStatus("openai", "test-model", "127.0.0.1", ready=True)


@pytest.mark.parametrize("label", [Label.INTERNAL, Label.CONFIDENTIAL, Label.RESTRICTED])
def test_a_higher_passage_among_public_ones_never_reaches_the_cloud_at_any_position(
    gate: GateClient, store: MemoryStore, own_cloud: CloudServer, label: Label
) -> None:
    public = [store.add_chunk(f"Public sentence {number}.") for number in range(9)]
    secret = store.add_chunk(f"The password is {CANARY}.", label)
    question = store.add_question("scenario-plain?")
    for position in range(10):
        chunks = (*public[:position], secret, *public[position:])
        with pytest.raises(LabelTooHigh):
            list(gate.stream(GateRequest(question, chunks), Cancel()))
    assert own_cloud.calls == []
    list(gate.stream(GateRequest(question, tuple(public)), Cancel()))
    assert b"Public sentence 3." in own_cloud.received  # the control: the same wire does carry public text
    assert CANARY.encode() not in own_cloud.received


def test_a_label_raised_while_requests_run_is_never_overtaken(
    gate: GateClient, store: MemoryStore, own_cloud: CloudServer
) -> None:
    chunk = store.add_chunk(f"{CANARY} text")
    request = GateRequest(store.add_question("scenario-plain?"), (chunk,))
    for _ in range(20):
        store.relabel(chunk, Label.CONFIDENTIAL)
        before = len(own_cloud.received)
        with pytest.raises(LabelTooHigh):
            list(gate.stream(request, Cancel()))
        assert len(own_cloud.received) == before
        store.relabel(chunk, Label.PUBLIC)
        assert text_of(list(gate.stream(request, Cancel())))


def test_missing_chunks_are_refused_and_nothing_is_sent(
    gate: GateClient, store: MemoryStore, own_cloud: CloudServer
) -> None:
    with pytest.raises(EgressRefused, match="99"):
        list(gate.stream(GateRequest(store.add_question("q"), (ChunkId(99),)), Cancel()))
    assert own_cloud.calls == []


def test_a_provider_s_pause_arrives_inside_with_its_seconds(gate: GateClient, store: MemoryStore) -> None:
    request = GateRequest(store.add_question("scenario-pause"), (store.add_chunk("text"),))
    with pytest.raises(RateLimited) as caught:
        list(gate.stream(request, Cancel()))
    assert caught.value.retry_after == 7.0


def test_what_came_before_a_cut_is_kept(gate: GateClient, store: MemoryStore) -> None:
    request = GateRequest(store.add_question("scenario-cut"), (store.add_chunk("text"),))
    stream = gate.stream(request, Cancel())
    got: list[Piece] = []
    with pytest.raises(CutShort):
        collect(stream, got)
    assert SCENARIOS["scenario-cut"].content.startswith(text_of(got))
    assert text_of(got)


def collect(stream: Iterator[Piece], into: list[Piece]) -> None:
    for piece in stream:
        into.append(piece)  # noqa: PERF402  what came before an error must be kept


def wait_until_left(cloud: CloudServer, since: float) -> float:
    while cloud.calls[0].left_at is None and time.monotonic() - since < 3:
        time.sleep(0.005)
    left_at = cloud.calls[0].left_at
    assert left_at is not None
    return left_at - since


def test_a_cancel_from_another_thread_closes_the_upstream_within_a_second(
    gate: GateClient, store: MemoryStore, own_cloud: CloudServer
) -> None:
    request = GateRequest(store.add_question("scenario-slow"), (store.add_chunk("text"),))
    cancel = Cancel()
    stopped: list[float] = []

    def stop() -> None:
        stopped.append(time.monotonic())
        cancel.cancel()

    pieces: list[Piece] = []
    for piece in gate.stream(request, cancel):
        pieces.append(piece)
        if len(pieces) == 4:
            threading.Thread(target=stop).start()
    assert time.monotonic() - stopped[0] < 1.0
    assert wait_until_left(own_cloud, stopped[0]) < 1.0


def test_a_cancel_while_the_cloud_is_silent_closes_the_upstream_within_a_second(
    gate: GateClient, store: MemoryStore, own_cloud: CloudServer
) -> None:
    own_cloud.scenarios = {"silent": Scenario("late", pause=0.01, before_first=1.0)}
    request = GateRequest(store.add_question("silent"), (store.add_chunk("text"),))
    cancel = Cancel()
    threading.Timer(0.3, cancel.cancel).start()
    started = time.monotonic()
    assert text_of(list(gate.stream(request, cancel))) == ""
    assert time.monotonic() - started < 0.9


def test_dropping_the_stream_closes_the_upstream_within_a_second(
    gate: GateClient, store: MemoryStore, own_cloud: CloudServer
) -> None:
    stream = gate.stream(GateRequest(store.add_question("scenario-slow"), (store.add_chunk("text"),)), Cancel())
    while not isinstance(next(stream), TextPiece):
        pass
    stopped = time.monotonic()
    stream.close()  # type: ignore[attr-defined]
    assert wait_until_left(own_cloud, stopped) < 1.0


def test_a_request_cancelled_beforehand_is_not_sent(
    gate: GateClient, store: MemoryStore, own_cloud: CloudServer
) -> None:
    cancel = Cancel()
    cancel.cancel()
    request = GateRequest(store.add_question("scenario-plain"), (store.add_chunk("text"),))
    assert list(gate.stream(request, cancel)) == []
    assert own_cloud.calls == []


def test_many_answers_at_once_stay_apart(gate: GateClient, store: MemoryStore, own_cloud: CloudServer) -> None:
    own_cloud.scenarios = {f"number-{n:02}": Scenario(f"answer {n:02} " * 5, pause=0.01) for n in range(20)}
    chunk = store.add_chunk("text")
    requests = [GateRequest(store.add_question(f"number-{n:02}"), (chunk,)) for n in range(20)]
    texts: dict[int, str] = {}

    def run(number: int) -> None:
        texts[number] = text_of(list(gate.stream(requests[number], Cancel())))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert texts == {n: f"answer {n:02} " * 5 for n in range(20)}


def test_a_gate_that_is_not_there_is_unreachable_and_not_ready(folder: Path) -> None:
    client = GateClient(folder / "nobody")
    assert client.status() == GateStatus("", "", "", ready=False, why="unreachable")
    with pytest.raises(Unreachable):
        list(client.stream(GateRequest(1, (1,)), Cancel()))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/", b"", 404),
        ("POST", "/status", b"", 404),
        ("POST", "/answer", b"{}", 400),
        ("POST", "/answer", b'{"question_id":1,"chunk_ids":[1],"message_ids":[],"text":"send this"}', 400),
        ("POST", "/answer", b" " * 300_000, 400),
    ],
)
def test_anything_else_over_the_socket_is_turned_away(
    gate: GateClient, own_cloud: CloudServer, folder: Path, method: str, path: str, body: bytes, status: int
) -> None:
    connection = http.client.HTTPConnection("gate", timeout=5)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(folder / "gate"))
    connection.request(method, path, body)
    assert connection.getresponse().status == status
    connection.close()
    assert own_cloud.calls == []


class BrokenStore(MemoryStore):
    """Fails in a way nobody foresaw."""

    def question(self, id: object) -> object:  # type: ignore[override]
        raise RuntimeError(CANARY)


def test_an_unforeseen_failure_is_a_refusal_and_keeps_its_text(settings: Settings, folder: Path) -> None:
    with run_gate(BrokenStore(), settings, folder) as client, pytest.raises(EgressRefused) as caught:
        list(client.stream(GateRequest(1, (1,)), Cancel()))  # type: ignore[arg-type]
    assert "RuntimeError" in str(caught.value)
    assert CANARY not in str(caught.value)


def test_the_gate_adds_little_to_the_first_token(
    gate: GateClient, store: MemoryStore, own_cloud: CloudServer, settings: Settings
) -> None:
    """Against LangChain's ChatOpenAI used directly, in the same run; the goal on a quiet machine is 10 ms."""
    from langchain_openai import ChatOpenAI
    from pydantic import SecretStr

    direct = ChatOpenAI(model="test-model", api_key=SecretStr("k"), base_url=own_cloud.url, max_retries=0)
    request = GateRequest(store.add_question("scenario-plain"), (store.add_chunk("text"),))
    through, straight = [], []
    for _ in range(15):
        started = time.perf_counter()
        stream = gate.stream(request, Cancel())
        next(piece for piece in stream if isinstance(piece, TextPiece))
        through.append(time.perf_counter() - started)
        list(stream)
        started = time.perf_counter()
        chunks = direct.stream("scenario-plain", stream_usage=True)
        next(chunk for chunk in chunks if chunk.content)
        straight.append(time.perf_counter() - started)
        list(chunks)
    added = statistics.median(through) - statistics.median(straight)
    direct.root_client.close()
    print(f"\nfirst token: {statistics.median(straight) * 1e3:.1f} ms direct, gate adds {added * 1e3:.1f} ms")
    assert added < 0.05
