"""The cancel token."""

from __future__ import annotations

import threading

from rag.cancel import Cancel


def test_cancelling_runs_every_callback_once() -> None:
    cancel = Cancel()
    ran: list[str] = []
    cancel.on_cancel(lambda: ran.append("a"))
    cancel.on_cancel(lambda: ran.append("b"))
    assert not cancel.cancelled
    cancel.cancel()
    cancel.cancel()
    assert cancel.cancelled
    assert ran == ["a", "b"]


def test_a_callback_registered_too_late_runs_at_once() -> None:
    cancel = Cancel()
    cancel.cancel()
    ran: list[str] = []
    cancel.on_cancel(lambda: ran.append("late"))
    assert ran == ["late"]


def test_a_callback_that_was_taken_back_does_not_run() -> None:
    cancel = Cancel()
    ran: list[str] = []
    cancel.on_cancel(lambda: ran.append("kept"))
    forget = cancel.on_cancel(lambda: ran.append("taken back"))
    forget()
    forget()
    with cancel.watched_by(lambda: ran.append("left")):
        pass
    cancel.cancel()
    assert ran == ["kept"]


def test_a_callback_that_raises_keeps_none_of_the_others_from_running() -> None:
    cancel = Cancel()
    ran: list[str] = []

    def fail() -> None:
        raise OSError("no such socket")

    cancel.on_cancel(fail)
    cancel.on_cancel(lambda: ran.append("second"))
    cancel.cancel()
    assert ran == ["second"]


def test_a_callback_may_use_the_token_it_hangs_on() -> None:
    cancel = Cancel()
    seen: list[bool] = []
    cancel.on_cancel(lambda: cancel.on_cancel(lambda: seen.append(cancel.cancelled)))
    thread = threading.Thread(target=cancel.cancel)
    thread.start()
    thread.join(2)
    assert seen == [True]
