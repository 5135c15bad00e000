"""Runs probes: every address of both families, one connection after the other.

Nothing that the far side does raises past here; it is an observation. A new connection is made to an
address for each question that needs one: whether old TLS is all there is, versions, SNI.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from app.core.dns_lookups import LookupStatus
from app.core.dns_records import RecordType
from app.core.endpoints import Protocol
from app.core.observations import AddressObservation, EndpointObservation, Failure, FailureReason, Stage
from app.core.servers import SocketType
from app.net.addresses import resolve
from app.net.pacing import Pacing
from app.net.slots import Slots
from app.net.streams import Handshake
from app.net.tls import TlsPolicy, server_name_of
from app.verification.asking import converse, with_policy
from app.verification.probe import Contact
from app.verification.tls_questions import IN_PASSING, TLS_FAILED, Scope, ask_more

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from app.core.dns_lookups import Lookup
    from app.core.endpoints import Endpoint
    from app.core.observations import TlsSession
    from app.net.address_policy import Address
    from app.net.addresses import Resolved
    from app.net.dialer import Dialer
    from app.net.resolver import Resolver

MAX_ADDRESSES: Final = 16
"""Of an endpoint that are looked at."""
MAX_TOLD: Final = 64
"""Of an endpoint that are told; an answer of the DNS may hold thousands."""
MAIL_CONNECTIONS_PER_MINUTE: Final = 3
_MAX_LOOKUPS: Final = 100
"""Host names that are resolved at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a prober works with."""

    dialer: Dialer
    resolver: Resolver
    clock: Callable[[], datetime]
    own_name: str
    """What to call ourselves in EHLO: a host name, or an address in brackets."""
    scope: Scope = IN_PASSING
    pacing: Pacing = field(default_factory=lambda: Pacing(MAIL_CONNECTIONS_PER_MINUTE))
    """How often one port of a mail host is called on, by its name at each of its addresses."""
    seconds: float = 450.0
    """How long looking at an endpoint may take, with the wait for its turn, whatever the number of its
    addresses; what was begun is seen through. The first address is looked at in any case where it is free."""


class Prober:
    """Observes endpoints."""

    def __init__(self, means: Means) -> None:
        """Take what to work with; nothing is opened or asked yet."""
        self._means = means
        self._places, self._lookups = Slots(1), Slots(_MAX_LOOKUPS)

    async def observe(self, endpoint: Endpoint) -> EndpointObservation:
        """Look at every address of an endpoint; whatever is wrong with it is in what is returned."""
        loop = asyncio.get_running_loop()
        since = loop.time()
        end = since + self._means.seconds
        resolved, lookups = await self._resolve(endpoint)
        async with AsyncExitStack() as turn:
            has_turn = await self._take_turn(turn, endpoint.place, end)
            at = self._means.clock()
            addresses: list[AddressObservation] = []
            for address in resolved.addresses[:MAX_TOLD]:
                if len(addresses) >= MAX_ADDRESSES:
                    seen = _left_out(address, FailureReason.TOO_MANY_ADDRESSES)
                elif not has_turn or (addresses and loop.time() >= end):
                    seen = _left_out(address, FailureReason.NO_TIME)
                else:
                    seen = await self._observe_address(self._contact(endpoint, address, since, end))
                addresses.append(seen)
        return EndpointObservation(
            endpoint=endpoint,
            at=at,
            lookups=lookups,
            addresses=tuple(addresses),
            is_port_known_open=self._means.dialer.has_reached(endpoint.port, resolved.addresses),
        )

    async def _take_turn(self, turn: AsyncExitStack, place: str, end: float) -> bool:
        try:
            async with asyncio.timeout_at(end):
                await turn.enter_async_context(self._places.hold(place))
        except TimeoutError:
            return False
        return True

    async def _resolve(self, endpoint: Endpoint) -> tuple[Resolved, tuple[Lookup, ...]]:
        async with self._lookups.hold(None):
            resolved = await resolve(self._means.resolver, endpoint.hostname)
            lookups = resolved.lookups
            if endpoint.socket_type is not SocketType.PLAIN:
                lookups += await self._look_up_tlsa(endpoint, lookups)
            return resolved, lookups

    async def _look_up_tlsa(self, endpoint: Endpoint, lookups: tuple[Lookup, ...]) -> tuple[Lookup, ...]:
        """Ask for TLSA where the addresses are authenticated; else it proves nothing (RFC 7672 §2.2.2)."""
        proven = [lookup for lookup in lookups if lookup.is_authenticated and lookup.records]
        if not proven:
            return ()
        # Where an alias leads, first (RFC 7671 §7).
        names = dict.fromkeys([*proven[0].aliases[-1:], endpoint.hostname])
        found: list[Lookup] = []
        for name in names:
            found.append(await self._means.resolver.lookup(f"_{endpoint.port}._tcp.{name}", RecordType.TLSA))
            if found[-1].status is LookupStatus.FOUND:
                break
        return tuple(found)

    def _contact(self, endpoint: Endpoint, address: Address, since: float, end: float) -> Contact:
        return Contact(
            endpoint=endpoint,
            address=address,
            dialer=self._means.dialer,
            resolver=self._means.resolver,
            own_name=self._means.own_name,
            handshake=Handshake(server_name_of(endpoint.hostname)),
            pacing=self._means.pacing,
            since=since,
            until=end,
        )

    async def _observe_address(self, contact: Contact) -> AddressObservation:
        endpoint, seen = contact.endpoint, await converse(contact)
        failure = seen.failure
        if failure is not None and failure.stage is Stage.HANDSHAKE and failure.reason in TLS_FAILED:
            older_contact = with_policy(contact, TlsPolicy.LEGACY)
            older = await converse(older_contact)
            if older.tls is not None:
                contact, seen = older_contact, older
        elif _is_silent(seen) and endpoint.protocol is not Protocol.HTTP:
            seen = replace(seen, tls=await _try_tls_at_once(contact))
        if seen.tls is None or endpoint.socket_type is SocketType.PLAIN or seen.reached is Stage.GREETING:
            return seen
        return await ask_more(
            contact, seen, self._means.scope, lambda: asyncio.get_running_loop().time() >= contact.until
        )


def _left_out(address: Address, reason: FailureReason) -> AddressObservation:
    failure = Failure(stage=Stage.CONNECT, reason=reason)
    return AddressObservation(address=address, reached=Stage.CONNECT, failure=failure)


def _is_silent(seen: AddressObservation) -> bool:
    failure = seen.failure
    return (
        failure is not None
        and failure.stage is Stage.GREETING
        and failure.reason is FailureReason.TIMED_OUT
        and seen.tls is None
    )


async def _try_tls_at_once(contact: Contact) -> TlsSession | None:
    """Find out whether a server that says nothing waits for a handshake: TLS where STARTTLS is listed."""
    endpoint = replace(contact.endpoint, socket_type=SocketType.TLS)
    return (await converse(replace(contact, endpoint=endpoint, is_brief=True))).tls
