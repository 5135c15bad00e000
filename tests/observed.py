"""Observations as a probe makes them: good by default, one keyword to vary."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from app.core.dns_lookups import Lookup, LookupStatus
from app.core.dns_records import AddressData, RecordType, TlsaData
from app.core.endpoints import Endpoint, Listing, Protocol
from app.core.observations import (
    AddressObservation,
    Capabilities,
    EndpointObservation,
    Failure,
    FailureReason,
    HttpAnswer,
    Stage,
    TlsSession,
)
from app.core.servers import Authentication, ServerType, SocketType

from pki import HOST, NOW, good

FIRST = "203.0.113.1"
SECOND = "2001:db8::1"
_PORTS = {
    (Protocol.IMAP, SocketType.TLS): 993,
    (Protocol.IMAP, SocketType.STARTTLS): 143,
    (Protocol.IMAP, SocketType.PLAIN): 143,
    (Protocol.POP3, SocketType.TLS): 995,
    (Protocol.POP3, SocketType.STARTTLS): 110,
    (Protocol.SMTP, SocketType.TLS): 465,
    (Protocol.SMTP, SocketType.STARTTLS): 587,
    (Protocol.MANAGESIEVE, SocketType.STARTTLS): 4190,
    (Protocol.HTTP, SocketType.TLS): 443,
    (Protocol.HTTP, SocketType.PLAIN): 80,
}
_STARTTLS = {
    Protocol.IMAP: frozenset({"IMAP4REV1", "STARTTLS", "LOGINDISABLED"}),
    Protocol.POP3: frozenset({"STLS", "UIDL"}),
    Protocol.SMTP: frozenset({"STARTTLS", "SIZE"}),
    Protocol.MANAGESIEVE: frozenset({"STARTTLS", "SIEVE"}),
}


def an_endpoint(
    protocol: Protocol = Protocol.IMAP, socket_type: SocketType = SocketType.TLS, **changes: Any
) -> Endpoint:
    values: dict[str, Any] = {
        "protocol": protocol,
        "hostname": HOST,
        "port": _PORTS[protocol, socket_type],
        "socket_type": socket_type,
    }
    return Endpoint(**{**values, **changes})


def a_web_endpoint(service: ServerType, socket_type: SocketType = SocketType.TLS, **changes: Any) -> Endpoint:
    return an_endpoint(Protocol.HTTP, socket_type, **{"service": service, "path": "/there", **changes})


def a_session(chain: tuple[bytes, ...] | None = None, **changes: Any) -> TlsSession:
    values: dict[str, Any] = {
        "version": "TLSv1.3",
        "cipher": "TLS_AES_256_GCM_SHA384",
        "chain": good() if chain is None else chain,
    }
    return TlsSession(**{**values, **changes})


def offering(*mechanisms: str, atoms: tuple[str, ...] = (), are_known: bool = True) -> Capabilities:
    return Capabilities(atoms=frozenset(atoms), mechanisms=frozenset(mechanisms), are_known=are_known)


def seen_at(endpoint: Endpoint, address: str = FIRST, **changes: Any) -> AddressObservation:
    """Return a conversation as it should be."""
    values: dict[str, Any] = {
        "address": ip_address(address),
        "reached": Stage.DONE,
        "greeting": "ready",
    }
    if endpoint.socket_type is not SocketType.PLAIN:
        values["tls"] = a_session()
        values["in_tls"] = offering("PLAIN")
    if endpoint.socket_type is SocketType.STARTTLS:
        values["before_tls"] = Capabilities(atoms=_STARTTLS[endpoint.protocol])
    if endpoint.protocol is Protocol.HTTP:
        values["http"] = an_answer()
    return AddressObservation(**{**values, **changes})


def failed_at(
    endpoint: Endpoint, stage: Stage, reason: FailureReason, address: str = FIRST, **changes: Any
) -> AddressObservation:
    """Return a conversation that ended early; what comes after the stage was not seen."""
    values: dict[str, Any] = {
        "reached": stage,
        "failure": Failure(stage=stage, reason=reason, detail=changes.pop("detail", "")),
        "in_tls": None,
        "http": None,
    }
    if stage not in {Stage.CAPABILITIES_IN_TLS, Stage.REQUEST, Stage.DONE}:
        values["tls"] = None
    if stage in {Stage.CONNECT, Stage.GREETING} or (
        stage is Stage.HANDSHAKE and endpoint.socket_type is SocketType.TLS
    ):
        values |= {"before_tls": None, "greeting": ""}
    return seen_at(endpoint, address, **{**values, **changes})


def found(name: str, *addresses: str, status: LookupStatus = LookupStatus.FOUND, kind: str = "A") -> Lookup:
    return Lookup(
        name=name,
        type=RecordType(kind),
        status=status,
        records=tuple(AddressData(ip_address(address)) for address in addresses),
    )


def tlsa(
    *records: TlsaData, is_authenticated: bool = True, status: LookupStatus = LookupStatus.FOUND
) -> Lookup:
    return Lookup(
        name=f"_993._tcp.{HOST}",
        type=RecordType.TLSA,
        status=status,
        records=records,
        is_authenticated=is_authenticated,
    )


def observed(
    endpoint: Endpoint, *addresses: AddressObservation, lookups: tuple[Lookup, ...] | None = None
) -> EndpointObservation:
    """Return a run; without addresses the endpoint is as it should be, with none at all use ``lookups``."""
    if lookups is None:
        seen = addresses or (seen_at(endpoint),)
        shown = [str(one.address) for one in seen]
        v4, v6 = ([one for one in shown if (":" in one) is wanted] for wanted in (False, True))
        answers = {"A": v4, "AAAA": v6}
        lookups = tuple(
            found(
                endpoint.hostname,
                *answer,
                kind=kind,
                status=LookupStatus.FOUND if answer else LookupStatus.NO_DATA,
            )
            for kind, answer in answers.items()
        )
        return EndpointObservation(endpoint=endpoint, at=NOW, lookups=lookups, addresses=seen)
    return EndpointObservation(endpoint=endpoint, at=NOW, lookups=lookups, addresses=addresses)


def an_answer(status: int = 200, **changes: Any) -> HttpAnswer:
    values: dict[str, Any] = {
        "status": status,
        "url": f"https://{HOST}/there",
        "headers": (("strict-transport-security", "max-age=31536000"),),
    }
    return HttpAnswer(**{**values, **changes})


def a_listing(endpoint: Endpoint, *authentication: Authentication) -> Listing:
    return Listing(endpoint=endpoint, server="server", authentication=authentication)
