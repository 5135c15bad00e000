"""Hosts that take connections and say nothing: one name waits, and all are told of."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest
from app.core.dns_lookups import LookupStatus
from app.core.dns_records import AddressData
from app.core.endpoints import Protocol
from app.core.observations import FailureReason, Stage
from app.core.servers import ServerType, SocketType
from app.net.pacing import Pacing

from fakes.peers import HOST, Hear, Idle, Peer, ShakeHands, lines, server_context
from fakes.resolver import ScriptedResolver, found
from probing import IMPATIENT, PATIENT, a_prober, a_resolver, an_endpoint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.core.endpoints import Endpoint
    from app.core.observations import AddressObservation
    from app.verification.running import Prober

NAMES = [f"mail.customer{number}.example" for number in range(40)]
TALK = (
    lines("* OK ready"),
    Hear(b"a1"),
    lines("* CAPABILITY IMAP4rev1 AUTH=PLAIN", "a1 OK"),
    Hear(b"a2"),
    lines("* BYE", "a2 OK"),
)


def all_names(port: int, socket_type: SocketType, names: Sequence[str] = NAMES) -> list[Endpoint]:
    return [replace(an_endpoint(Protocol.IMAP, port, socket_type), hostname=name) for name in names]


def a_resolver_of_names() -> ScriptedResolver:
    address = AddressData(ip_address("127.0.0.1"))
    return ScriptedResolver(*(found(name, address) for name in NAMES), otherwise=LookupStatus.NO_DATA)


async def observe_all(prober: Prober, endpoints: Sequence[Endpoint]) -> list[AddressObservation]:
    """Observe all at once; each has one address."""
    observations = await asyncio.gather(*(prober.observe(one) for one in endpoints))
    return [one.addresses[0] for one in observations]


def ends(seen: Sequence[AddressObservation]) -> set[tuple[Stage, FailureReason] | None]:
    return {None if one.failure is None else (one.failure.stage, one.failure.reason) for one in seen}


@pytest.mark.parametrize(
    ("socket_type", "stage", "connections"),
    [
        (SocketType.PLAIN, Stage.GREETING, 2),
        # A second one each time, to see whether it waits for a handshake.
        (SocketType.STARTTLS, Stage.GREETING, 2),
        (SocketType.TLS, Stage.HANDSHAKE, 1),
    ],
)
async def test_a_host_that_says_nothing_costs_one_name_its_time_and_all_are_told_of(
    socket_type: SocketType, stage: Stage, connections: int
) -> None:
    async with Peer.of(Idle()) as peer:
        prober, loop = a_prober(a_resolver_of_names(), limits=IMPATIENT), asyncio.get_running_loop()
        began = loop.time()
        seen = await observe_all(prober, all_names(peer.port, socket_type))
        seconds = loop.time() - began

    assert ends(seen) == {(stage, FailureReason.TIMED_OUT)}
    assert {one.reached for one in seen} == {stage}
    assert peer.connections == connections
    assert peer.gauge.most == 1
    assert seconds < 5 * IMPATIENT.times.reply


async def test_a_host_that_says_nothing_costs_one_url_its_time() -> None:
    endpoint = an_endpoint(Protocol.HTTP, 0, service=ServerType.CALDAV)
    async with Peer.of(Idle()) as peer:
        urls = [replace(endpoint, port=peer.port, path=f"/dav/{number}") for number in range(20)]
        seen = await observe_all(a_prober(a_resolver("127.0.0.1"), limits=IMPATIENT), urls)

    assert ends(seen) == {(Stage.HANDSHAKE, FailureReason.TIMED_OUT)}
    assert peer.connections == 1


async def test_who_begins_otherwise_is_not_judged_by_a_silence() -> None:
    server_context()
    async with Peer.of(ShakeHands(), *TALK) as peer:
        # Long enough to shake hands in, on a machine as busy as it may be.
        limits = replace(PATIENT, times=replace(PATIENT.times, reply=2.0))
        prober = a_prober(a_resolver_of_names(), limits=limits)
        waiting = all_names(peer.port, SocketType.STARTTLS, NAMES[:3])
        speaking = all_names(peer.port, SocketType.TLS, NAMES[3:6])
        seen = await observe_all(prober, [*waiting, *speaking])

    assert ends(seen[:3]) == {(Stage.GREETING, FailureReason.TIMED_OUT)}
    # Each has its own certificate, so each shakes hands.
    assert all(one.tls is not None for one in seen[:3])
    assert ends(seen[3:]) == {None}


async def test_a_host_that_was_silent_is_tried_again_by_who_comes_afterwards() -> None:
    server_context()
    async with Peer([[Idle()], [ShakeHands(), *TALK]]) as peer:
        prober = a_prober(a_resolver("127.0.0.1"), limits=IMPATIENT)
        endpoint = an_endpoint(Protocol.IMAP, peer.port, SocketType.TLS)
        first, again = await prober.observe(endpoint), await prober.observe(endpoint)

    assert ends(first.addresses) == {(Stage.HANDSHAKE, FailureReason.TIMED_OUT)}
    assert ends(again.addresses) == {None}


async def test_names_whose_turn_does_not_come_in_time_are_told_of() -> None:
    # It greets, and then says nothing: whether it would to others too is not known.
    async with Peer.of(lines("* OK ready"), Idle()) as peer:
        prober = a_prober(a_resolver_of_names(), limits=IMPATIENT, seconds=0.8)
        seen = await observe_all(prober, all_names(peer.port, SocketType.PLAIN, NAMES[:8]))

    reasons = [one.failure.reason for one in seen if one.failure is not None]
    # Two where the machine is idle.
    tested = reasons.count(FailureReason.TIMED_OUT)
    assert tested in (1, 2)
    assert reasons == [FailureReason.TIMED_OUT] * tested + [FailureReason.NO_TIME] * (8 - tested)
    assert {one.seconds for one in seen[tested:]} == {0.0}


async def test_urls_of_a_host_whose_turn_does_not_come_in_time_are_told_of() -> None:
    server_context()
    endpoint = an_endpoint(Protocol.HTTP, 0, service=ServerType.CALDAV)
    async with Peer.of(ShakeHands(), Idle()) as peer:
        urls = [replace(endpoint, port=peer.port, path=f"/dav/{number}") for number in range(6)]
        seen = await observe_all(a_prober(a_resolver("127.0.0.1"), limits=IMPATIENT, seconds=0.8), urls)

    reasons = {one.failure.reason for one in seen if one.failure is not None}
    assert reasons == {FailureReason.TIMED_OUT, FailureReason.NO_TIME}
    assert len(seen) == 6


async def test_a_wait_for_the_next_minute_ends_with_the_time() -> None:
    async with Peer.of(Idle()) as peer:
        pacing = Pacing(1, within_seconds=60)
        prober = a_prober(a_resolver("127.0.0.1", name=HOST), limits=IMPATIENT, seconds=0.3, pacing=pacing)
        endpoint = an_endpoint(Protocol.IMAP, peer.port, SocketType.TLS)
        await prober.observe(endpoint)
        second = await asyncio.wait_for(prober.observe(endpoint), 10)

    assert ends(second.addresses) == {(Stage.CONNECT, FailureReason.NO_TIME)}
