"""What is removed is gone from the disk, not only from sight."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rag.policy.labels import Label
from rag.records import MessageStatus, SourceId
from rag.store import Store
from tests.fakes.drafts import chunk_ids_of, find_passage, make_document, make_receipt

CANARY = "canary-of-removed-text"


def bytes_on_disk(home: Path) -> bytes:
    """Everything in the home, read by another process: opening the file here would drop SQLite's locks."""
    program = (
        "import sys, pathlib\n"
        "for path in pathlib.Path(sys.argv[1]).iterdir(): sys.stdout.buffer.write(path.read_bytes())"
    )
    done = subprocess.run([sys.executable, "-c", program, str(home)], capture_output=True, check=True)
    return done.stdout


def filler(rng: random.Random, size: int) -> list[str]:
    return ["".join(rng.choices("abcdefghij klmno", k=size)) for _ in range(rng.randint(1, 5))]


def with_canary(rng: random.Random, size: int) -> list[str]:
    """Texts of which every stretch as long as a few dozen characters holds the canary."""
    return [(CANARY + "-") * (1 + size // len(CANARY)) for _ in range(rng.randint(1, 6))]


REMOVALS: dict[str, Callable[[Store, SourceId, int], object]] = {
    "deleting": lambda store, source, document: store.delete_document(document),
    "replacing": lambda store, source, document: store.save_document(make_document(source, "secret.md", ("new",))),
    "moving over it": lambda store, source, document: store.move_document(
        store.find_document(source, "0.md").id, source_id=source, path="secret.md", mtime_ns=1
    ),
}


@pytest.mark.parametrize("size", [10, 900, 5_000, 60_000])
@pytest.mark.parametrize("removal", REMOVALS)
def test_no_byte_of_a_removed_document_stays_on_the_disk(
    store: Store, home: Path, source_id: SourceId, removal: str, size: int
) -> None:
    rng = random.Random(f"{removal} {size}")
    for number in range(30):
        store.save_document(make_document(source_id, f"{number}.md", filler(rng, size)))
        if number == 15:
            secret = store.save_document(make_document(source_id, "secret.md", with_canary(rng, size)))
    assert CANARY.encode() in bytes_on_disk(home)
    with Store.open(home, read_only=True) as idle_gate:
        idle_gate.sources()
        REMOVALS[removal](store, source_id, secret)
        assert CANARY.encode() not in bytes_on_disk(home)


def test_random_histories_leave_no_byte_of_what_was_removed(store: Store, home: Path, source_id: SourceId) -> None:
    rng = random.Random(7)
    living: dict[str, int] = {}
    for step in range(150):
        path = f"{rng.randint(0, 25)}.md"
        if path in living and rng.random() < 0.5:
            store.delete_document(living.pop(path))
        else:
            texts = [f"{CANARY}-{step}-{number}. {'y' * rng.randint(0, 3_000)}" for number in range(rng.randint(1, 8))]
            living[path] = store.save_document(make_document(source_id, path, texts))
    for document_id in living.values():
        store.delete_document(document_id)
    assert CANARY.encode() not in bytes_on_disk(home)


def test_a_removed_source_leaves_no_byte(store: Store, home: Path, source_id: SourceId) -> None:
    rng = random.Random(3)
    for number in range(40):
        store.save_document(make_document(source_id, f"{number}.md", with_canary(rng, 700)))
    store.remove_source(source_id)
    assert CANARY.encode() not in bytes_on_disk(home)


@pytest.mark.parametrize("withdraw", [True, False], ids=["withdrawn", "deleted"])
def test_a_conversation_that_is_gone_leaves_only_its_receipts(store: Store, home: Path, withdraw: bool) -> None:
    chat = store.create_chat("kept title")
    first = store.add_question(chat.id, CANARY * 40, standalone=CANARY * 3, own_label=Label.PUBLIC, local_only=False)
    for _ in range(30):
        question = store.add_question(chat.id, CANARY * 9, standalone=CANARY, own_label=Label.PUBLIC, local_only=False)
        store.add_answer(
            question.id,
            CANARY * 50,
            status=MessageStatus.COMPLETE,
            used=(),
            citations=(),
            receipt=make_receipt(),
        )
    assert CANARY.encode() in bytes_on_disk(home)
    if withdraw:
        store.delete_messages_from(first.message_id)
    else:
        store.delete_chat(chat.id)
    assert CANARY.encode() not in bytes_on_disk(home)
    assert len(store.receipts()) == 30


def test_erasing_waits_for_a_reader_and_happens_with_the_next_removal(
    store: Store, home: Path, source_id: SourceId
) -> None:
    secret = store.save_document(make_document(source_id, "secret.md", (CANARY * 30,)))
    other = store.save_document(make_document(source_id, "other.md"))
    with Store.open(home, read_only=True) as reader, reader.reading():
        store.delete_document(secret)
        (first, _) = chunk_ids_of(reader, other)
        assert find_passage(reader, first).chunk.text == "first passage"
        assert reader.find_document(source_id, "secret.md") is not None
    assert store.find_document(source_id, "secret.md") is None
    store.delete_document(other)
    assert CANARY.encode() not in bytes_on_disk(home)
