from __future__ import annotations

from datetime import timedelta

import pytest
from app.core.retrying import MAX_ATTEMPTS, MAX_WAIT, parse_retry_after, rest_after, retry_wait

from fakes.clock import NOW


def test_the_schedule_goes_from_five_seconds_to_a_day_and_takes_three_days() -> None:
    waits = [retry_wait(attempts, 0) for attempts in range(1, MAX_ATTEMPTS)]
    known = [wait for wait in waits if wait is not None]
    assert len(known) == len(waits) == 9
    assert known[0] == timedelta(seconds=5)
    assert known[-1] == timedelta(hours=24)
    assert timedelta(days=3) < sum(known, timedelta()) < timedelta(days=4)
    assert retry_wait(MAX_ATTEMPTS, 0) is None


def test_what_a_receiver_asks_for_lengthens_a_wait_and_never_shortens_it() -> None:
    assert retry_wait(1, 0, timedelta(minutes=2)) == timedelta(minutes=2)
    assert retry_wait(3, 0, timedelta(seconds=1)) == timedelta(minutes=30)
    assert retry_wait(1, 0, timedelta(days=400)) == MAX_WAIT
    assert retry_wait(MAX_ATTEMPTS, 0, timedelta(minutes=2)) is None


def test_a_receiver_rests_longer_with_each_failure_up_to_a_minute() -> None:
    rests = [rest_after(failures).total_seconds() for failures in (1, 2, 3, 6, 7, 10_000)]
    assert rests == [1, 2, 4, 32, 60, 60]
    assert rest_after(1, timedelta(hours=1)) == timedelta(hours=1)
    assert rest_after(1, timedelta(days=400)) == MAX_WAIT


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("9" * 30, MAX_WAIT.total_seconds()),
        ("Sun, 29 Mar 2026 01:31:15 GMT", 59.749999),
        ("Sun, 29 Mar 2026 01:31:15 -0000", 59.749999),
        ("Sun, 29 Mar 2020 01:31:15 GMT", 0),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, seconds: float) -> None:
    found = parse_retry_after(text, NOW)
    assert found is not None
    assert found.total_seconds() == pytest.approx(seconds)


@pytest.mark.parametrize("text", [None, "", "soon", "-1", "1.5", "²", "Sun, 99 Mar 2026 01:31:15 GMT"])
def test_a_retry_after_that_is_none_is_ignored(text: str | None) -> None:
    assert parse_retry_after(text, NOW) is None
