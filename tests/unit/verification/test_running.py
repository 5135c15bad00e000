from __future__ import annotations

import asyncio
import os
import ssl
import subprocess
import sys
import warnings
from contextlib import AsyncExitStack
from dataclasses import replace
from ipaddress import ip_address
from itertools import product

import pytest
from app.core.dns_lookups import LookupStatus
from app.core.dns_records import RecordType, TlsaData
from app.core.endpoints import Protocol
from app.core.observations import FailureReason, Stage
from app.net.dialer import ConnectionLimits
from app.net.pacing import Pacing
from app.net.slots import Slots
from app.verification.probes import find_probes
from app.verification.tls_questions import Scope
from typing_extensions import override

from fakes.peers import HOST, Gauge, Hear, Idle, Peer, ShakeHands, Step, Wait, lines, server_context
from fakes.resolver import ScriptedResolver, found, nothing
from probing import IMPATIENT, PATIENT, a_prober, a_resolver, an_endpoint
from programs import required_program
from service_process import free_port

TALK: tuple[Step, ...] = (
    lines("* OK ready"),
    Hear(b"a1"),
    lines("* CAPABILITY IMAP4rev1 AUTH=PLAIN", "a1 OK"),
    Hear(b"a2"),
    lines("* BYE", "a2 OK"),
)


def tls_context(lowest: str, highest: str) -> ssl.SSLContext:
    """Make what a server with these versions shakes hands with."""
    server_context.cache_clear()
    context = server_context()
    server_context.cache_clear()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion[lowest]
        context.maximum_version = ssl.TLSVersion[highest]
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


def test_each_protocol_has_a_probe() -> None:
    assert set(find_probes()) == set(Protocol)


async def test_every_address_of_both_families_is_looked_at_one_after_the_other() -> None:
    server_context()
    resolver = a_resolver("127.0.0.1", "127.0.0.2", "::1")
    first = Peer.of(ShakeHands(), *TALK)
    async with first, Peer([first.scripts[0]], "::1", first.port) as third:
        observation = await a_prober(resolver).observe(an_endpoint(Protocol.IMAP, first.port))

    assert [str(seen.address) for seen in observation.addresses] == ["127.0.0.1", "::1", "127.0.0.2"]
    assert [seen.failure is None for seen in observation.addresses] == [True, True, False]
    dead = observation.addresses[2].failure
    assert dead is not None
    assert (dead.stage, dead.reason) == (Stage.CONNECT, FailureReason.REFUSED)
    assert [lookup.type for lookup in observation.lookups] == [RecordType.A, RecordType.AAAA]
    assert third.connections == 1
    assert observation.is_port_known_open


async def test_a_name_without_addresses_has_look_ups_and_nothing_else() -> None:
    observation = await a_prober(ScriptedResolver(otherwise=LookupStatus.TIMED_OUT)).observe(
        an_endpoint(Protocol.IMAP, 993)
    )

    assert observation.addresses == ()
    assert {lookup.status for lookup in observation.lookups} == {LookupStatus.TIMED_OUT}
    assert not observation.is_port_known_open


async def test_a_port_that_nobody_listens_at_was_never_reached() -> None:
    observation = await a_prober(a_resolver("127.0.0.1")).observe(an_endpoint(Protocol.SMTP, free_port()))

    assert not observation.is_port_known_open


def test_what_does_not_answer_the_connection_is_given_up() -> None:
    class NeverConnects(asyncio.SelectorEventLoop):
        @override
        async def sock_connect(self, *_arguments: object) -> None:
            await asyncio.sleep(60)

    async def look() -> FailureReason | None:
        limits = replace(PATIENT, times=replace(PATIENT.times, connect=0.1))
        prober = a_prober(a_resolver("127.0.0.1"), limits=limits)
        observation = await prober.observe(an_endpoint(Protocol.IMAP, 993))
        return observation.addresses[0].failure.reason if observation.addresses[0].failure else None

    with asyncio.Runner(loop_factory=NeverConnects) as runner:
        reason = runner.run(look())

    assert reason is FailureReason.TIMED_OUT


def test_a_machine_without_routes_has_no_way_to_addresses() -> None:
    program = required_program("unshare", "util-linux")
    isolated = [program, "--map-root-user", "--net"]
    if subprocess.run([*isolated, "true"], check=False, capture_output=True).returncode:  # noqa: S603
        pytest.skip("this account may not make network namespaces")

    finished = subprocess.run(  # noqa: S603 - the program found above
        [*isolated, sys.executable, "-c", _LOOK_WITHOUT_ROUTES],
        check=True,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
    )

    assert finished.stdout.split() == ["connect", "no-local-family"] * 2


_LOOK_WITHOUT_ROUTES = """
import asyncio
from dataclasses import replace
from app.core.endpoints import Protocol
from app.net.address_policy import AddressPolicy
from fakes.resolver import ScriptedResolver
from probing import a_prober, an_endpoint

async def look():
    for address in ("9.9.9.9", "2620:fe::fe"):
        prober = a_prober(ScriptedResolver(), policy=AddressPolicy())
        endpoint = replace(an_endpoint(Protocol.IMAP, 993), hostname=address)
        failure = (await prober.observe(endpoint)).addresses[0].failure
        print(failure.stage, failure.reason)

asyncio.run(look())
"""


async def test_tls_1_0_alone_is_recognised() -> None:
    server = ShakeHands(tls_context("TLSv1", "TLSv1"))
    async with Peer.of(server, *TALK) as peer:
        prober = a_prober(a_resolver("127.0.0.1"))
        (seen,) = (await prober.observe(an_endpoint(Protocol.IMAP, peer.port))).addresses

    assert seen.failure is None
    assert seen.tls is not None
    assert seen.tls.version == "TLSv1"
    assert seen.tls.is_legacy
    assert len(seen.tls.chain) == 2
    assert peer.connections == 2


@pytest.mark.parametrize(
    ("lowest", "highest", "expected", "connections"),
    [
        ("TLSv1", "TLSv1_3", (True, True, True, True), 4),
        ("TLSv1_2", "TLSv1_3", (False, False, True, True), 3),
        ("TLSv1_2", "TLSv1_2", (False, False, True, False), 2),
        ("TLSv1_3", "TLSv1_3", (False, False, False, True), 3),
        ("TLSv1_1", "TLSv1_2", (False, True, True, False), 3),
        ("TLSv1_1", "TLSv1_1", (False, True, False, False), 4),
        ("TLSv1", "TLSv1", (True, False, False, False), 3),
    ],
)
async def test_versions_are_asked_for_where_they_do_not_follow(
    lowest: str, highest: str, expected: tuple[bool, ...], connections: int
) -> None:
    server = ShakeHands(tls_context(lowest, highest))
    async with Peer.of(server, *TALK) as peer:
        prober = a_prober(a_resolver("127.0.0.1"), scope=Scope(versions=True))
        observation = await prober.observe(an_endpoint(Protocol.IMAP, peer.port))

    (seen,) = observation.addresses
    names = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
    assert seen.versions == tuple(zip(names, expected, strict=True))
    assert peer.gauge.most == 1
    assert peer.connections == connections


@pytest.mark.parametrize(
    ("lowest", "highest", "is_same", "expected", "connections"),
    [
        ("TLSv1_2", "TLSv1_3", True, (True, True), 3),
        # Whether it is another certificate for the version or for want of SNI is asked by itself.
        ("TLSv1_2", "TLSv1_3", False, (True, True), 4),
        ("TLSv1_2", "TLSv1_2", True, (True, False), 3),
        ("TLSv1_3", "TLSv1_3", True, (False, True), 4),
        ("TLSv1_3", "TLSv1_3", False, (False, True), 5),
    ],
)
async def test_hosts_that_are_well_take_no_more_than_three_connections_in_depth(
    lowest: str, highest: str, expected: tuple[bool, bool], connections: int, *, is_same: bool
) -> None:
    context = tls_context(lowest, highest)
    other = tls_context(lowest, highest)

    def choose(connection: ssl.SSLSocket | ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        if name is None and not is_same:
            connection.context = other

    context.sni_callback = choose
    async with Peer.of(ShakeHands(context), *TALK) as peer:
        prober = a_prober(a_resolver("127.0.0.1"), scope=Scope(versions=True, without_sni=True))
        (seen,) = (await prober.observe(an_endpoint(Protocol.IMAP, peer.port))).addresses

    assert tuple(taken for _, taken in seen.versions) == (False, False, *expected)
    assert seen.matches_without_sni is is_same
    assert peer.connections == connections


@pytest.mark.parametrize("is_same", [True, False])
async def test_the_certificate_without_sni_is_compared(*, is_same: bool) -> None:
    context = tls_context("TLSv1_2", "TLSv1_3")
    other = server_context("other.example")

    def choose(connection: ssl.SSLSocket | ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        assert name in (HOST, None)
        if name is None and not is_same:
            connection.context = other

    context.sni_callback = choose
    async with Peer.of(ShakeHands(context), *TALK) as peer:
        prober = a_prober(a_resolver("127.0.0.1"), scope=Scope(without_sni=True))
        (seen,) = (await prober.observe(an_endpoint(Protocol.IMAP, peer.port))).addresses

    assert seen.matches_without_sni is is_same


async def test_an_address_for_a_host_name_is_sent_no_sni() -> None:
    context = tls_context("TLSv1_2", "TLSv1_3")
    names: list[str | None] = []
    context.sni_callback = lambda _connection, name, _context: names.append(name)
    resolver = ScriptedResolver()
    async with Peer.of(ShakeHands(context), *TALK) as peer:
        endpoint = replace(an_endpoint(Protocol.IMAP, peer.port), hostname="127.0.0.1")
        observation = await a_prober(resolver).observe(endpoint)

    assert observation.addresses[0].failure is None
    assert names == [None]
    assert resolver.asked == []


async def test_tlsa_is_asked_for_where_addresses_are_authenticated() -> None:
    tlsa = TlsaData(usage=3, selector=1, matching_type=1, association=b"x" * 32)
    port = free_port()
    address = a_resolver("127.0.0.1", is_authenticated=True)
    aliased = replace((await address.lookup(HOST, RecordType.A)), aliases=("real.provider.example",))
    missing = nothing(f"_{port}._tcp.real.provider.example", RecordType.TLSA)
    there = found(f"_{port}._tcp.{HOST}", tlsa, is_authenticated=True)
    resolver = ScriptedResolver(aliased, missing, there, nothing(HOST, RecordType.AAAA))

    observation = await a_prober(resolver).observe(an_endpoint(Protocol.IMAP, port))

    assert [lookup.name for lookup in observation.lookups[2:]] == [missing.name, there.name]
    assert observation.lookups[3].records == (tlsa,)


async def test_one_place_has_one_connection_at_a_time_whatever_the_names() -> None:
    server_context()
    names = [f"mail{number}.provider.example" for number in range(6)]
    answers = [replace(await a_resolver("127.0.0.1", name=name).lookup(name, RecordType.A)) for name in names]
    resolver = ScriptedResolver(*answers, otherwise=LookupStatus.NO_DATA)
    async with Peer.of(ShakeHands(), Wait(0.02), *TALK) as peer:
        prober = a_prober(resolver)
        endpoints = [replace(an_endpoint(Protocol.IMAP, peer.port), hostname=name) for name in names]
        observations = await asyncio.gather(*(prober.observe(endpoint) for endpoint in endpoints * 2))

    assert all(observation.addresses[0].failure is None for observation in observations)
    assert peer.connections == 12
    assert peer.gauge.most == 1


async def test_caps_hold_for_addresses_networks_and_in_total() -> None:
    server_context()
    limits = ConnectionLimits(
        in_total=5, per_address=2, per_network=3, times=replace(PATIENT.times, reply=5.0)
    )
    gauges = {key: Gauge() for key in ("all", "127.0.1", "127.0.2")}
    by_address: dict[str, Gauge] = {}
    peers: list[Peer] = []
    for network, host in product(("127.0.1", "127.0.2"), (1, 2)):
        address = f"{network}.{host}"
        own = by_address.setdefault(address, Gauge())
        for _ in range(4):
            peer = Peer.of(ShakeHands(), Wait(0.05), *TALK, address=address)
            peer.shared_gauges = (own, gauges[network], gauges["all"])
            peers.append(peer)
    prober = a_prober(ScriptedResolver(), limits=limits)
    async with AsyncExitStack() as stack:
        for peer in peers:
            await stack.enter_async_context(peer)
        endpoints = [replace(an_endpoint(Protocol.IMAP, peer.port), hostname=peer.address) for peer in peers]
        observations = await asyncio.gather(*(prober.observe(endpoint) for endpoint in endpoints))

    assert all(observation.addresses[0].failure is None for observation in observations)
    assert {gauge.most for gauge in by_address.values()} == {2}
    assert {name: gauge.most for name, gauge in gauges.items()} == {"all": 5, "127.0.1": 3, "127.0.2": 3}


async def test_slots_that_nobody_uses_take_no_memory() -> None:
    slots = Slots(1)

    async def use(key: str) -> None:
        async with slots.hold(key):
            await asyncio.sleep(0)

    await asyncio.gather(*(use(str(number % 3)) for number in range(9)))
    waiting = asyncio.create_task(use("1"))
    async with slots.hold("1"):
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])

    assert slots._semaphores == {}
    assert slots._users == {}


async def test_the_time_runs_from_when_the_turn_has_come() -> None:
    server_context()
    limits = ConnectionLimits(in_total=1, times=replace(PATIENT.times, total=2.0))
    prober = a_prober(ScriptedResolver(), limits=limits)
    async with Peer.of(ShakeHands(), Wait(0.5), *TALK) as peer:
        endpoint = replace(an_endpoint(Protocol.IMAP, peer.port), hostname="127.0.0.1")
        observations = await asyncio.gather(*(prober.observe(endpoint) for _ in range(6)))

    seen = [observation.addresses[0] for observation in observations]
    assert all(one.failure is None for one in seen)
    assert max(one.seconds for one in seen) < 2.0
    assert ip_address("127.0.0.1") == seen[0].address


async def test_a_host_with_many_slow_addresses_has_one_time_for_all() -> None:
    addresses = [f"127.0.3.{number}" for number in range(1, 9)]
    first = Peer.of(Idle(), address=addresses[0])
    prober = a_prober(a_resolver(*addresses), seconds=0.8, limits=IMPATIENT)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(first)
        for address in addresses[1:]:
            await stack.enter_async_context(Peer([[Idle()]], address, first.port))
        observation = await prober.observe(an_endpoint(Protocol.IMAP, first.port))

    reasons = [seen.failure.reason if seen.failure else None for seen in observation.addresses]
    # Each says nothing for the half a second that it has.
    assert reasons == [FailureReason.TIMED_OUT] * 2 + [FailureReason.NO_TIME] * 6
    assert [seen.seconds for seen in observation.addresses[2:]] == [0.0] * 6


async def test_the_first_address_is_looked_at_however_little_time_there_is() -> None:
    server_context()
    async with Peer.of(ShakeHands(), *TALK) as peer:
        prober = a_prober(a_resolver("127.0.0.1"), seconds=0.0, scope=Scope(versions=True, without_sni=True))
        (seen,) = (await prober.observe(an_endpoint(Protocol.IMAP, peer.port))).addresses

    assert seen.reached is Stage.DONE
    assert peer.connections == 1
    # What followed from the choice of TLS 1.3, and nothing else.
    assert dict(seen.versions) == {"TLSv1": None, "TLSv1.1": None, "TLSv1.2": None, "TLSv1.3": True}
    assert seen.matches_without_sni is None


@pytest.mark.parametrize(("protocol", "is_paced"), [(Protocol.IMAP, True), (Protocol.HTTP, False)])
async def test_mail_hosts_are_called_on_so_often_and_web_servers_as_usual(
    protocol: Protocol, *, is_paced: bool
) -> None:
    server_context()
    async with Peer.of(ShakeHands(), Wait(0.01)) as peer:
        prober = a_prober(a_resolver("127.0.0.1"), pacing=Pacing(1, within_seconds=0.5))
        began = asyncio.get_running_loop().time()
        for _ in range(2):
            await prober.observe(an_endpoint(protocol, peer.port))
        seconds = asyncio.get_running_loop().time() - began

    assert (seconds >= 0.5) is is_paced
