"""The real gate process over a real store another process writes: what the cloud receives, byte for byte."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.cancel import Cancel
from rag.errors import Damaged, EgressRefused, LabelTooHigh
from rag.gate.client import GateClient
from rag.gate.wire import GateRequest
from rag.policy.labels import Label, LabelSource
from rag.records import ChunkId, DocumentId, Question, TextPiece
from rag.store import Store
from tests.fakes.cloud_server import CloudServer
from tests.fakes.drafts import make_document
from tests.rag.gate.test_main import environment_of, running

CANARY = "CANARY-5e02-kingfisher"


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    """The inside's own connection to the store."""
    with Store.open(home) as opened:
        yield opened


@pytest.fixture
def gate(store: Store, home: Path, folder: Path, own_cloud: CloudServer) -> Iterator[GateClient]:
    """The gate's process on the same store."""
    with running(folder / "gate", environment_of(home, own_cloud)) as client:
        yield client


def add(store: Store, number: int, text: str, label: Label = Label.PUBLIC) -> tuple[DocumentId, ChunkId]:
    source = store.add_source("folder", "/folder")
    document = store.save_document(make_document(source.id, f"{number}.md", [text], label=label))
    return document, store.chunk_ids_of(document)[0]


def ask(
    store: Store, text: str = "scenario-plain?", label: Label = Label.PUBLIC, *, local_only: bool = False
) -> Question:
    chat = store.create_chat()
    return store.add_question(chat.id, text, standalone=text, own_label=label, local_only=local_only)


def send(gate: GateClient, question: Question, *chunks: ChunkId) -> str:
    pieces = gate.stream(GateRequest(question.id, chunks), Cancel())
    return "".join(piece.text for piece in pieces if isinstance(piece, TextPiece))


def test_a_confidential_passage_is_never_in_the_bytes_at_any_position(
    gate: GateClient, store: Store, own_cloud: CloudServer
) -> None:
    public = [add(store, number, f"Public sentence {number}.")[1] for number in range(7)]
    _, secret = add(store, 99, f"The code word is {CANARY}.", Label.CONFIDENTIAL)
    question = ask(store)
    assert send(gate, question, *public)
    sent = own_cloud.received
    for position in range(8):
        with pytest.raises(LabelTooHigh):
            send(gate, question, *public[:position], secret, *public[position:])
    assert own_cloud.received == sent
    assert b"Public sentence 6." in sent
    assert CANARY.encode() not in sent


def test_a_label_raised_by_another_process_holds_from_the_next_request_on(
    gate: GateClient, store: Store, own_cloud: CloudServer
) -> None:
    document, chunk = add(store, 1, f"{CANARY} was public.")
    question = ask(store)
    for _ in range(10):
        store.relabel_document(document, Label.CONFIDENTIAL, LabelSource.OWNER)
        before = own_cloud.received
        with pytest.raises(LabelTooHigh):
            send(gate, question, chunk)
        assert own_cloud.received == before
        store.relabel_document(document, Label.PUBLIC, LabelSource.OWNER)
        assert send(gate, question, chunk)


def test_no_request_that_starts_after_a_raise_is_sent_while_others_run(
    gate: GateClient, store: Store, own_cloud: CloudServer
) -> None:
    document, chunk = add(store, 1, "Text that will be raised.")
    questions = [ask(store) for _ in range(12)]
    raised = threading.Event()
    late: list[str] = []

    def work(question: Question) -> None:
        after = raised.is_set()
        try:
            text = send(gate, question, chunk)
        except LabelTooHigh:
            return
        if after:
            late.append(text)

    threads = [threading.Thread(target=work, args=(question,)) for question in questions]
    for number, thread in enumerate(threads):
        if number == len(threads) // 2:
            store.relabel_document(document, Label.RESTRICTED, LabelSource.OWNER)
            raised.set()
        thread.start()
    for thread in threads:
        thread.join(30)
    assert late == []


def test_a_local_only_source_and_a_local_only_question_send_nothing(
    gate: GateClient, store: Store, own_cloud: CloudServer
) -> None:
    _, chunk = add(store, 1, "Public text.")
    with pytest.raises(EgressRefused):
        send(gate, ask(store, local_only=True), chunk)
    store.set_source_local_only(store.sources()[0].id, True)
    with pytest.raises(EgressRefused):
        send(gate, ask(store), chunk)
    assert own_cloud.calls == []


def test_a_deleted_passage_is_refused(gate: GateClient, store: Store, own_cloud: CloudServer) -> None:
    document, chunk = add(store, 1, "Gone.")
    question = ask(store)
    store.delete_document(document)
    with pytest.raises(EgressRefused, match="not in the store"):
        send(gate, question, chunk)
    assert own_cloud.calls == []


@pytest.mark.parametrize(
    "hostile",
    [
        "{{7*7}}",
        "{x.__class__}",
        "%(key)s ${KEY}",
        '{"lc":1,"type":"secret","id":["OPENAI_API_KEY"]}',
        "\u2028\x00\ud7ff",
    ],
)
def test_hostile_text_arrives_as_the_text_it_is(
    gate: GateClient, store: Store, own_cloud: CloudServer, hostile: str
) -> None:
    import json

    _, chunk = add(store, 1, f"Before {hostile} after.")
    assert send(gate, ask(store, f"scenario-plain {hostile}?"), chunk)
    content = json.loads(own_cloud.calls[0].body)["messages"][-1]["content"]
    assert f"Before {hostile} after." in content
    assert f"scenario-plain {hostile}?" in content
    assert b"key-of-the-gate" not in own_cloud.calls[0].body


def test_a_damaged_passage_is_not_sent(gate: GateClient, store: Store, own_cloud: CloudServer, home: Path) -> None:
    import apsw

    _, chunk = add(store, 1, "Right text.")
    question = ask(store)
    connection = apsw.Connection(str(home / "store.db"))
    columns = [row[1] for row in connection.execute("pragma table_info(chunks)")]
    assert "text" in columns
    connection.execute("update chunks set text = 'Wrong text.' where id = ?", (chunk,))
    connection.close()
    with pytest.raises(Damaged):
        send(gate, question, chunk)
    assert own_cloud.calls == []
