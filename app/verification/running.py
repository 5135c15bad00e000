"""Runs probes: every address of both families, one connection after the other.

Nothing that the far side does raises past here; it is an observation. A new connection is made to an
address for each question that needs one: whether old TLS is all there is, versions, SNI.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from app.core.dns_lookups import LookupStatus
from app.core.dns_records import RecordType
from app.core.endpoints import Protocol
from app.core.observations import EndpointObservation, Failure, FailureReason, Stage
from app.core.servers import SocketType
from app.net.addresses import resolve
from app.net.failures import ConversationError
from app.net.slots import Slots
from app.net.streams import Handshake
from app.net.tls import VERSIONS, TlsPolicy, server_name_of
from app.verification.probe import Contact, Sight
from app.verification.probes import find_probes

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from app.core.dns_lookups import Lookup
    from app.core.endpoints import Endpoint
    from app.core.observations import AddressObservation, TlsSession
    from app.net.address_policy import Address
    from app.net.addresses import Resolved
    from app.net.dialer import Dialer
    from app.net.resolver import Resolver

MAX_ADDRESSES: Final = 16
_MAX_LOOKUPS: Final = 100
"""Host names that are resolved at a time."""
_OLD_POLICIES: Final = (TlsPolicy.ONLY_1_0, TlsPolicy.ONLY_1_1)
_NEW_POLICIES: Final = {policy.value: policy for policy in (TlsPolicy.ONLY_1_2, TlsPolicy.ONLY_1_3)}
_TLS_FAILED: Final = frozenset({FailureReason.TLS_ALERT, FailureReason.CUT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What to find out beside what one conversation shows; each costs connections."""

    versions: bool = False
    """Which of TLS 1.0 to 1.3 are taken."""
    without_sni: bool = False
    """Whether the same certificate comes to clients that do not name the host."""


IN_PASSING: Final = Scope()
"""Nothing but what one conversation shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a prober works with."""

    dialer: Dialer
    resolver: Resolver
    clock: Callable[[], datetime]
    own_name: str
    """What to call ourselves in EHLO: a host name, or an address in brackets."""
    scope: Scope = IN_PASSING


class Prober:
    """Observes endpoints."""

    def __init__(self, means: Means) -> None:
        """Take what to work with; nothing is opened or asked yet."""
        self._means = means
        self._places, self._lookups = Slots(1), Slots(_MAX_LOOKUPS)

    async def observe(self, endpoint: Endpoint) -> EndpointObservation:
        """Look at every address of an endpoint; whatever is wrong with it is in what is returned."""
        async with self._places.hold(endpoint.place):
            at = self._means.clock()
            resolved, lookups = await self._resolve(endpoint)
            addresses = [
                await self._observe_address(endpoint, address)
                for address in resolved.addresses[:MAX_ADDRESSES]
            ]
        return EndpointObservation(
            endpoint=endpoint,
            at=at,
            lookups=lookups,
            addresses=tuple(addresses),
            is_port_known_open=self._means.dialer.has_reached(endpoint.port),
        )

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

    async def _observe_address(self, endpoint: Endpoint, address: Address) -> AddressObservation:
        contact = Contact(
            endpoint=endpoint,
            address=address,
            dialer=self._means.dialer,
            resolver=self._means.resolver,
            own_name=self._means.own_name,
            handshake=Handshake(server_name_of(endpoint.hostname)),
        )
        seen = await _converse(contact)
        failure = seen.failure
        if failure is not None and failure.stage is Stage.HANDSHAKE and failure.reason in _TLS_FAILED:
            older = await _converse(_with_policy(contact, TlsPolicy.LEGACY))
            if older.tls is not None:
                contact, seen = _with_policy(contact, TlsPolicy.LEGACY), older
        elif _is_silent(seen) and endpoint.protocol is not Protocol.HTTP:
            seen = replace(seen, tls=await _try_tls_at_once(contact))
        if seen.tls is None or endpoint.socket_type is SocketType.PLAIN or seen.reached is Stage.GREETING:
            return seen
        scope = self._means.scope
        if scope.versions:
            seen = replace(seen, versions=await _versions(contact, seen))
        if scope.without_sni and contact.handshake.server_name is not None:
            seen = replace(seen, matches_without_sni=await _matches_without_sni(contact, seen))
        return seen


async def _converse(contact: Contact) -> AddressObservation:
    """Talk once; the time runs from when the connection's turn has come."""
    sight, failure = Sight(), None
    try:
        await find_probes()[contact.endpoint.protocol].ask(contact, sight)
    except ConversationError as error:
        failure = Failure(stage=sight.stage, reason=error.reason, detail=error.detail)
    return sight.observation(contact.address, failure)


def _with_policy(contact: Contact, policy: TlsPolicy, *, is_brief: bool = False) -> Contact:
    return replace(contact, handshake=replace(contact.handshake, policy=policy), is_brief=is_brief)


def _is_silent(seen: AddressObservation) -> bool:
    failure = seen.failure
    return (
        failure is not None
        and failure.stage is Stage.GREETING
        and failure.reason is FailureReason.TIMED_OUT
        and seen.tls is None
    )


async def _versions(contact: Contact, seen: AddressObservation) -> tuple[tuple[str, bool | None], ...]:
    """Try each version by itself, but for what is known: hosts that are well need few connections."""
    found: dict[TlsPolicy, bool | None] = {}
    if seen.tls is not None and seen.tls.version in _NEW_POLICIES:
        found[_NEW_POLICIES[seen.tls.version]] = True
        if _is_taken(await _converse(_with_policy(contact, TlsPolicy.OLD, is_brief=True))) is False:
            found |= dict.fromkeys(_OLD_POLICIES, False)
    for policy in VERSIONS:
        if policy not in found:
            found[policy] = _is_taken(await _converse(_with_policy(contact, policy, is_brief=True)))
    return tuple((policy.value, found[policy]) for policy in VERSIONS)


def _is_taken(tried: AddressObservation) -> bool | None:
    if tried.tls is not None:
        return True
    failure = tried.failure
    has_said_no = failure is not None and failure.stage is Stage.HANDSHAKE and failure.reason in _TLS_FAILED
    return False if has_said_no else None


async def _try_tls_at_once(contact: Contact) -> TlsSession | None:
    """Find out whether a server that says nothing waits for a handshake: TLS where STARTTLS is listed."""
    endpoint = replace(contact.endpoint, socket_type=SocketType.TLS)
    return (await _converse(replace(contact, endpoint=endpoint, is_brief=True))).tls


async def _matches_without_sni(contact: Contact, seen: AddressObservation) -> bool | None:
    handshake = replace(contact.handshake, server_name=None)
    tried = await _converse(replace(contact, handshake=handshake, is_brief=True))
    if tried.tls is None or seen.tls is None:
        return False if _is_taken(tried) is False else None
    return tried.tls.chain[:1] == seen.tls.chain[:1]
