"""Whether it is the hosts that are dead, or we who are cut off."""

from __future__ import annotations

import asyncio
from ipaddress import ip_address

import pytest
from app.core.observations import FailureReason
from app.net.dialer import ConnectionLimits, Dialer
from app.net.failures import ConversationError
from app.net.streams import TimeLimits
from app.net.way_out import ENOUGH, LATELY_SECONDS, QUIET_SECONDS, WayOut, is_public
from typing_extensions import override

from probing import LOOPBACK
from service_process import free_port

HOSTS = [ip_address(f"9.9.9.{number}") for number in range(1, 30)]
LIVING = ip_address("8.8.8.8")
PRIVATE = [ip_address(f"10.0.0.{number}") for number in range(1, 30)]


class Seconds:
    """A clock that stands still."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def way_out(seconds: Seconds) -> WayOut:
    return WayOut(seconds)


def try_all(way_out: WayOut, seconds: Seconds, count: int, every: float = 10.0) -> list[bool]:
    found = []
    for host in HOSTS[:count]:
        began = seconds.now
        seconds.now += every
        found.append(way_out.is_cut_off_after(host, began))
    return found


def test_where_nothing_answers_anywhere_it_is_we_who_are_cut_off(way_out: WayOut, seconds: Seconds) -> None:
    assert try_all(way_out, seconds, ENOUGH + 1) == [False] * (ENOUGH - 1) + [True] * 2


def test_few_hosts_that_are_dead_are_dead_however_often_they_are_tried(
    way_out: WayOut, seconds: Seconds
) -> None:
    found = [one for _ in range(50) for one in try_all(way_out, seconds, ENOUGH - 1, every=1.0)]
    assert not any(found)


def test_one_connection_ends_it(way_out: WayOut, seconds: Seconds) -> None:
    assert try_all(way_out, seconds, ENOUGH)[-1]
    way_out.note_reached(LIVING, 993)
    seconds.now += QUIET_SECONDS
    assert not any(try_all(way_out, seconds, ENOUGH - 1))


def test_it_lasts_however_seldom_anything_is_tried(way_out: WayOut, seconds: Seconds) -> None:
    assert try_all(way_out, seconds, ENOUGH)[-1]
    seconds.now += 10 * LATELY_SECONDS
    assert way_out.is_cut_off_after(HOSTS[0], seconds.now - 10)


def test_what_was_reached_during_an_attempt_speaks_against_it(way_out: WayOut, seconds: Seconds) -> None:
    began = seconds.now
    way_out.note_reached(LIVING, 993)
    seconds.now += QUIET_SECONDS
    assert not any(way_out.is_cut_off_after(host, began) for host in HOSTS)


def test_dead_hosts_that_are_tried_together_are_dead_where_one_was_reached_a_moment_ago(
    way_out: WayOut, seconds: Seconds
) -> None:
    way_out.note_reached(LIVING, 993)
    seconds.now += 1
    assert not any(try_all(way_out, seconds, len(HOSTS), every=1.0))


def test_what_was_tried_long_ago_does_not_count(way_out: WayOut, seconds: Seconds) -> None:
    assert not any(try_all(way_out, seconds, len(HOSTS), every=LATELY_SECONDS / (ENOUGH - 2)))


def test_hosts_of_private_networks_tell_nothing(way_out: WayOut, seconds: Seconds) -> None:
    assert not any(way_out.is_cut_off_after(host, seconds.now) for host in PRIVATE)
    assert try_all(way_out, seconds, ENOUGH)[-1]
    way_out.note_reached(PRIVATE[0], 993)
    assert way_out.is_cut_off_after(HOSTS[0], seconds.now)
    assert not way_out.is_cut_off_after(PRIVATE[1], seconds.now)


def test_a_port_that_is_open_inside_may_be_blocked_on_the_way_out(way_out: WayOut) -> None:
    way_out.note_reached(PRIVATE[0], 25)
    assert not way_out.has_reached(25, HOSTS[:1])
    assert way_out.has_reached(25, PRIVATE[1:2])
    assert not way_out.has_reached(25, [])
    way_out.note_reached(LIVING, 25)
    assert way_out.has_reached(25, [HOSTS[0], PRIVATE[0]])


def test_what_was_open_the_day_before_yesterday_may_be_blocked(way_out: WayOut, seconds: Seconds) -> None:
    way_out.note_reached(LIVING, 25)
    seconds.now += 2 * 86_400
    assert not way_out.has_reached(25, HOSTS[:1])


@pytest.mark.parametrize(
    ("address", "expected"),
    [("9.9.9.9", True), ("2620:fe::fe", True), ("10.1.2.3", False), ("127.0.0.1", False), ("fd00::1", False)],
)
def test_public_addresses_are_outside(address: str, *, expected: bool) -> None:
    assert is_public(ip_address(address)) is expected


class NothingAnswers(asyncio.SelectorEventLoop):
    """A network that swallows all that is sent."""

    @override
    async def sock_connect(self, *_arguments: object) -> None:
        await asyncio.sleep(60)


async def reasons_at(dialer: Dialer, hosts: list[str], port: int) -> list[FailureReason]:
    found: list[FailureReason] = []
    for host in hosts:
        try:
            async with dialer.connection(ip_address(host), port):
                pass
        except ConversationError as error:
            found.append(error.reason)
    return found


def test_what_does_not_answer_is_not_tested_where_nothing_outside_answers() -> None:
    async def look() -> list[FailureReason]:
        limits = ConnectionLimits(times=TimeLimits(connect=0.01))
        dialer = Dialer(LOOPBACK, limits, WayOut(is_outside=lambda _: True))
        return await reasons_at(dialer, [f"127.0.9.{number}" for number in range(1, ENOUGH + 2)], 993)

    with asyncio.Runner(loop_factory=NothingAnswers) as runner:
        reasons = runner.run(look())

    assert reasons == [FailureReason.TIMED_OUT] * (ENOUGH - 1) + [FailureReason.NO_WAY_OUT] * 2


async def test_hosts_that_refuse_are_there() -> None:
    dialer = Dialer(LOOPBACK, way_out=WayOut(is_outside=lambda _: True))
    reasons = await reasons_at(dialer, [f"127.0.9.{number}" for number in range(1, ENOUGH + 2)], free_port())
    assert set(reasons) == {FailureReason.REFUSED}
