"""Attempts to make discovery look into networks and at ports that it may not: none sends a packet."""

from __future__ import annotations

import asyncio
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Self

import pytest
from app.core.candidates import Outcome
from app.core.dns_records import AddressData, MxData, SrvData
from app.net.address_policy import AddressPolicy
from app.net.dialer import Dialer

from discovering import (
    AUTOCONFIG,
    AUTOCONFIG_PLAIN,
    DOMAIN,
    POX_HOST,
    POX_PLAIN,
    POX_ROOT,
    VERSION_2,
    a_document,
    found_by,
    one_of,
)
from fakes.resolver import found
from unit.verification.test_forbidden_addresses import ENCODED, SPECIAL
from web_hosts import PATIENT, Answer, WebHosts, redirect, web_hosts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.core.dns_lookups import Lookup

# All but the hosts of the lab, which are this machine's too.
ONLY_THE_LAB = AddressPolicy((ip_network("127.0.30.0/24"),))
LISTENER = "127.0.0.1"


@pytest.fixture
async def hosts() -> AsyncIterator[WebHosts]:
    async with web_hosts((DOMAIN, f"autoconfig.{DOMAIN}", f"autodiscover.{DOMAIN}")) as running:
        yield running


class Trap:
    """Listens where nobody may come."""

    def __init__(self, says: bytes = b"") -> None:
        self.says = says
        self.visits = 0
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._count, LISTENER, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.sleep(0.01)
        self._server.close()

    def _count(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.visits += 1
        writer.write(self.says)
        writer.close()


def addressed(name: str, text: str) -> Lookup:
    return found(name, AddressData(ip_address(text)))


@pytest.mark.parametrize("address", SPECIAL)
async def test_a_place_at_a_special_address_is_not_asked(hosts: WebHosts, address: str) -> None:
    names = (f"autoconfig.{DOMAIN}", f"autodiscover.{DOMAIN}", f"ua-auto-config.{DOMAIN}", DOMAIN)
    for name in names:
        hosts.addresses.pop(name, None)
    lookups = [addressed(name, address) for name in names]
    dialer = Dialer(AddressPolicy(), PATIENT)
    discovery = await found_by(hosts, *lookups, dialer=dialer)
    outcomes = {one.source: one.outcome for one in discovery.candidates}
    web = ("pacc", "autoconfig", "well-known", "autoconfig-http", "well-known-http", "autodiscover-root",
           "autodiscover", "autodiscover-redirect", "autodiscover-json")  # fmt: skip
    assert {outcomes[name] for name in web} == {Outcome.FORBIDDEN}
    assert hosts.asked == []


def urls(port: int) -> list[str]:
    places = [LISTENER, "[::1]", "[::ffff:127.0.0.1]", "10.0.0.1", "169.254.169.254", "inner.example"]
    return [f"https://{place}:{port}/" for place in (*places, *ENCODED)]


async def test_the_trap_catches_who_is_allowed_to_go_there(hosts: WebHosts) -> None:
    async with Trap() as trap:
        hosts.routes[AUTOCONFIG] = redirect(f"https://{LISTENER}:{trap.port}/")
        await found_by(hosts)
        assert trap.visits == 1


async def test_redirects_lead_to_no_special_address(hosts: WebHosts) -> None:
    inner = addressed("inner.example", LISTENER)
    async with Trap() as trap:
        for url in urls(trap.port):
            for place in (AUTOCONFIG, POX_HOST, POX_PLAIN, VERSION_2):
                hosts.routes[place] = redirect(url, 307)
            discovery = await found_by(hosts, inner, dialer=hosts.dialer(ONLY_THE_LAB))
            assert not any(candidate.is_found for candidate in discovery.candidates), url
        assert trap.visits == 0


async def test_documents_lead_to_no_special_address(hosts: WebHosts) -> None:
    inner = addressed("inner.example", LISTENER)
    async with Trap() as trap:
        for url in urls(trap.port):
            inside = f"<Action>redirectUrl</Action><RedirectUrl>{url}</RedirectUrl>"
            response = f"<Autodiscover><Response><Account>{inside}</Account></Response></Autodiscover>"
            hosts.routes[POX_HOST] = Answer(response.encode())
            hosts.routes[VERSION_2] = Answer(f'{{"Url": "{url}"}}'.encode())
            discovery = await found_by(hosts, inner, dialer=hosts.dialer(ONLY_THE_LAB))
            assert not any(candidate.is_found for candidate in discovery.candidates), url
        assert trap.visits == 0


async def test_records_lead_to_no_special_address(hosts: WebHosts) -> None:
    async with Trap() as trap:
        target = SrvData(priority=0, weight=0, port=trap.port, target="inner.example")
        records = (
            found(f"_autodiscover._tcp.{DOMAIN}", target),
            found(DOMAIN, MxData(preference=1, exchange="mx.inner.example")),
            addressed("autoconfig.inner.example", LISTENER),
            addressed("inner.example", LISTENER),
        )
        discovery = await found_by(hosts, *records, dialer=hosts.dialer(ONLY_THE_LAB))
        assert one_of(discovery, "autodiscover-srv").outcome is Outcome.FORBIDDEN
        assert one_of(discovery, "mail-exchanger").outcome is Outcome.FORBIDDEN
        assert trap.visits == 0


async def test_what_is_allowed_is_asked_beside_what_is_not(hosts: WebHosts) -> None:
    hosts.routes[AUTOCONFIG] = a_document()
    discovery = await found_by(hosts, addressed("x.example", LISTENER), dialer=hosts.dialer(ONLY_THE_LAB))
    assert one_of(discovery, "autoconfig").is_found


def leading_to(url: str) -> dict[str, Answer]:
    """Make answers of all kinds that lead to a URL."""
    inside = f"<Action>redirectUrl</Action><RedirectUrl>{url}</RedirectUrl>"
    response = f"<Autodiscover><Response><Account>{inside}</Account></Response></Autodiscover>"
    return {
        AUTOCONFIG: redirect(url),
        AUTOCONFIG_PLAIN: redirect(url),
        POX_HOST: redirect(url, 307),
        POX_PLAIN: redirect(url),
        POX_ROOT: Answer(response.encode()),
        VERSION_2: Answer(f'{{"Url": "{url}"}}'.encode()),
    }


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_nothing_leads_to_a_port_that_the_operator_does_not_allow(hosts: WebHosts, scheme: str) -> None:
    async with Trap() as trap:
        hosts.routes |= leading_to(f"{scheme}://victim.example:{trap.port}/")
        service = SrvData(priority=0, weight=0, port=trap.port, target="victim.example")
        records = (addressed("victim.example", LISTENER), found(f"_autodiscover._tcp.{DOMAIN}", service))
        dialer = hosts.dialer(allowed=hosts.only_these_ports())
        discovery = await found_by(hosts, *records, dialer=dialer)
        assert trap.visits == 0
    forbidden = {one.source for one in discovery.candidates if one.outcome is Outcome.FORBIDDEN}
    # Those of Autodiscover follow nothing to plain http.
    followed = {"autoconfig", "autoconfig-http", "autodiscover-srv"}
    if scheme == "https":
        followed |= {"autodiscover", "autodiscover-root", "autodiscover-redirect", "autodiscover-json"}
    assert forbidden >= followed
    reason = one_of(discovery, "autoconfig").reason
    assert f"is at a port that may not be asked (port {trap.port} is none that the operator allows)" in reason


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    "said", [b"SSH-2.0-OpenSSH_9.2\r\n", b"SSH-2.0-OpenSSH_9.2", b"HTTP/1.1 200 OK\r\nOpenSSH"]
)
async def test_what_a_server_that_is_none_of_the_web_says_is_not_repeated(
    hosts: WebHosts, scheme: str, said: bytes
) -> None:
    async with Trap(said) as trap:
        hosts.routes |= leading_to(f"{scheme}://victim.example:{trap.port}/")
        discovery = await found_by(hosts, addressed("victim.example", LISTENER))
        assert trap.visits > 0
    assert one_of(discovery, "autoconfig").outcome is Outcome.FAILED
    assert "OpenSSH" not in repr(discovery.candidates)
