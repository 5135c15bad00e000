"""A prober on loopback, and endpoints to observe."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any

from app.core.dns_lookups import LookupStatus
from app.core.dns_records import AddressData
from app.core.endpoints import Endpoint, Protocol
from app.core.servers import SocketType
from app.net.address_policy import AddressPolicy
from app.net.dialer import ConnectionLimits, Dialer
from app.net.pacing import Pacing
from app.net.streams import TimeLimits
from app.verification.running import Means, Prober
from app.verification.tls_questions import IN_PASSING, Scope

from fakes.clock import FixedClock
from fakes.peers import HOST, Idle, server_context
from fakes.resolver import ScriptedResolver, found

if TYPE_CHECKING:
    from app.core.observations import AddressObservation
    from app.core.servers import ServerType
    from app.net.resolver import Resolver

    from fakes.peers import Peer

OWN_NAME = "probe.signpost.example"
LOOPBACK = AddressPolicy((ip_network("127.0.0.0/8"), ip_network("::1/128")))
PATIENT = ConnectionLimits(times=TimeLimits(connect=10.0, reply=10.0, total=20.0))
"""For peers that answer, on a machine as busy as it may be."""
IMPATIENT = ConnectionLimits(times=TimeLimits(connect=2.0, reply=0.5, total=3.0))
"""For peers that do not answer."""


def a_resolver(
    *addresses: str,
    name: str = HOST,
    is_authenticated: bool = False,
    otherwise: LookupStatus = LookupStatus.NO_NAME,
) -> ScriptedResolver:
    """Make one that knows these addresses of one name, and how look-ups of all others end."""
    by_version: dict[int, list[AddressData]] = {}
    for text in addresses:
        address = ip_address(text)
        by_version.setdefault(address.version, []).append(AddressData(address))
    answers = [found(name, *data, is_authenticated=is_authenticated) for data in by_version.values()]
    return ScriptedResolver(*answers, otherwise=otherwise)


def a_prober(
    resolver: Resolver,
    *,
    policy: AddressPolicy = LOOPBACK,
    limits: ConnectionLimits = PATIENT,
    scope: Scope = IN_PASSING,
    **more: Any,
) -> Prober:
    # As often as tests like.
    chosen = {"pacing": Pacing(1000), "scope": scope, **more}
    dialer = Dialer(policy, limits)
    return Prober(Means(dialer=dialer, resolver=resolver, clock=FixedClock(), own_name=OWN_NAME, **chosen))


def an_endpoint(
    protocol: Protocol,
    port: int,
    socket_type: SocketType = SocketType.TLS,
    *,
    service: ServerType | None = None,
    path: str = "",
) -> Endpoint:
    return Endpoint(
        protocol=protocol, hostname=HOST, port=port, socket_type=socket_type, service=service, path=path
    )


def limits_for(peer: Peer) -> ConnectionLimits:
    """Return with how much patience a peer is observed: who falls silent is not waited for."""
    return IMPATIENT if any(isinstance(step, Idle) for script in peer.scripts for step in script) else PATIENT


async def observe(
    peer: Peer, protocol: Protocol, socket_type: SocketType, *, limits: ConnectionLimits | None = None
) -> AddressObservation:
    """Start the peer and observe its one address."""
    # Made beforehand: keys take their time, and the peer's would count as ours.
    server_context()
    async with peer:
        prober = a_prober(a_resolver(peer.address), limits=limits or limits_for(peer))
        observation = await prober.observe(an_endpoint(protocol, peer.port, socket_type))
    (seen,) = observation.addresses
    return seen
