from __future__ import annotations

import pytest
from app.core.errors import TooManyRequests
from app.services.attempts import _MOST_ADDRESSES, FailedAttempts

from fakes.clock import FixedClock

HERE = "192.0.2.1"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def attempts(clock: FixedClock) -> FailedAttempts:
    return FailedAttempts(lambda: clock().timestamp(), 3)


def fail(attempts: FailedAttempts, times: int, address: str | None = HERE) -> None:
    for _ in range(times):
        attempts.note(address)


def wait_of(attempts: FailedAttempts, address: str | None = HERE) -> int:
    try:
        attempts.check(address)
    except TooManyRequests as refused:
        return refused.seconds
    return 0


def test_some_failures_are_free(attempts: FailedAttempts) -> None:
    fail(attempts, 2)
    assert wait_of(attempts) == 0


def test_each_further_failure_doubles_the_wait_up_to_a_minute(attempts: FailedAttempts) -> None:
    fail(attempts, 2)
    waits = []
    for _ in range(9):
        attempts.note(HERE)
        waits.append(wait_of(attempts))
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    fail(attempts, 10_000)
    assert wait_of(attempts) == 60


def test_a_wait_ends(attempts: FailedAttempts, clock: FixedClock) -> None:
    fail(attempts, 4)
    clock.advance(seconds=1.5)
    assert wait_of(attempts) == 1
    clock.advance(seconds=0.5)
    assert wait_of(attempts) == 0


def test_failures_are_forgotten(attempts: FailedAttempts, clock: FixedClock) -> None:
    fail(attempts, 10)
    clock.advance(minutes=15, seconds=1)
    fail(attempts, 2)
    assert wait_of(attempts) == 0


@pytest.mark.parametrize("other", ["192.0.2.2", "testclient", None])
def test_each_address_has_failures_of_its_own(attempts: FailedAttempts, other: str | None) -> None:
    fail(attempts, 5)
    assert wait_of(attempts, other) == 0
    fail(attempts, 3, other)
    assert wait_of(attempts, other) == 1


def test_an_ipv4_address_is_the_same_in_ipv6_form(attempts: FailedAttempts) -> None:
    fail(attempts, 3)
    assert wait_of(attempts, "::ffff:192.0.2.1") == 1


def test_one_line_of_ipv6_is_one_address(attempts: FailedAttempts) -> None:
    for number in range(3):
        attempts.note(f"2001:db8:1:2::{number}")
    assert wait_of(attempts, "2001:db8:1:2:ffff::1")
    assert not wait_of(attempts, "2001:db8:1:3::1")


def test_memory_is_bounded(attempts: FailedAttempts) -> None:
    for number in range(_MOST_ADDRESSES + 50):
        attempts.note(f"host{number}")
    assert len(attempts._failures) == _MOST_ADDRESSES


def test_there_may_be_no_limit(clock: FixedClock) -> None:
    attempts = FailedAttempts(lambda: clock().timestamp(), 0)
    fail(attempts, 1000)
    assert wait_of(attempts) == 0
    assert not attempts._failures
