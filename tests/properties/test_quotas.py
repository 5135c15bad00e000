"""A quota holds in every window and never shuts anybody out, however many keys there are."""

from __future__ import annotations

import os
from itertools import accumulate
from typing import TYPE_CHECKING

from app.core.quotas import SECOND_NS, Quota, QuotaMeter
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Iterator

# Millions in the long trials; the table is no larger for them.
KEYS = 2_000_000 if os.environ.get("SIGNPOST_HYPOTHESIS_PROFILE") == "soak" else 150_000

quotas = st.builds(Quota, st.just("test"), st.integers(1, 50), st.integers(1, 90))
pauses = st.lists(st.integers(0, 3 * SECOND_NS) | st.integers(0, 1000) | st.just(0), max_size=150)


class Nanoseconds:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        return self.now


def passed_at(meter: QuotaMeter, clock: Nanoseconds, moments: Iterator[int], key: str) -> list[int]:
    passed = []
    for moment in moments:
        clock.now = moment
        if not meter.take(key):
            passed.append(moment)
    return passed


@given(quota=quotas, pauses=pauses, crowd=st.integers(0, 3))
def test_no_window_holds_more_than_the_burst_and_what_is_gained_in_it(
    quota: Quota, pauses: list[int], crowd: int
) -> None:
    clock = Nanoseconds()
    meter = QuotaMeter(quota, clock)

    def moments() -> Iterator[int]:
        for number, moment in enumerate(accumulate(pauses)):
            clock.now = moment
            for other in range(crowd):
                meter.take(f"other {number} {other}")
            yield moment

    passed = passed_at(meter, clock, moments(), "key")
    for start in range(len(passed)):
        for end in range(start, len(passed)):
            gained = (passed[end] - passed[start]) * quota.requests // (quota.window_seconds * SECOND_NS)
            assert end - start + 1 <= quota.requests + gained


@given(quota=quotas, pauses=pauses)
def test_who_waits_as_long_as_told_is_let_through(quota: Quota, pauses: list[int]) -> None:
    clock = Nanoseconds()
    meter = QuotaMeter(quota, clock)
    longest = -(-quota.window_seconds * SECOND_NS // quota.requests)
    for pause in [*pauses, *[0] * 60]:
        clock.now += pause
        wait = meter.take("key")
        assert 0 <= wait <= longest
        if wait:
            clock.now += wait - 1
            assert meter.take("key") == 1
            clock.now += 1
            assert meter.take("key") == 0


@given(quota=quotas, pauses=pauses)
def test_what_is_told_to_be_left_is_what_passes(quota: Quota, pauses: list[int]) -> None:
    clock = Nanoseconds()
    meter = QuotaMeter(quota, clock)
    for pause in pauses:
        clock.now += pause
        meter.take("key")
    standing = meter.standing("key")
    assert 0 <= standing.remaining <= quota.requests
    assert (standing.wait_seconds == 0) == (standing.remaining == quota.requests)
    assert [meter.take("key") == 0 for _ in range(standing.remaining + 1)] == [True] * standing.remaining + [
        False
    ]


@given(quota=quotas, pauses=pauses)
def test_a_quota_comes_back_whole(quota: Quota, pauses: list[int]) -> None:
    clock = Nanoseconds()
    meter = QuotaMeter(quota, clock)
    for pause in pauses:
        clock.now += pause
        meter.take("key")
    # Rounding up the time for one makes the whole longer by less than a nanosecond for each.
    clock.now += quota.window_seconds * SECOND_NS + quota.requests
    assert meter.standing("key").remaining == quota.requests
    assert meter.standing("key").wait_seconds == 0


def memory_of(meter: QuotaMeter) -> int:
    return sum(len(table) * table.itemsize for table in (meter._first, meter._second))


def test_any_number_of_keys_takes_no_more_memory_and_none_is_shut_out() -> None:
    clock = Nanoseconds()
    meter = QuotaMeter(Quota("test", 3000), clock)
    before = memory_of(meter)
    assert before == 1 << 20
    refused = 0
    for number in range(KEYS):
        # Faster than any process answers.
        clock.now += SECOND_NS // 50_000
        refused += meter.take(str(number)) > 0
    assert (memory_of(meter), refused) == (before, 0)


def test_keys_at_their_limit_hardly_ever_take_anothers_quota() -> None:
    clock = Nanoseconds()
    meter = QuotaMeter(Quota("test", 10), clock)
    for attacker in range(500):
        for _ in range(20):
            meter.take(f"attacker {attacker}")
    refused = sum(meter.take(f"somebody {number}") > 0 for number in range(20_000))
    # Both places are taken for one in some 17,000.
    assert refused <= 20


def test_a_meter_that_is_made_anew_has_other_places() -> None:
    meters = [QuotaMeter(Quota("test", 1), Nanoseconds()) for _ in range(2)]
    for meter in meters:
        meter.take("key")
    taken = [[place for place, used in enumerate(meter._first) if used] for meter in meters]
    assert taken[0] != taken[1]
