"""Whether a host name leads to addresses, and whether they answer on the port."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.core.dns_lookups import LookupStatus
from app.core.dns_records import ADDRESS_TYPES
from app.core.endpoints import Protocol
from app.core.findings import FindingKind, Severity
from app.core.observations import FailureReason, Stage
from app.verification.evidence import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.core.observations import AddressObservation, EndpointObservation

HOST_UNKNOWN: Final = FindingKind(
    code="host.unknown",
    severity=Severity.BAD,
    statement="The host name {hostname} does not exist in the DNS.",
    meaning="Mail programs say that the server cannot be found.",
    advice="Publish A and AAAA records for {hostname}, or list another host name.",
)
HOST_WITHOUT_ADDRESS: Final = FindingKind(
    code="host.no-address",
    severity=Severity.BAD,
    statement="The host name {hostname} has no address in the DNS.",
    meaning="Mail programs say that the server cannot be found.",
    advice="Publish A and AAAA records for {hostname}, or list another host name.",
)
HOST_BOGUS: Final = FindingKind(
    code="host.bogus",
    severity=Severity.BAD,
    statement="The DNSSEC signatures of {hostname} do not hold.",
    meaning="Everybody whose provider checks DNSSEC cannot find the server.",
    advice="Sign the zone of {hostname} anew, or correct its DS record at the registry.",
)
HOST_NOT_LOOKED_UP: Final = FindingKind(
    code="host.not-looked-up",
    severity=Severity.UNTESTED,
    statement="The DNS gave no answer for the addresses of {hostname}: {reason}.",
    meaning="It is not known whether people can reach the server.",
    advice="Look at the name servers of {hostname} if this lasts.",
)
HOST_PARTLY_LOOKED_UP: Final = FindingKind(
    code="host.partly-looked-up",
    severity=Severity.INFO,
    statement="The DNS gave no answer for the {type} records of {hostname}: {reason}.",
    meaning="Addresses of one kind could not be tested.",
    advice="Look at the name servers of {hostname} if this lasts.",
)
REFUSED: Final = FindingKind(
    code="connect.refused",
    severity=Severity.BAD,
    statement="{hostname} refuses connections to port {port}.",
    meaning="Mail programs say that the server does not answer.",
    advice="Start the {service} service on {hostname}, or list the port at which it listens.",
)
TIMED_OUT: Final = FindingKind(
    code="connect.timed-out",
    severity=Severity.BAD,
    statement="{hostname} does not answer on port {port}.",
    meaning="Mail programs wait, and then say that the server does not answer.",
    advice="Open port {port} in the firewall of {hostname}, or list the port at which it listens.",
)
UNREACHABLE: Final = FindingKind(
    code="connect.unreachable",
    severity=Severity.BAD,
    statement="There is no way to {hostname} on port {port}.",
    meaning="Mail programs say that the server does not answer.",
    advice="Look at the routing and the addresses of {hostname}.",
)
ADDRESS_DEAD: Final = FindingKind(
    code="connect.address-dead",
    severity=Severity.WARNING,
    statement="One or more of the addresses of {hostname} do not take connections to port {port}: {reason}.",
    meaning="Mail programs that try such an address first take long to connect, or fail.",
    advice="Let the service listen on every address of {hostname}, or take the dead ones out of the DNS.",
)
PORT_25: Final = FindingKind(
    code="connect.port-25-not-tested",
    severity=Severity.UNTESTED,
    statement="Port 25 of {hostname} could not be reached from here, as from many networks.",
    meaning="It is not known whether the server answers; many customers cannot reach port 25 either.",
    advice="List port 465 or 587 for sending; port 25 is for mail between servers (RFC 8314).",
)
FORBIDDEN: Final = FindingKind(
    code="connect.not-permitted",
    severity=Severity.UNTESTED,
    statement="The addresses of {hostname} are none that this service may connect to.",
    meaning="It is not known whether the server answers. People elsewhere reach public addresses only.",
    advice="Publish public addresses for {hostname}; or allow its network (SIGNPOST_ALLOW_NETWORKS).",
)
PORT_NOT_PERMITTED: Final = FindingKind(
    code="connect.port-not-permitted",
    severity=Severity.UNTESTED,
    statement="Port {port} of {hostname} is none that this service may connect to.",
    meaning="It is not known whether the server answers.",
    advice="List the usual port of the {service} service; or allow port {port} (SIGNPOST_PROBE_PORTS).",
)
NOT_TESTED: Final = FindingKind(
    code="connect.not-tested",
    severity=Severity.UNTESTED,
    statement="{hostname} could not be tested on port {port}: {reason}.",
    meaning="It is not known whether the server answers.",
    advice="Run verification on a machine that can reach {hostname}.",
)
SOME_NOT_TESTED: Final = FindingKind(
    code="connect.some-not-tested",
    severity=Severity.INFO,
    statement="One or more of the addresses of {hostname} could not be tested: {reason}.",
    meaning="What is said of the server holds for its other addresses.",
    advice="Run verification on a machine that can reach all addresses of {hostname}.",
)
TURNED_AWAY: Final = FindingKind(
    code="connect.turned-away",
    severity=Severity.UNTESTED,
    statement="{hostname} did not want to serve this service at present: {detail}",
    meaning="The server is busy, or limits who may ask; customers may be served.",
    advice="Nothing, if this is gone soon; else except this service from the limits of {hostname}.",
)
KINDS: Final = (
    HOST_UNKNOWN, HOST_WITHOUT_ADDRESS, HOST_BOGUS, HOST_NOT_LOOKED_UP, HOST_PARTLY_LOOKED_UP,
    REFUSED, TIMED_OUT, UNREACHABLE, ADDRESS_DEAD, PORT_25, FORBIDDEN, PORT_NOT_PERMITTED, NOT_TESTED,
    SOME_NOT_TESTED, TURNED_AWAY,
)  # fmt: skip

_SMTP_PORT: Final = 25
_DEAD: Final = {
    FailureReason.REFUSED: (REFUSED, "refused"),
    FailureReason.TIMED_OUT: (TIMED_OUT, "no answer"),
    FailureReason.UNREACHABLE: (UNREACHABLE, "no way there"),
    FailureReason.CUT: (REFUSED, "closed at once"),
}
NOT_HERE: Final = {
    FailureReason.FORBIDDEN: "no public address",
    FailureReason.PORT_NOT_PERMITTED: "the operator does not allow its port",
    FailureReason.NO_LOCAL_FAMILY: "this machine has no way to such addresses",
    FailureReason.NOT_LOOKED_UP: "the DNS gave no answer for its addresses",
    FailureReason.TURNED_AWAY: "the server turned this service away",
    FailureReason.NO_WAY_OUT: "this machine reaches nothing outside at present",
    FailureReason.NO_TIME: "what was before it took too long",
    FailureReason.TOO_MANY_ADDRESSES: "there are more addresses than are looked at",
}
"""Why nothing follows from a failure: it is our own, or the server's wish."""
_LEFT_OUT: Final = frozenset({FailureReason.NO_TIME, FailureReason.TOO_MANY_ADDRESSES})
"""For the sake of the endpoint's other addresses."""


def judge_host(observation: EndpointObservation) -> Iterator[Evidence]:
    """Judge what the DNS says of the host name."""
    lookups = [lookup for lookup in observation.lookups if lookup.type in ADDRESS_TYPES]
    failed = [lookup for lookup in lookups if not lookup.is_answered]
    if any(lookup.status is LookupStatus.BOGUS for lookup in failed):
        yield Evidence(HOST_BOGUS)
    elif observation.addresses:
        for lookup in failed:
            yield Evidence(HOST_PARTLY_LOOKED_UP, {"type": lookup.type, "reason": lookup.status})
    elif failed or not lookups:
        reason = ", ".join(sorted({lookup.status.value for lookup in failed})) or "not asked"
        yield Evidence(HOST_NOT_LOOKED_UP, {"reason": reason})
    elif all(lookup.status is LookupStatus.NO_NAME for lookup in lookups):
        yield Evidence(HOST_UNKNOWN)
    else:
        yield Evidence(HOST_WITHOUT_ADDRESS)


def judge_connections(observation: EndpointObservation) -> Iterator[Evidence]:
    """Judge which of the addresses take connections; a dead one beside a living one is no outage."""
    addresses = observation.addresses
    has_living = any(is_tested(seen) for seen in addresses)
    is_any_reached = any(seen.reached is not Stage.CONNECT for seen in addresses)
    is_any_tried = any(seen.failure is None or seen.failure.reason not in NOT_HERE for seen in addresses)
    for seen in addresses:
        failure = seen.failure
        if failure is None:
            continue
        is_left_out = failure.reason in _LEFT_OUT and is_any_tried
        if failure.reason in NOT_HERE and (has_living or is_left_out):
            yield Evidence(SOME_NOT_TESTED, {"reason": NOT_HERE[failure.reason]}, seen.address)
        elif failure.reason in NOT_HERE:
            yield _untested(seen)
        elif failure.stage is Stage.CONNECT:
            yield _dead(observation, seen, is_any_reached=is_any_reached)


def is_tested(seen: AddressObservation) -> bool:
    """Tell whether there was a conversation from which something follows."""
    if seen.failure is None:
        return True
    return seen.failure.reason not in NOT_HERE and seen.failure.stage is not Stage.CONNECT


def _untested(seen: AddressObservation) -> Evidence:
    failure = seen.failure
    if failure is not None and failure.reason is FailureReason.FORBIDDEN:
        return Evidence(FORBIDDEN, {}, seen.address)
    if failure is not None and failure.reason is FailureReason.PORT_NOT_PERMITTED:
        return Evidence(PORT_NOT_PERMITTED, {}, seen.address)
    if failure is not None and failure.reason is FailureReason.TURNED_AWAY:
        return Evidence(TURNED_AWAY, {"detail": failure.detail or "it said no more"}, seen.address)
    reason = FailureReason.NO_LOCAL_FAMILY if failure is None else failure.reason
    return Evidence(NOT_TESTED, {"reason": NOT_HERE[reason]}, seen.address)


def _dead(observation: EndpointObservation, seen: AddressObservation, *, is_any_reached: bool) -> Evidence:
    reason = seen.failure.reason if seen.failure is not None else FailureReason.UNREACHABLE
    kind, shown = _DEAD.get(reason, (UNREACHABLE, "no connection"))
    if is_any_reached:
        return Evidence(ADDRESS_DEAD, {"reason": shown}, seen.address)
    endpoint = observation.endpoint
    is_maybe_blocked = endpoint.port == _SMTP_PORT and not observation.is_port_known_open
    if endpoint.protocol is Protocol.SMTP and is_maybe_blocked:
        # Networks of data centres block it, some with a refusal.
        return Evidence(PORT_25, {}, seen.address)
    return Evidence(kind, {}, seen.address)
