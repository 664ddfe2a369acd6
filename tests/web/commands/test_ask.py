"""`airlock ask` before the cloud: what is announced, when it asks, and when nothing is sent."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rag.cancel import Cancel
from rag.config import load_settings
from rag.records import MessageStatus, Zone
from rag.store import Store
from rag.wiring import Airlock
from tests.fakes.airlock import ScriptedAnswering, fake_airlock, fill_store
from tests.web.commands.conftest import Run
from web.commands import ask as command
from web.inside import Inside


@pytest.fixture
def cloud(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedAnswering]:
    """An answering side that would go to the cloud and wants a yes."""
    store = Store.open(home)
    fill_store(store, tmp_path)
    airlock, answering = fake_airlock(load_settings(), store)
    answering.zone, answering.confirm = Zone.CLOUD, True

    @contextmanager
    def given(_inside: Inside) -> Iterator[Airlock]:
        yield airlock

    monkeypatch.setattr(Inside, "airlock", given)
    yield answering
    store.close()


@pytest.mark.parametrize("policy", ["first", "never"])
def test_without_a_terminal_the_owners_setting_is_the_consent(
    run: Run, cloud: ScriptedAnswering, monkeypatch: pytest.MonkeyPatch, policy: str
) -> None:
    monkeypatch.setenv("AIRLOCK_CONFIRM_CLOUD", policy)
    done = run("ask", "x", "--json")
    assert (done.code, done.json["route"]["zone"]) == (0, "cloud")


def test_where_asking_is_always_wanted_nothing_is_sent_without_a_yes(
    run: Run, cloud: ScriptedAnswering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRLOCK_CONFIRM_CLOUD", "always")
    refused = run("ask", "x", "--json")
    assert (refused.code, refused.out) == (5, "")
    assert "say --yes" in refused.err
    assert cloud.choices == []
    assert run("ask", "x", "--json", "--yes").json["route"]["zone"] == "cloud"


@pytest.mark.parametrize(("yes", "zone"), [(True, Zone.CLOUD), (False, Zone.LOCAL)])
def test_on_a_terminal_the_person_is_asked_after_the_documents_are_named(
    run: Run, cloud: ScriptedAnswering, monkeypatch: pytest.MonkeyPatch, yes: bool, zone: Zone
) -> None:
    monkeypatch.setattr(command, "is_terminal", lambda: True)
    monkeypatch.setattr(command, "ask_yes", lambda _question: yes)
    done = run("ask", "x")
    assert cloud.choices == [zone]
    assert "Would send to openai (gpt-test): excerpts of leave.md (public)" in done.err
    assert ("Sending to openai" in done.err) is yes
    assert done.out.startswith("Ten days [1].")


def test_what_is_sent_is_said_on_standard_error_before_the_answer(run: Run, cloud: ScriptedAnswering) -> None:
    done = run("ask", "x", "--yes")
    assert "Sending to openai (gpt-test): excerpts of leave.md (public)" in done.err
    assert "Sending" not in done.out


def test_the_first_interrupt_stops_the_answer_and_keeps_what_came(run: Run, cloud: ScriptedAnswering) -> None:
    cloud.hold, cloud.confirm = True, False

    main_thread = threading.main_thread().ident
    assert main_thread is not None

    def interrupt() -> None:
        if cloud.held.wait(60):  # a stray signal would end the whole run
            signal.pthread_kill(main_thread, signal.SIGINT)

    threading.Thread(target=interrupt).start()
    started = time.monotonic()
    done = run("ask", "x", "--json")
    assert time.monotonic() - started < 60
    assert (done.code, done.json["status"]) == (130, "stopped")
    assert cloud.last_answer() == ("Ten ", MessageStatus.STOPPED)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_cancel_that_was_never_used_leaves_the_signal_as_it_was() -> None:
    before = signal.getsignal(signal.SIGINT)
    with command._stopped_by_interrupt(Cancel()):
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before
