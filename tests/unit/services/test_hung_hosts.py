"""A host that takes connections and says nothing, listed by many: all of them are reported, others probed."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from app.core.dns_lookups import LookupStatus
from app.core.dns_records import AddressData
from app.core.reports import State
from app.core.servers import SocketType
from app.net.dialer import Dialer
from app.net.pacing import Pacing
from app.services.checking import Checking, CheckingPace, Judgement
from app.verification.running import Means, Prober

from builders import a_domain, a_provider, an_imap_server
from databases import stored_domain, stored_provider
from fakes.observer import TestRoots
from fakes.peers import Hear, Idle, Peer, lines
from fakes.resolver import ScriptedResolver, found
from probing import IMPATIENT, LOOPBACK, OWN_NAME
from verifying import Verifier

if TYPE_CHECKING:
    from app.core.servers import Server
    from app.store.unit_of_work import Store

    from fakes.clock import FixedClock

HUNG = [f"mail{number}.hung.example" for number in range(40)]
WELL = "mail.well.example"
TALK = (
    lines("* OK ready"),
    Hear(b"a1"),
    lines("* CAPABILITY IMAP4rev1 STARTTLS", "a1 OK"),
    Hear(b"a2"),
    lines("a2 NO not today"),
    Hear(b"a3"),
    lines("* BYE", "a3 OK"),
)
LEASE_SECONDS = 5.0


def a_server(hostname: str, port: int) -> Server:
    key = hostname.partition(".")[0]
    return an_imap_server(key=key, hostname=hostname, port=port, socket_type=SocketType.STARTTLS)


def a_checking(store: Store, clock: FixedClock) -> Checking:
    address = AddressData(ip_address("127.0.0.1"))
    names = (found(name, address) for name in (*HUNG, WELL))
    prober = Prober(
        Means(
            dialer=Dialer(LOOPBACK, IMPATIENT),
            resolver=ScriptedResolver(*names, otherwise=LookupStatus.NO_DATA),
            clock=clock,
            own_name=OWN_NAME,
            pacing=Pacing(1000),
            seconds=LEASE_SECONDS / 2,
        )
    )
    pace = CheckingPace(lease_seconds=LEASE_SECONDS)
    return Checking(store, clock, Judgement(observer=prober, trust=TestRoots()), pace)


async def test_all_that_are_at_a_hung_host_are_bad_and_others_are_as_they_are(
    store: Store, clock: FixedClock
) -> None:
    async with Peer.of(Idle()) as hung, Peer.of(*TALK) as well:
        await stored_provider(store, a_provider(servers=(a_server(WELL, well.port),)))
        await stored_domain(store)
        for start in range(0, len(HUNG), 10):
            servers = tuple(a_server(name, hung.port) for name in HUNG[start : start + 10])
            await stored_domain(store, a_domain(f"d{start}.example", servers=servers))
        verifier = Verifier(store, clock)
        assert await verifier.check(a_checking(store, clock)) == len(HUNG) + 1
    standing = {one.endpoint.hostname: one.standing for one in (await verifier.all()).values()}
    assert {standing[name].state for name in HUNG} == {State.BAD}
    assert {standing[name].failures for name in HUNG} == {1}
    assert standing[WELL].checked_at == clock()
