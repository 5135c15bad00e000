"""Whether a server's certificates match the TLSA records of its name (RFC 6698, RFC 7671).

Mail programs practically never look, mail servers do. Records count only where DNSSEC vouches for them.
"""

from __future__ import annotations

from hashlib import sha256, sha512
from typing import TYPE_CHECKING, Final

from app.core.dns_lookups import LookupStatus
from app.core.dns_records import RecordType, TlsaData
from app.core.endpoints import Protocol
from app.core.findings import FindingKind, Severity
from app.core.servers import SocketType
from app.verification.certificate_judging import best_way, matches
from app.verification.certificates import Certificate, is_issued_by, read_certificate
from app.verification.connecting import is_tested
from app.verification.evidence import Evidence
from app.verification.trust import WayEnd

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from app.core.dns_lookups import Lookup
    from app.core.endpoints import Endpoint
    from app.core.observations import EndpointObservation
    from app.verification.trust import TrustStore, Way

MATCHES: Final = FindingKind(
    code="dane.matches",
    severity=Severity.INFO,
    statement="The certificate of {hostname} on port {port} matches its TLSA records.",
    meaning="Who checks DANE can be sure of the server.",
    advice="Publish the next certificate's record before the certificate is renewed.",
)
MISMATCH: Final = FindingKind(
    code="dane.mismatch",
    severity=Severity.WARNING,
    statement="The certificate of {hostname} on port {port} matches none of its TLSA records.",
    meaning="Mail programs do not look, but mail servers and others that check DANE refuse to connect.",
    advice="Publish a TLSA record 3 1 1 for the current certificate's key, or take the records out.",
)
BOGUS: Final = FindingKind(
    code="dane.bogus",
    severity=Severity.WARNING,
    statement="The DNSSEC signatures of the TLSA records of {hostname} for port {port} do not hold.",
    meaning="Mail programs do not look, but mail servers and others that check DANE refuse to connect.",
    advice="Sign the zone of {hostname} anew, or correct its DS record at the registry.",
)
NOT_AUTHENTICATED: Final = FindingKind(
    code="dane.not-authenticated",
    severity=Severity.INFO,
    statement="{hostname} has TLSA records for port {port}, but no DNSSEC vouches for them.",
    meaning="They mean nothing to anybody.",
    advice="Sign the zone of {hostname} with DNSSEC, or take the records out.",
)
UNUSABLE: Final = FindingKind(
    code="dane.unusable",
    severity=Severity.INFO,
    statement="{hostname} has TLSA records for port {port}, none of which clients can use.",
    meaning="They mean nothing to anybody.",
    advice="Publish a TLSA record 3 1 1 for the current certificate's key.",
)
KINDS: Final = (MATCHES, MISMATCH, BOGUS, NOT_AUTHENTICATED, UNUSABLE)

_PKIX_EE: Final = 1
_DANE_TA: Final = 2
_DANE_EE: Final = 3
_LENGTHS: Final = {1: 32, 2: 64}


def judge_dane(observation: EndpointObservation, trust: TrustStore, now: datetime) -> Iterator[Evidence]:
    """Judge each address by the TLSA records, as far as they were asked for."""
    endpoint = observation.endpoint
    lookup = _lookup(observation)
    if lookup is None or endpoint.socket_type is SocketType.PLAIN:
        return
    if lookup.status is LookupStatus.BOGUS:
        yield Evidence(BOGUS)
        return
    records = [data for data in lookup.records if isinstance(data, TlsaData)]
    if not records:
        return
    if not lookup.is_authenticated:
        yield Evidence(NOT_AUTHENTICATED)
        return
    usable = [record for record in records if _is_usable(endpoint, record)]
    if not usable:
        yield Evidence(UNUSABLE)
        return
    for seen in observation.addresses:
        if not is_tested(seen) or seen.tls is None or not seen.tls.chain:
            continue
        way = best_way(seen.tls.chain, trust, now)
        check = None if way is None else _Check(endpoint, seen.tls.chain, way)
        is_matched = check is not None and any(check.matches(record) for record in usable)
        yield Evidence(MATCHES if is_matched else MISMATCH, {}, seen.address)


def _lookup(observation: EndpointObservation) -> Lookup | None:
    """Return the look-up that counts: of an alias's target and the name itself the one that found records."""
    asked = [lookup for lookup in observation.lookups if lookup.type is RecordType.TLSA]
    wanted = (LookupStatus.FOUND, LookupStatus.BOGUS)
    return next((one for status in wanted for one in asked if one.status is status), None)


def _is_usable(endpoint: Endpoint, record: TlsaData) -> bool:
    if record.usage > _DANE_EE or record.selector > 1:
        return False
    if record.matching_type not in (0, *_LENGTHS):
        return False
    if record.matching_type in _LENGTHS and len(record.association) != _LENGTHS[record.matching_type]:
        return False
    # RFC 7672 §3.1.3: usages 0 and 1 mean nothing to those who send mail.
    return record.usage in (_DANE_TA, _DANE_EE) or endpoint.protocol is not Protocol.SMTP


class _Check:
    def __init__(self, endpoint: Endpoint, chain: tuple[bytes, ...], way: Way) -> None:
        self._endpoint = endpoint
        self._way = way
        self._sent = frozenset(chain)

    def matches(self, record: TlsaData) -> bool:
        leaf = self._way.certificates[0]
        if record.usage == _DANE_EE:
            # Names and dates do not count (RFC 7671 §5.1).
            return is_associated(record, leaf)
        if not matches(leaf, self._endpoint.hostname):
            return False
        if record.usage == _DANE_TA:
            return any(is_associated(record, one) for one in self._anchors(leaf, record))
        is_trusted = self._way.end is WayEnd.TRUSTED and self._way.flaw is None
        candidates = self._way.certificates[:1] if record.usage == _PKIX_EE else self._way.certificates[1:]
        return is_trusted and any(is_associated(record, one) for one in candidates)

    def _anchors(self, leaf: Certificate, record: TlsaData) -> Iterator[Certificate]:
        """Yield authorities above the certificate; each must be sent, or be in the record (RFC 7671 §5.2)."""
        above = [one for one in self._way.certificates[1:] if one.der in self._sent]
        yield from above
        if record.selector == 0 and record.matching_type == 0:
            anchor = read_certificate(record.association)
            top = above[-1] if above else leaf
            if anchor is not None and is_issued_by(top.der, anchor.der):
                yield anchor


def is_associated(record: TlsaData, certificate: Certificate) -> bool:
    """Tell whether a record is for a certificate, whatever its usage (RFC 6698 §2.1)."""
    data = certificate.spki if record.selector == 1 else certificate.der
    if record.matching_type == 1:
        data = sha256(data).digest()
    elif record.matching_type == 2:  # noqa: PLR2004 - SHA-512
        data = sha512(data).digest()
    return data == record.association
