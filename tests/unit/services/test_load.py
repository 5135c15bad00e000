"""What is begun, and what is not, when there is much to do."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from app.services.exposition import GREATEST, LEAST, add_up
from app.services.load import Kind, Load


def a_load(at_once: int = 2, max_lag_milliseconds: int = 250) -> Load:
    return Load(at_once=at_once, max_lag_milliseconds=max_lag_milliseconds)


def test_management_is_given_up_first() -> None:
    load = a_load()
    for _ in range(2):
        assert load.has_room(Kind.MANAGEMENT)
        load.begin(Kind.MANAGEMENT)
    assert not load.has_room(Kind.MANAGEMENT)
    for _ in range(8):
        assert load.has_room(Kind.DISCOVERY)
        load.begin(Kind.DISCOVERY)
    assert not load.has_room(Kind.DISCOVERY)


def test_discovery_takes_no_room_of_management() -> None:
    load = a_load()
    for _ in range(20):
        load.begin(Kind.DISCOVERY)
    assert load.has_room(Kind.MANAGEMENT)


def test_what_has_ended_makes_room() -> None:
    load = a_load(at_once=1)
    load.begin(Kind.MANAGEMENT)
    load.end(Kind.MANAGEMENT)
    assert load.has_room(Kind.MANAGEMENT)


def test_a_late_loop_gives_up_management_and_then_discovery() -> None:
    load = a_load(max_lag_milliseconds=250)
    for lag, rooms in ((0.2, (True, True)), (0.3, (False, True)), (1.1, (False, False))):
        for _ in range(3):
            load.note(lag)
        assert (load.has_room(Kind.MANAGEMENT), load.has_room(Kind.DISCOVERY)) == rooms


def test_a_single_pause_is_not_too_much_to_do() -> None:
    load = a_load()
    for lag in (0.0, 5.0, 0.0, 5.0, 5.0):
        load.note(lag)
        assert load.has_room(Kind.MANAGEMENT)


def test_it_is_over_with_the_first_measurement_in_time() -> None:
    load = a_load()
    for lag in (5.0, 5.0, 5.0, 0.01):
        load.note(lag)
    assert load.has_room(Kind.MANAGEMENT)


@pytest.mark.parametrize("kind", list(Kind))
def test_without_limits_all_is_begun(kind: Kind) -> None:
    load = a_load(at_once=0, max_lag_milliseconds=0)
    for _ in range(5000):
        load.begin(kind)
        load.note(60)
    assert load.has_room(kind)


async def test_lateness_is_measured() -> None:
    # As many measurements as it takes, each of which finds the time half a second later than it should.
    times = iter(range(1000))
    load = Load(at_once=0, max_lag_milliseconds=0, clock=lambda: next(times) * 0.55)
    watching = asyncio.create_task(load.watch())
    async with asyncio.timeout(20):
        while load.lag_seconds == 0:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    assert load.lag_seconds == pytest.approx(0.5)


def test_what_was_not_begun_is_counted() -> None:
    load = a_load()
    load.shed(Kind.MANAGEMENT)
    load.begin(Kind.DISCOVERY)
    metrics = load.metrics()
    assert 'signpost_requests_shed_total{kind="management"} 1\n' in metrics
    assert 'signpost_requests_under_way{kind="discovery"} 1\n' in metrics


def test_of_several_processes_the_latest_is_told() -> None:
    loads = a_load(), a_load()
    for _ in range(3):
        loads[0].note(0.125)
    assert "signpost_loop_lag_seconds 0.125" in add_up(load.metrics() for load in loads)
    assert not LEAST & GREATEST
