"""What is found at single addresses, put together into findings: one for each cause."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from app.core.endpoints import Protocol
from app.core.findings import Finding, FindingKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from ipaddress import IPv4Address, IPv6Address

    from app.core.endpoints import Endpoint

DETAIL: Final = "detail"
"""The fact that may differ between addresses without being another cause."""
_SERVICES: Final = {
    Protocol.IMAP: "IMAP",
    Protocol.POP3: "POP3",
    Protocol.SMTP: "SMTP",
    Protocol.MANAGESIEVE: "ManageSieve",
    Protocol.HTTP: "HTTP",
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """That a kind holds, at one address or of the whole endpoint."""

    kind: FindingKind
    facts: Mapping[str, str] = field(default_factory=dict)
    address: IPv4Address | IPv6Address | None = None


def gather(endpoint: Endpoint, found: Iterable[Evidence]) -> tuple[Finding, ...]:
    """Put together what has one cause: same kind, same facts; worst first, then in the order of the codes.

    The order of the evidence means nothing.
    """
    groups: dict[tuple[str, tuple[tuple[str, str], ...]], list[Evidence]] = {}
    for evidence in sorted(found, key=_order):
        same = tuple(sorted((k, v) for k, v in evidence.facts.items() if k != DETAIL))
        groups.setdefault((evidence.kind.code, same), []).append(evidence)
    return in_order(_finding(endpoint, group) for group in groups.values())


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sort findings: the worst first, equal ones by code, subject and facts."""

    def order(finding: Finding) -> tuple[int, str, str, tuple[tuple[str, str], ...]]:
        return -finding.severity.rank, finding.code, finding.subject, tuple(sorted(finding.facts.items()))

    return tuple(sorted(findings, key=order))


def about(endpoint: Endpoint) -> dict[str, str]:
    """Return the facts that every finding of an endpoint has."""
    facts = {
        "hostname": endpoint.hostname,
        "port": str(endpoint.port),
        "service": _SERVICES[endpoint.protocol],
    }
    if endpoint.protocol is Protocol.HTTP:
        facts["url"] = url_of(endpoint)
    return facts


def url_of(endpoint: Endpoint) -> str:
    """Return the URL that a web endpoint is made of."""
    scheme, usual = ("http", 80) if endpoint.socket_type == "plain" else ("https", 443)
    port = "" if endpoint.port == usual else f":{endpoint.port}"
    return f"{scheme}://{endpoint.hostname}{port}{endpoint.path}"


def _order(evidence: Evidence) -> tuple[str, int, int, str]:
    address = evidence.address
    place = (0, 0) if address is None else (address.version, int(address))
    return evidence.kind.code, *place, evidence.facts.get(DETAIL, "")


def _finding(endpoint: Endpoint, group: list[Evidence]) -> Finding:
    first = group[0]
    # A host can be asked twice at one address, by its names in two look-ups.
    addresses = dict.fromkeys(str(evidence.address) for evidence in group if evidence.address is not None)
    return Finding(
        kind=first.kind,
        subject=endpoint.key,
        addresses=tuple(addresses),
        facts={**about(endpoint), **first.facts},
    )
