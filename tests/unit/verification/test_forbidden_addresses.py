"""Attempts to make the prober look into networks that it may not: none sends a packet.

Run once more where all addresses are this machine's, so that a packet to any of them would be heard.
"""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
from dataclasses import replace
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from app.core.dns_lookups import Lookup, LookupStatus
from app.core.dns_records import AddressData, RecordType
from app.core.endpoints import Endpoint, Protocol
from app.core.observations import FailureReason, Stage
from app.core.servers import ServerType, SocketType
from app.net.address_policy import AddressPolicy
from app.net.resolver import Resolver
from typing_extensions import override

from fakes.peers import HearHeader, Peer, Say, ShakeHands, Step, lines, server_context
from fakes.resolver import ScriptedResolver, found, nothing
from probing import a_prober, an_endpoint
from programs import required_program

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "mail.attacker.example"
PUBLIC = AddressPolicy()
EVERYWHERE = "SIGNPOST_TEST_ALL_ADDRESSES_ARE_LOCAL"
ROOT = Path(__file__).resolve().parents[3]

SPECIAL = (
    "0.0.0.0",  # noqa: S104 - to be refused
    "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.8.9.10", "169.254.169.254", "172.16.0.1",
    "172.31.255.254", "192.0.0.8", "192.168.1.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:0:127.0.0.1", "::ffff:169.254.169.254",
    "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::7f00:1", "2002:7f00:1::1", "2002:a00:1::",
    "2001::7f00:1", "2001:db8::1", "100::1", "fc00::1", "fd00::2", "fe80::1", "fec0::1", "ff02::1", "4000::1",
)  # fmt: skip
ENCODED = (
    "2130706433", "0x7f000001", "0x7f.0.0.1", "0x7f.1", "127.1", "127.0.1", "0177.0.0.1", "017700000001",
    "127.0.0.1.", "localhost", "localhost.localdomain", "ip6-localhost", "00127.0.0.1", "[::1]",
    "[::ffff:7f00:1]", "fe80::1%lo", "::1%lo",
)  # fmt: skip


class Listener:
    """Listens at one port of all addresses of this machine; accepts nobody, so that whoever came waits."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
        self.port: int = self._socket.getsockname()[1]

    @property
    def is_silent(self) -> bool:
        return not select.select([self._socket], [], [], 0.02)[0]

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    one = Listener()
    yield one
    one.close()


def answering(name: str, *addresses: str, aliases: tuple[str, ...] = ()) -> tuple[Lookup, Lookup]:
    """Make the answers for both families."""
    parsed = [ip_address(address) for address in addresses]
    answers = []
    for record_type, version in ((RecordType.A, 4), (RecordType.AAAA, 6)):
        data = [AddressData(address) for address in parsed if address.version == version]
        there = found(name, *data, aliases=aliases) if data else nothing(name, record_type)
        answers.append(there)
    return answers[0], answers[1]


async def reasons(
    endpoint: Endpoint, resolver: Resolver, policy: AddressPolicy = PUBLIC
) -> list[FailureReason | None]:
    observation = await a_prober(resolver, policy=policy).observe(endpoint)
    return [None if seen.failure is None else seen.failure.reason for seen in observation.addresses]


def test_the_listener_hears_what_is_sent(listener: Listener) -> None:
    addresses = ["127.0.0.1", "::1", "::ffff:127.0.0.1"]
    if EVERYWHERE in os.environ:
        addresses += ["10.0.0.1", "169.254.169.254", "fd00::2", "64:ff9b::a00:1", "9.9.9.9"]
    for address in addresses:
        with socket.create_connection((address, listener.port), 1):
            assert not listener.is_silent
            listener._socket.accept()[0].close()
    assert listener.is_silent


@pytest.mark.parametrize("address", SPECIAL)
async def test_special_addresses_are_refused_as_they_are(listener: Listener, address: str) -> None:
    endpoint = replace(an_endpoint(Protocol.IMAP, listener.port), hostname=address)

    assert await reasons(endpoint, ScriptedResolver()) == [FailureReason.FORBIDDEN]
    assert listener.is_silent


@pytest.mark.parametrize("address", SPECIAL)
@pytest.mark.parametrize("protocol", [Protocol.SMTP, Protocol.HTTP])
async def test_special_addresses_are_refused_behind_names(
    listener: Listener, protocol: Protocol, address: str
) -> None:
    resolver = ScriptedResolver(*answering(NAME, address))
    endpoint = replace(an_endpoint(protocol, listener.port), hostname=NAME)

    assert await reasons(endpoint, resolver) == [FailureReason.FORBIDDEN]
    assert listener.is_silent


@pytest.mark.parametrize("text", ENCODED)
async def test_other_spellings_of_addresses_lead_nowhere(listener: Listener, text: str) -> None:
    resolver = ScriptedResolver(otherwise=LookupStatus.NO_NAME)
    endpoint = replace(an_endpoint(Protocol.IMAP, listener.port), hostname=text)

    assert set(await reasons(endpoint, resolver)) <= {FailureReason.FORBIDDEN}
    assert listener.is_silent


@pytest.mark.parametrize(
    "aliases", [("localhost",), ("a.example", "b.example", "localhost"), ("metadata.google.internal",)]
)
async def test_chains_of_aliases_gain_nothing(listener: Listener, aliases: tuple[str, ...]) -> None:
    resolver = ScriptedResolver(*answering(NAME, "127.0.0.1", "::1", aliases=aliases))
    endpoint = replace(an_endpoint(Protocol.IMAP, listener.port), hostname=NAME)

    assert await reasons(endpoint, resolver) == [FailureReason.FORBIDDEN] * 2
    assert listener.is_silent


class Rebinding(Resolver):
    """Gives an allowed address once, and a special one from then on."""

    def __init__(self) -> None:
        self._questions = 0

    @override
    async def lookup(self, name: str, record_type: RecordType) -> Lookup:
        if record_type is not RecordType.A:
            return nothing(name, record_type, LookupStatus.NO_DATA)
        self._questions += 1
        address = "127.0.0.2" if self._questions == 1 else "127.0.0.1"
        return found(name, AddressData(ip_address(address)))


ONLY_SECOND = AddressPolicy((ip_network("127.0.0.2/32"),))


async def test_a_name_that_changes_its_address_gains_nothing(listener: Listener) -> None:
    server_context()
    resolver = Rebinding()
    # It turns away after the answer, for which a careless prober would come back by name.
    async with Peer([[lines("* BYE later")]], "127.0.0.2") as peer:
        endpoint = replace(an_endpoint(Protocol.IMAP, peer.port, SocketType.PLAIN), hostname=NAME)
        first = await reasons(endpoint, resolver, ONLY_SECOND)
        second = await reasons(replace(endpoint, port=listener.port), resolver, ONLY_SECOND)

    assert first == [FailureReason.TURNED_AWAY]
    assert second == [FailureReason.FORBIDDEN]
    assert peer.connections == 1
    assert listener.is_silent


@pytest.mark.parametrize(
    "location",
    [
        "https://127.0.0.1:{port}/",
        "https://[::1]:{port}/",
        "https://[::ffff:127.0.0.1]:{port}/",
        "https://[fe80::1%25lo]:{port}/",
        "https://[fe80::1%lo]:{port}/",
        "https://10.0.0.1:{port}/",
        "https://169.254.169.254:{port}/latest/meta-data/",
        "https://0.0.0.0:{port}/",
        "https://0:{port}/",
        "https://2130706433:{port}/",
        "https://0x7f000001:{port}/",
        "https://127.1:{port}/",
        "https://0177.0.0.1:{port}/",
        "https://127.0.0.1.:{port}/",
        "https://localhost:{port}/",
        "https://\u2460\u2461\u2466.0.0.1:{port}/",
        "https://inner.example:{port}/",
        "https://six.example:{port}/",
        "//127.0.0.1:{port}/",
        "https://mail.attacker.example@127.0.0.1:{port}/",
        "https://mail.attacker.example\\@127.0.0.1:{port}/",
        "https://127.0.0.1:{port}#@mail.attacker.example/",
        "http://127.0.0.1:{port}/",
        "gopher://127.0.0.1:{port}/",
        "file:///etc/passwd",
        "\thttps://127.0.0.1:{port}/",
    ],
)
async def test_redirects_lead_to_no_special_address(listener: Listener, location: str) -> None:
    server_context()
    header = f"Location: {location.format(port=listener.port)}\r\n\r\n".encode()
    script: tuple[Step, ...] = (ShakeHands(), HearHeader(), Say(b"HTTP/1.1 302 Found\r\n" + header))
    resolver = ScriptedResolver(
        *answering(NAME, "127.0.0.2"),
        *answering("inner.example", "10.0.0.1", "127.0.0.1"),
        *answering("six.example", "::1"),
        otherwise=LookupStatus.NO_NAME,
    )
    async with Peer([script], "127.0.0.2") as peer:
        endpoint = Endpoint(
            protocol=Protocol.HTTP,
            hostname=NAME,
            port=peer.port,
            socket_type=SocketType.TLS,
            service=ServerType.WEBMAIL,
        )
        observation = await a_prober(resolver, policy=ONLY_SECOND).observe(endpoint)

    (seen,) = observation.addresses
    assert seen.http is not None
    assert seen.http.status == 302
    assert seen.failure is None
    if seen.http.failure is not None:
        assert seen.http.failure.stage is Stage.CONNECT
        assert seen.http.failure.reason in {FailureReason.FORBIDDEN, FailureReason.UNREACHABLE}
    assert listener.is_silent
    assert peer.connections == 1


@pytest.mark.slow
@pytest.mark.skipif(EVERYWHERE in os.environ, reason="this is the other run")
def test_not_a_packet_leaves_where_all_addresses_are_this_machine_s() -> None:
    unshare, ip = required_program("unshare", "util-linux"), required_program("ip", "iproute2")
    isolated = [unshare, "--map-root-user", "--net", "sh", "-euc"]
    routes = f"{ip} link set lo up"
    for family in ("-4", "-6"):
        routes += f" && {ip} {family} route add local default dev lo"
    if subprocess.run([*isolated, routes], check=False, capture_output=True).returncode:  # noqa: S603
        pytest.skip("this account may not make network namespaces")

    finished = subprocess.run(  # noqa: S603 - the programs found above
        [*isolated, f'{routes} && exec "$0" -m pytest -p no:cacheprovider "$1"', sys.executable, __file__],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, EVERYWHERE: "1"},
    )

    assert finished.returncode == 0, finished.stdout
    assert " passed" in finished.stdout
