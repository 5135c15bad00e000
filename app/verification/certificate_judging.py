"""Whether clients accept a server's certificate for the listed name, and how long they will."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_address
from itertools import pairwise
from typing import TYPE_CHECKING, Final, TypeAlias

from app.verification import certificate_kinds as kinds
from app.verification.certificates import Certificate, is_issued_by, printable, read_certificate
from app.verification.trust import Flaw, WayEnd, find_ways

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from app.core.findings import FindingKind
    from app.verification.trust import TrustStore, Way

Found: TypeAlias = "tuple[FindingKind, dict[str, str]]"
"""A kind with its facts."""

WARN_BEFORE: Final = timedelta(days=21)
BAD_BEFORE: Final = timedelta(days=7)
_WARN_SHARE: Final = 4
_BAD_SHARE: Final = 12
MOST_DAYS: Final = 825
"""Of validity that Apple's devices accept, whoever signed."""
_MOST_NAMES: Final = 5
_BROKEN_HASHES: Final = frozenset({"md5", "sha1", "unknown"})
_OLD_HASHES: Final = frozenset({"sha224"})
_FLAWS: Final = {
    Flaw.NOT_AN_AUTHORITY: "may not sign certificates",
    Flaw.TOO_LONG: "permits fewer certificates below it",
    Flaw.NOT_FOR_SERVERS: "may not sign certificates of servers",
    Flaw.NAME_NOT_PERMITTED: "is limited to other names",
}


def judge_chain(chain: tuple[bytes, ...], hostname: str, trust: TrustStore, now: datetime) -> Iterator[Found]:
    """Judge the certificates that a server sent, its own first.

    What is signed by itself must be replaced, so nothing else is said of it.
    """
    if not chain:
        yield kinds.NOT_SEEN, {}
        return
    way = best_way(chain, trust, now)
    if way is None:
        yield kinds.UNREADABLE, {}
        return
    if way.end is WayEnd.SELF_SIGNED:
        yield kinds.SELF_SIGNED, {}
        return
    leaf = way.certificates[0]
    yield from _judge_name(leaf, hostname)
    yield from _judge_time(leaf, now)
    yield from _judge_purpose(leaf)
    yield from _judge_way(way, now)
    yield from _judge_strength(way)
    if way.end is WayEnd.TRUSTED and _is_untidy(chain):
        yield kinds.CHAIN_UNTIDY, {}


def best_way(chain: tuple[bytes, ...], trust: TrustStore, now: datetime) -> Way | None:
    """Return the way that a client would take: to a root, without a flaw, valid today."""
    ways = find_ways(chain, trust)
    if not ways:
        return None

    def order(way: Way) -> tuple[bool, bool, bool]:
        return way.end is not WayEnd.TRUSTED, way.flaw is not None, not _is_current(way, now)

    # Sorting is stable: among equals the order of ``find_ways`` holds.
    return min(ways, key=order)


def expiry(chain: tuple[bytes, ...]) -> datetime | None:
    """Return when the server's own certificate expires; None where there is none that can be read."""
    leaf = read_certificate(chain[0]) if chain else None
    return None if leaf is None else leaf.not_after


def has_weakness(chain: tuple[bytes, ...]) -> bool:
    """Tell whether a key or a signature is such that clients of today break off the handshake."""
    read = [certificate for der in chain if (certificate := read_certificate(der)) is not None]
    return any(one.is_key_weak or one.signature_hash in _BROKEN_HASHES for one in read)


def matches(certificate: Certificate, hostname: str) -> bool:
    """Tell whether a certificate is for a host name: an alternative name, its first label any (RFC 9525).

    The common name does not count. A host that is listed by its address needs that among its names.
    """
    try:
        address = ip_address(hostname)
    except ValueError:
        return any(_matches_name(name, hostname) for name in certificate.dns_names)
    return address in certificate.addresses


def _matches_name(name: str, hostname: str) -> bool:
    if not name.startswith("*."):
        return name == hostname
    first, dot, rest = hostname.partition(".")
    return bool(first and dot) and name[2:] == rest and "." in rest


def _judge_name(leaf: Certificate, hostname: str) -> Iterator[Found]:
    if matches(leaf, hostname):
        return
    names = [*leaf.dns_names, *map(str, leaf.addresses)]
    if not names and _matches_name(leaf.common_name, hostname):
        yield kinds.NAME_ONLY_COMMON, {}
    else:
        yield kinds.NAME_MISMATCH, {"names": _listed(names) or "no name at all"}


def _listed(names: Sequence[str]) -> str:
    # Names are compared as they are, and shown as far as they can be.
    first = ", ".join(printable(name) for name in names[:_MOST_NAMES])
    return f"{first} and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else first


def _judge_time(leaf: Certificate, now: datetime) -> Iterator[Found]:
    warn, bad = _thresholds(leaf)
    left = leaf.not_after - now
    if now < leaf.not_before:
        yield kinds.NOT_YET_VALID, {"not_before": shown_day(leaf.not_before), "subject": leaf.subject}
    elif left < warn:
        is_near = kinds.EXPIRES_AT_ONCE if left < bad else kinds.EXPIRES_SOON
        kind = kinds.EXPIRED if left <= timedelta() else is_near
        yield kind, {"not_after": shown_day(leaf.not_after), "subject": leaf.subject}


def _thresholds(certificate: Certificate) -> tuple[timedelta, timedelta]:
    """Return how long before its end a certificate is a warning, and bad.

    Certificates for a few weeks or days are renewed later than 21 days before their end, so that for
    those a share of their time counts. For 84 days and more it is 21 and 7 days.
    """
    lifetime = certificate.not_after - certificate.not_before
    return min(WARN_BEFORE, lifetime / _WARN_SHARE), min(BAD_BEFORE, lifetime / _BAD_SHARE)


def shown_day(moment: datetime) -> str:
    """Write a day as people do: ``3 May 2027``."""
    return f"{moment.day} {moment:%B %Y}"


def _judge_purpose(leaf: Certificate) -> Iterator[Found]:
    if not leaf.is_for_servers:
        yield kinds.NOT_FOR_SERVERS, {}
    if leaf.is_authority:
        yield kinds.IS_AUTHORITY, {}
    days = (leaf.not_after - leaf.not_before).days
    if days > MOST_DAYS:
        yield kinds.VALID_TOO_LONG, {"days": str(days)}
    if leaf.must_staple:
        yield kinds.MUST_STAPLE, {}


def _judge_way(way: Way, now: datetime) -> Iterator[Found]:
    if way.end is WayEnd.UNKNOWN_ROOT:
        yield kinds.UNKNOWN_AUTHORITY, {"authority": way.missing or way.certificates[-1].subject}
    elif way.end is WayEnd.INTERMEDIATE_MISSING:
        yield kinds.INTERMEDIATE_MISSING, {"authority": way.missing}
    elif way.flaw is not None:
        authority = way.flawed.subject if way.flawed is not None else ""
        yield kinds.CHAIN_FLAWED, {"authority": authority, "flaw": _FLAWS[way.flaw]}
    authorities = way.certificates[1:]
    if not authorities:
        return
    first = min(authorities, key=lambda authority: authority.not_after)
    # An authority that outlives the certificate is renewed with it.
    is_first_to_go = first.not_after < way.certificates[0].not_after
    if first.not_after <= now or (is_first_to_go and first.not_after - now < WARN_BEFORE):
        kind = kinds.CHAIN_EXPIRED if first.not_after <= now else kinds.CHAIN_EXPIRES_SOON
        yield kind, {"authority": first.subject, "not_after": shown_day(first.not_after)}


def _judge_strength(way: Way) -> Iterator[Found]:
    """Judge keys and signatures, but not how a root is signed: it is trusted by itself."""
    last = way.certificates[-1]
    for certificate in way.certificates:
        is_root = certificate is last and certificate is not way.certificates[0]
        if certificate.is_key_weak:
            yield kinds.KEY_WEAK, {"owner": certificate.subject, "key": certificate.key}
        if is_root and (way.end is WayEnd.TRUSTED or certificate.is_self_issued):
            continue
        facts = {"owner": certificate.subject, "hash": certificate.signature_hash.upper()}
        if certificate.signature_hash in _BROKEN_HASHES:
            yield kinds.SIGNATURE_WEAK, facts
        elif certificate.signature_hash in _OLD_HASHES:
            yield kinds.SIGNATURE_OLD, facts


def _is_untidy(chain: tuple[bytes, ...]) -> bool:
    """Tell whether a certificate is followed by another one than its issuer (RFC 5246 §7.4.2)."""
    return not all(is_issued_by(child, parent) for child, parent in pairwise(chain))


def _is_current(way: Way, now: datetime) -> bool:
    return all(one.not_before <= now < one.not_after for one in way.certificates[1:])
