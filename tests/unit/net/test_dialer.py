"""Waiting for a turn: behind those who find a door shut, and for the next time."""

from __future__ import annotations

import asyncio
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest
from app.core.observations import FailureReason
from app.core.ports import PortSet
from app.net.dialer import ConnectionLimits, Dialer
from app.net.failures import ConversationError
from app.net.pacing import Pacing
from app.net.streams import TimeLimits
from typing_extensions import override

from fakes.peers import Idle, Peer
from probing import LOOPBACK, PATIENT
from service_process import free_port

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

HERE = ip_address("127.0.0.1")
DEAD_PORT = 993
CONNECT_SECONDS = 0.2


class NeverConnects(asyncio.SelectorEventLoop):
    """A network that swallows what is sent to one port."""

    tries = 0

    @override
    async def sock_connect(self, sock: object, address: tuple[str, int]) -> None:  # type: ignore[override]
        if address[1] == DEAD_PORT:
            self.tries += 1
            await asyncio.sleep(60)
        await super().sock_connect(sock, address)  # type: ignore[arg-type]


def a_dialer(**limits: int) -> Dialer:
    times = TimeLimits(connect=CONNECT_SECONDS, reply=0.5, total=3.0)
    return Dialer(LOOPBACK, ConnectionLimits(times=times, **limits))


async def reason_at(dialer: Dialer, port: int) -> FailureReason | None:
    try:
        async with dialer.connection(HERE, port):
            return None
    except ConversationError as error:
        return error.reason


def run_where_nothing_answers(look: Callable[[NeverConnects], Awaitable[None]]) -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, NeverConnects)
        await look(loop)

    with asyncio.Runner(loop_factory=NeverConnects) as runner:
        runner.run(run())


def test_who_waits_for_a_dead_address_waits_once_however_many_there_are() -> None:
    async def look(loop: NeverConnects) -> None:
        dialer, began = a_dialer(), loop.time()
        reasons = await asyncio.gather(*(reason_at(dialer, DEAD_PORT) for _ in range(200)))
        assert set(reasons) == {FailureReason.TIMED_OUT}
        assert loop.tries == 1
        assert loop.time() - began < 5 * CONNECT_SECONDS

    run_where_nothing_answers(look)


def test_a_dead_address_is_tried_again_by_who_comes_afterwards() -> None:
    async def look(loop: NeverConnects) -> None:
        dialer = a_dialer()
        first = [asyncio.create_task(reason_at(dialer, DEAD_PORT)) for _ in range(3)]
        await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
        assert await reason_at(dialer, DEAD_PORT) is FailureReason.TIMED_OUT
        await asyncio.gather(*first)
        assert loop.tries == 2

    run_where_nothing_answers(look)


def test_those_who_wait_for_a_dead_address_keep_nobody_from_another_port() -> None:
    async def look(loop: NeverConnects) -> None:
        dialer = a_dialer(in_total=2, per_address=2, per_network=2)
        async with Peer.of(Idle()) as peer:
            waiting = [asyncio.create_task(reason_at(dialer, DEAD_PORT)) for _ in range(20)]
            await asyncio.sleep(0)
            assert await reason_at(dialer, peer.port) is None
        assert not any(task.done() for task in waiting)
        await asyncio.gather(*waiting)
        assert loop.tries == 1

    run_where_nothing_answers(look)


async def test_who_waits_while_a_connection_is_refused_is_refused_too() -> None:
    dialer, port = Dialer(LOOPBACK, PATIENT), free_port()
    reasons = await asyncio.gather(*(reason_at(dialer, port) for _ in range(20)))
    assert set(reasons) == {FailureReason.REFUSED}


async def test_who_waits_while_another_is_let_in_is_let_in_next() -> None:
    dialer = Dialer(LOOPBACK, PATIENT)
    async with Peer.of(Idle()) as peer:
        reasons = await asyncio.gather(*(reason_at(dialer, peer.port) for _ in range(5)))
    assert reasons == [None] * 5
    assert peer.connections == 5
    assert peer.gauge.most == 1


async def test_no_packet_goes_to_a_port_that_is_not_permitted() -> None:
    async with Peer.of(Idle()) as peer:
        others = PortSet.parse(f"1-{peer.port - 1},{peer.port + 1}-65535")
        reason = await reason_at(Dialer(LOOPBACK, PATIENT, ports=others), peer.port)
        assert reason is FailureReason.PORT_NOT_PERMITTED
        # What was sent would be heard by now.
        await asyncio.sleep(0.05)
        assert peer.connections == 0
        only_this = Dialer(LOOPBACK, PATIENT, ports=PortSet.parse(str(peer.port)))
        assert await reason_at(only_this, peer.port) is None


async def test_who_gives_up_waiting_leaves_the_door_to_others() -> None:
    dialer = Dialer(LOOPBACK, PATIENT)
    async with Peer.of(Idle()) as peer:
        async with dialer.connection(HERE, peer.port):
            impatient = asyncio.create_task(reason_at(dialer, peer.port))
            await asyncio.sleep(0.01)
            impatient.cancel()
            await asyncio.wait([impatient])
        assert await reason_at(dialer, peer.port) is None


@pytest.mark.parametrize(("times", "waits"), [(1, 0), (3, 0), (4, 1), (7, 2)])
async def test_nobody_is_called_on_more_often_than_wanted(times: int, waits: int) -> None:
    pacing, loop = Pacing(3, within_seconds=0.2), asyncio.get_running_loop()
    moments: list[float] = []
    for _ in range(times):
        await pacing.wait("a")
        pacing.note("a")
        moments.append(loop.time())
    assert all(later - first >= 0.19 for first, later in zip(moments, moments[3:], strict=False))
    assert waits * 0.19 <= moments[-1] - moments[0] < waits * 0.2 + 0.15


async def test_others_need_not_wait_for_who_was_called_on_often() -> None:
    pacing, loop = Pacing(1, within_seconds=30), asyncio.get_running_loop()
    pacing.note("a")
    began = loop.time()
    await pacing.wait("b")
    assert loop.time() - began < 1


async def test_who_rested_is_forgotten() -> None:
    pacing = Pacing(3, within_seconds=0.05)
    for number in range(50):
        pacing.note(number % 5)
    await asyncio.sleep(0.06)
    pacing.note("last")
    assert list(pacing._noted) == ["last"]


async def test_a_further_port_is_permitted_under_the_same_limits() -> None:
    async with Peer.of(Idle()) as peer:
        strict = Dialer(LOOPBACK, PATIENT, ports=PortSet.parse("1"))
        dialers = [strict.permitting(peer.port) for _ in range(4)]
        reasons = await asyncio.gather(*(reason_at(dialer, peer.port) for dialer in dialers))
        assert await reason_at(strict, peer.port) is FailureReason.PORT_NOT_PERMITTED
    assert reasons == [None] * 4
    assert peer.gauge.most == 1
