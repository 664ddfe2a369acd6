"""Internal text reaches the cloud with its identifiers hidden: real recognisers, real gate, recorded wire."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rag.answer import Answering, Ask
from rag.cancel import Cancel
from rag.config import Settings, load_settings
from rag.detect.looking import Looking
from rag.errors import EgressRefused, LabelTooHigh
from rag.events import Asked, Event, Routed
from rag.gate.wire import GateRequest
from rag.policy.labels import Label, LabelSource
from rag.records import ChatId, ChunkId, Zone
from rag.store import Store
from tests.fakes.cloud_server import CloudServer
from tests.fakes.gate_server import run_gate
from tests.fakes.reader import PlainReader
from tests.leaks.test_confidential_stays import NoLocalModel, Quoting, Scene, done

SURFACES = ("mei.lin@example.com", "0912-345-678", "A123456789", "4111 1111 1111 1111", "192.0.2.77")
ENGLISH = f"Write to {SURFACES[0]}, call {SURFACES[1]} or reach the host {SURFACES[4]}. The card is {SURFACES[3]}."
CHINESE = f"申請人身分證字號 {SURFACES[2]}，電子郵件 {SURFACES[0]}，電話 {SURFACES[1]}。"


def configure(cloud: CloudServer, **detect: Any) -> Settings:
    return load_settings(
        confirm_cloud="never",
        mixed="local",
        cloud={"enabled": True, "base_url": cloud.url, "model": "test-model"},
        detect={"without_names": True, **detect},
    )


@pytest.fixture
def scene(home: Path) -> Iterator[Scene]:
    with CloudServer() as cloud, Store.open(home) as store, tempfile.TemporaryDirectory(prefix="gate-") as folder:
        cloud.repeats_placeholders = True
        reader = Store.open(home, read_only=True)
        with run_gate(reader, configure(cloud), Path(folder)) as gate:
            scene = Scene(store, gate, cloud)
            scene.public = [
                scene.add("contact.md", "Contact mei.lin@example.com", ENGLISH, Label.INTERNAL),
                scene.add("申請.md", "申請", CHINESE, Label.INTERNAL),
            ]
            yield scene
        reader.close()


def ask(scene: Scene, text: str, found: list[ChunkId], chat_id: ChatId | None = None, **detect: Any) -> list[Event]:
    scene.found = found
    settings = configure(scene.cloud, **detect)
    answering = Answering(
        settings, scene.store, scene, NoLocalModel(), Quoting(), scene.gate, Looking(scene.store), PlainReader()
    )  # type: ignore[arg-type]
    return list(answering.ask(Ask(text, chat_id), Cancel()))


def seen(scene: Scene) -> list[str]:
    """The identifiers that any request carried, in whatever spelling JSON gives them."""
    received = scene.cloud.received.decode("utf-8", "replace")
    both = received + received.encode().decode("unicode_escape", "replace")
    return [surface for surface in SURFACES if surface in both]


def test_the_search_finds_identifiers_that_are_sent_as_they_are(scene: Scene) -> None:
    """The positive control: the same text labelled public is seen by the same search."""
    for chunk in scene.public:
        scene.store.relabel_document(scene.document(chunk), Label.PUBLIC, LabelSource.OWNER)
    assert done(ask(scene, "Who?", scene.public)).receipt.zone is Zone.CLOUD
    assert seen(scene) == list(SURFACES)


def test_what_is_sent_holds_no_identifier_and_the_answer_shows_them_again(scene: Scene) -> None:
    end = done(ask(scene, f"Is {SURFACES[0]} the right address?", scene.public))
    assert (end.receipt.zone, end.receipt.label) == (Zone.CLOUD, Label.INTERNAL)
    assert end.receipt.reasons[0].code == "masked_allows_cloud"
    assert seen(scene) == []
    assert "⟦EMAIL_1_" in scene.cloud.received.decode()
    assert all(surface in end.text for surface in SURFACES)
    assert "⟦" not in end.text
    assert end.receipt.masked is not None
    assert end.receipt.masked["EMAIL"] == 5  # the title, the heading, both texts, the question
    assert {"PHONE", "TW_ID", "CARD", "IP"} <= set(end.receipt.masked)


def test_a_later_question_hides_the_same_things_under_the_same_names(scene: Scene) -> None:
    first = ask(scene, "Whose address is it?", scene.public)
    chat = next(event for event in first if isinstance(event, Asked)).chat_id
    names = set(re.findall("⟦[^⟦⟧]*⟧", scene.cloud.received.decode()))
    later = done(ask(scene, "And which card?", [scene.public[1]], chat))
    assert later.receipt.zone is Zone.CLOUD
    again = set(re.findall("⟦[^⟦⟧]*⟧", scene.cloud.calls[-1].body.decode()))
    assert again
    assert again <= names
    assert seen(scene) == []


def test_no_conversation_knows_anothers_placeholders(scene: Scene) -> None:
    ask(scene, "One?", scene.public)
    first = set(re.findall("⟦[^⟦⟧]*⟧", scene.cloud.calls[-1].body.decode()))
    ask(scene, "Two?", scene.public)
    second = set(re.findall("⟦[^⟦⟧]*⟧", scene.cloud.calls[-1].body.decode()))
    examples = {"⟦EMAIL_1_AB12⟧", "⟦ ⟧"}  # in the instructions
    assert first & second <= examples
    stolen = min(first - examples)
    assert stolen in done(ask(scene, f"What is {stolen}?", scene.public)).text


def test_without_a_recogniser_of_names_it_stays_here_unless_the_configuration_says_otherwise(scene: Scene) -> None:
    events = ask(scene, "Who?", scene.public, without_names=False)
    assert done(events).receipt.zone is Zone.LOCAL
    reasons = [reason.code for event in events if isinstance(event, Routed) for reason in event.route.reasons]
    assert "masked_no_names" in reasons
    assert scene.cloud.received == b""


def test_the_gate_refuses_what_nobody_looked_at_and_what_its_vault_does_not_know(scene: Scene) -> None:
    asked = next(event for event in ask(scene, "Who?", []) if isinstance(event, Asked))
    request = GateRequest(asked.question_id, tuple(scene.public))
    with pytest.raises(LabelTooHigh, match="masked"):
        list(scene.gate.stream(request, Cancel()))
    looking = Looking(scene.store)
    chunks, infos = scene.store.chunks(scene.public), scene.store.chunk_evidence(scene.public)
    looking.look(["Who?", *(one.text for one in chunks), *(info.title for info in infos.values())])
    with pytest.raises(EgressRefused, match="vault"):
        list(scene.gate.stream(request, Cancel()))
    assert scene.cloud.received == b""


def test_a_higher_label_among_masked_passages_keeps_all_here(scene: Scene) -> None:
    secret = scene.add("secret.md", "secret", "The plan.", Label.CONFIDENTIAL)
    assert done(ask(scene, "Who?", [*scene.public, secret])).receipt.zone is Zone.LOCAL
    assert scene.cloud.received == b""


def test_deleting_the_conversation_empties_its_vault(scene: Scene, home: Path) -> None:
    chat = next(event for event in ask(scene, "Who?", scene.public) if isinstance(event, Asked)).chat_id
    assert scene.store.vault(chat) is not None
    scene.store.delete_chat(chat)
    assert scene.store.vault(chat) is None
