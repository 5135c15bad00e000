"""Observations as they are kept: evidence for people, and enough to judge what domains promise.

Certificates are kept as their fingerprints: thousands of chains would be most of the database.
"""

from __future__ import annotations

import hashlib
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from app.core.dns_records import presented
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

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from app.core.dns_lookups import Lookup
    from app.core.endpoints import Endpoint


def sighting_record(observation: EndpointObservation) -> dict[str, Any]:
    """Return what is kept of an observation, as JSON has it."""
    return {
        "lookups": [_lookup_record(lookup) for lookup in observation.lookups],
        "addresses": [_address_record(seen) for seen in observation.addresses],
    }


def sighting_from_record(endpoint: Endpoint, at: datetime, record: Mapping[str, Any]) -> EndpointObservation:
    """Return what was seen, without look-ups and certificates."""
    addresses = tuple(_address(one) for one in record["addresses"])
    return EndpointObservation(endpoint=endpoint, at=at, addresses=addresses)


def fingerprint(certificate: bytes) -> str:
    """Return the SHA-256 of a certificate in DER."""
    return hashlib.sha256(certificate).hexdigest()


def seen_fingerprint(observation: EndpointObservation) -> str | None:
    """Return the fingerprint of the first certificate that was seen."""
    chains = [seen.tls.chain for seen in observation.addresses if seen.tls is not None and seen.tls.chain]
    return fingerprint(chains[0][0]) if chains else None


def _lookup_record(lookup: Lookup) -> dict[str, Any]:
    return {
        "name": lookup.name,
        "type": lookup.type.value,
        "status": lookup.status.value,
        "records": [presented(record) for record in lookup.records],
        "is_authenticated": lookup.is_authenticated,
    }


def _address_record(seen: AddressObservation) -> dict[str, Any]:
    tls, http = seen.tls, seen.http
    return {
        "address": str(seen.address),
        "reached": seen.reached.value,
        "failure": _failure_record(seen.failure),
        "greeting": seen.greeting,
        "before_tls": _capabilities_record(seen.before_tls),
        "in_tls": _capabilities_record(seen.in_tls),
        "tls": None
        if tls is None
        else {
            "version": tls.version,
            "cipher": tls.cipher,
            "certificates": [fingerprint(certificate) for certificate in tls.chain],
        },
        "versions": dict(seen.versions),
        "takes_injected": seen.takes_injected,
        "http": None
        if http is None
        else {
            "status": http.status,
            "url": http.url,
            "redirects": list(http.redirects),
            "failure": _failure_record(http.failure),
        },
        "seconds": round(seen.seconds, 3),
    }


def _failure_record(failure: Failure | None) -> dict[str, Any] | None:
    if failure is None:
        return None
    return {"stage": failure.stage.value, "reason": failure.reason.value, "detail": failure.detail}


def _capabilities_record(found: Capabilities | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "atoms": sorted(found.atoms),
        "mechanisms": sorted(found.mechanisms),
        "are_known": found.are_known,
    }


def _address(record: Mapping[str, Any]) -> AddressObservation:
    tls, http = record["tls"], record["http"]
    return AddressObservation(
        address=ip_address(record["address"]),
        reached=Stage(record["reached"]),
        failure=_failure(record["failure"]),
        greeting=record["greeting"],
        before_tls=_capabilities(record["before_tls"]),
        in_tls=_capabilities(record["in_tls"]),
        tls=None if tls is None else TlsSession(version=tls["version"], cipher=tls["cipher"], chain=()),
        versions=tuple(record["versions"].items()),
        # Records that are kept already may lack it.
        takes_injected=record.get("takes_injected"),
        http=None
        if http is None
        else HttpAnswer(
            status=http["status"],
            url=http["url"],
            redirects=tuple(http["redirects"]),
            # As above.
            failure=_failure(http.get("failure")),
        ),
        seconds=record["seconds"],
    )


def _failure(record: Mapping[str, Any] | None) -> Failure | None:
    if record is None:
        return None
    return Failure(
        stage=Stage(record["stage"]), reason=FailureReason(record["reason"]), detail=record["detail"]
    )


def _capabilities(record: Mapping[str, Any] | None) -> Capabilities | None:
    if record is None:
        return None
    return Capabilities(
        atoms=frozenset(record["atoms"]),
        mechanisms=frozenset(record["mechanisms"]),
        are_known=record["are_known"],
    )
