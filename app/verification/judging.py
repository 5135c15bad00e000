"""From what was seen to what it means: for an endpoint, and for a domain that lists it. Pure.

Each cause is one finding, with every address that it holds for. What could not be tested is never bad.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from app.core.servers import SocketType
from app.verification.certificate_judging import expiry, judge_chain
from app.verification.connecting import judge_connections, judge_host
from app.verification.conversing import judge_conversation
from app.verification.dane import judge_dane
from app.verification.evidence import Evidence, gather
from app.verification.logins import judge_logins, judge_promises
from app.verification.web_services import judge_web

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from app.core.endpoints import Endpoint, Listing
    from app.core.findings import Finding
    from app.core.observations import AddressObservation, EndpointObservation, TlsSession
    from app.verification.trust import TrustStore

_HTTPS_PORT: Final = 443


def judge(observation: EndpointObservation, trust: TrustStore, now: datetime) -> tuple[Finding, ...]:
    """Judge what is true of an endpoint, whoever lists it; the worst first.

    Args:
        observation: What one run saw.
        trust: The authorities that clients trust.
        now: The time by which certificates are judged; that of the observation to judge it as of then.
    """
    return gather(observation.endpoint, _found(observation, trust, now))


def judge_listing(listing: Listing, observation: EndpointObservation) -> tuple[Finding, ...]:
    """Judge what depends on a domain's list of authentication methods, by the observation of its endpoint."""
    found = (one for seen in observation.addresses for one in judge_promises(listing, seen))
    return gather(listing.endpoint, found)


def find_expiry(observation: EndpointObservation) -> datetime | None:
    """Return when the first of the certificates that count expires, redirects' targets among them."""
    endpoint = observation.endpoint
    sessions = (one for seen in observation.addresses for *_, one in _sessions(endpoint, seen))
    return min((moment for one in sessions if (moment := expiry(one.chain)) is not None), default=None)


def _sessions(endpoint: Endpoint, seen: AddressObservation) -> Iterator[tuple[str, int, TlsSession]]:
    """Yield the handshakes whose certificates count, with the names that they must be for."""
    if seen.tls is not None and endpoint.socket_type is not SocketType.PLAIN:
        yield endpoint.hostname, endpoint.port, seen.tls
    if seen.http is not None and seen.http.tls is not None:
        parts = urlsplit(seen.http.url)
        yield parts.hostname or endpoint.hostname, parts.port or _HTTPS_PORT, seen.http.tls


def _found(observation: EndpointObservation, trust: TrustStore, now: datetime) -> Iterator[Evidence]:
    endpoint = observation.endpoint
    yield from judge_host(observation)
    yield from judge_connections(observation)
    for seen in observation.addresses:
        yield from judge_conversation(endpoint, seen)
        yield from judge_logins(endpoint, seen)
        yield from judge_web(endpoint, seen)
        for hostname, port, session in _sessions(endpoint, seen):
            for kind, facts in judge_chain(session.chain, hostname, trust, now):
                yield Evidence(kind, {"hostname": hostname, "port": str(port), **facts}, seen.address)
    yield from judge_dane(observation, trust, now)
