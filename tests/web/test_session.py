"""The password session and the brake on guessing."""

from __future__ import annotations

from web.session import FREE_TRIES, LIFETIME_SECONDS, LONGEST_WAIT, Sessions, Throttle


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_only_the_right_password_is_accepted() -> None:
    sessions = Sessions("open sesame", b"key")
    assert sessions.accepts("open sesame")
    assert not sessions.accepts("open sesame ")
    assert not sessions.accepts("")


def test_a_session_holds_until_it_is_closed_or_twelve_hours_are_over() -> None:
    clock = Clock()
    sessions = Sessions("x", b"key", now=clock)
    first, second = sessions.open(), sessions.open()
    assert first != second
    assert sessions.holds(first)
    sessions.close(first)
    assert not sessions.holds(first)
    assert sessions.holds(second)
    clock.now += LIFETIME_SECONDS
    assert not sessions.holds(second)


def test_an_unknown_or_empty_session_is_never_held() -> None:
    sessions = Sessions("x", b"key")
    assert not sessions.holds("")
    assert not sessions.holds("guessed")


def test_two_stores_on_one_host_use_different_cookies() -> None:
    assert Sessions("x", b"one").cookie != Sessions("x", b"two").cookie


def test_the_sixth_try_waits_and_each_further_wait_is_twice_as_long() -> None:
    clock = Clock()
    throttle = Throttle(now=clock)
    assert [throttle.admit("a") for _ in range(FREE_TRIES)] == [0] * FREE_TRIES
    assert throttle.admit("a") == 2
    clock.now += 2
    assert throttle.admit("a") == 0
    assert throttle.admit("a") == 4


def test_waiting_never_exceeds_five_minutes() -> None:
    clock = Clock()
    throttle = Throttle(now=clock)
    for _ in range(40):
        clock.now += LONGEST_WAIT
        assert throttle.admit("a") == 0
    assert throttle.admit("a") == LONGEST_WAIT


def test_one_address_does_not_slow_another_and_a_right_password_forgives() -> None:
    throttle = Throttle()
    for _ in range(FREE_TRIES + 1):
        throttle.admit("a")
    assert throttle.admit("b") == 0
    assert throttle.admit("a") > 0
    throttle.forget("a")
    assert throttle.admit("a") == 0
