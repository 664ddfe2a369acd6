"""A text is looked over once, by this detector, and what was found is kept apart from the text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.detect.detector import Detector
from rag.detect.identity import VERSION, detector_identity
from rag.detect.looking import Looking
from rag.policy.spans import Kind, Span
from rag.store import Store


class Counting(Detector):
    def __init__(self) -> None:
        super().__init__()
        self.looked: list[str] = []

    def detect(self, text: str) -> tuple[Span, ...]:
        self.looked.append(text)
        return (Span(0, 1, Kind.EMAIL, 0.9),) if "@" in text else ()


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    with Store.open(home) as opened:
        yield opened


def test_each_text_is_looked_over_once_also_after_a_restart(store: Store) -> None:
    detector = Counting()
    looking = Looking(store, detector)
    first = looking.look(["a@b", "plain", "a@b", ""])
    assert first == {"a@b": (Span(0, 1, Kind.EMAIL, 0.9),), "plain": ()}
    assert looking.look(["plain", "a@b"]) == first
    assert Looking(store, detector).look(["a@b"]) == {"a@b": first["a@b"]}
    assert detector.looked == ["a@b", "plain"]


def test_what_an_older_detector_found_is_not_believed(store: Store) -> None:
    store.save_spans({"text": ()}, "an older one")
    detector = Counting()
    Looking(store, detector).look(["text"])
    assert detector.looked == ["text"]
    assert store.spans(["text"], "an older one") == {}


def test_the_store_keeps_places_and_kinds_and_no_text(store: Store, home: Path) -> None:
    Looking(store).look(["The address is zebra.canary@example.com today."])
    store.close()
    assert b"zebra" not in b"".join(path.read_bytes() for path in home.iterdir() if path.is_file())


def test_the_identity_names_the_version(monkeypatch: pytest.MonkeyPatch) -> None:
    assert detector_identity().startswith(str(VERSION))
    monkeypatch.setattr("rag.detect.identity.find_installed", lambda: {"zh": "zh_core_web_md", "en": "en_core_web_sm"})
    assert detector_identity() == f"{VERSION} en_core_web_sm zh_core_web_md"
