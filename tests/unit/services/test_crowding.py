"""How much of what is probed at a time may be at one address."""

from __future__ import annotations

from datetime import timedelta

from app.services.crowding import Crowds

from fakes.clock import NOW

ONE, OTHER = frozenset({"192.0.2.1"}), frozenset({"192.0.2.2"})


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def full(addresses: frozenset[str] = ONE) -> Crowds:
    crowds = Crowds(2)
    assert [crowds.enter(addresses) for _ in range(3)] == [True, True, False]
    return crowds


def test_an_address_has_so_many_places_and_others_have_theirs() -> None:
    crowds = full()
    assert crowds.enter(OTHER)
    crowds.leave(ONE, NOW)
    assert crowds.enter(ONE)
    assert not crowds.enter(ONE)


def test_what_is_at_several_addresses_counts_at_each() -> None:
    crowds = full(ONE | OTHER)
    assert not crowds.enter(OTHER)
    crowds.leave(ONE | OTHER, NOW)
    assert [crowds.enter(OTHER), crowds.enter(OTHER)] == [True, False]
    # Nothing was counted where there was room.
    assert not crowds.enter(ONE | OTHER)
    assert crowds.enter(ONE)


def test_what_was_never_looked_at_is_never_too_much() -> None:
    crowds = Crowds(1)
    assert all(crowds.enter(frozenset()) for _ in range(10))
    crowds.leave(frozenset(), NOW)


def test_those_that_find_no_place_come_again_one_after_the_other() -> None:
    crowds = full()
    turns = [crowds.next_turn(ONE, NOW) for _ in range(3)]
    assert turns == sorted(set(turns))
    assert turns[0] > NOW
    assert turns[-1] < NOW + seconds(1)


def test_they_come_as_fast_as_places_become_free() -> None:
    crowds = full()
    for number in range(4):
        crowds.leave(ONE, NOW + seconds(3 * number))
        assert crowds.enter(ONE)
    now = NOW + seconds(60)
    assert crowds.next_turn(ONE, now) == now + seconds(2.4)
    assert crowds.next_turn(ONE, now) == now + seconds(4.8)


def test_nobody_comes_too_soon_or_too_late() -> None:
    for between, expected in ((0, 0.01), (600, 5)):
        crowds = full()
        for number in range(2):
            crowds.leave(ONE, NOW + seconds(between * number))
            assert crowds.enter(ONE)
        assert crowds.next_turn(ONE, NOW) == NOW + seconds(expected)


def test_an_address_where_nothing_is_takes_no_memory() -> None:
    crowds = full()
    for _ in range(2):
        crowds.leave(ONE, NOW)
    assert crowds._crowds == {}
