"""Trust roots as a value, and the ways from a server's certificate up to one of them.

A way is built from what the server sends, as clients build it: few fetch what is missing (RFC 5280 §6,
RFC 4158). Order and superfluous certificates mean nothing (RFC 8446 §4.4.2). Nothing here depends on time.
"""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Final, Self

from app.verification.certificates import Certificate, is_issued_by, read_certificate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

MAX_LENGTH: Final = 8
"""Of a way; real ones have four certificates at most."""
MAX_SENT: Final = 16
"""Certificates of one server that are looked at."""
MAX_SIGNATURES: Final = 64
"""Checked for one chain: a hostile one could ask for thousands."""
MAX_WAYS: Final = 8
_REMEMBERED: Final = 2048
_PEM = re.compile(rb"-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----\s(.+?)-----END ", re.DOTALL)


class WayEnd(StrEnum):
    """Where a way up from a server's certificate ends."""

    TRUSTED = "trusted"
    SELF_SIGNED = "self-signed"
    """At once: the server's certificate is its own issuer."""
    UNKNOWN_ROOT = "unknown-root"
    """At an authority that is not among the roots."""
    INTERMEDIATE_MISSING = "intermediate-missing"
    """At a certificate whose issuer was not sent, though it leads to a root."""


class Flaw(StrEnum):
    """Why a way to a root does not count, whatever the time."""

    NOT_AN_AUTHORITY = "not-an-authority"
    """Something was signed with a certificate that may not sign others."""
    TOO_LONG = "too-long"
    """More certificates follow than an authority permits."""
    NOT_FOR_SERVERS = "not-for-servers"
    """An authority may not sign servers' certificates."""
    NAME_NOT_PERMITTED = "name-not-permitted"
    """An authority is limited to other names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A chain from a server's certificate upwards, each signed by the next."""

    certificates: tuple[Certificate, ...]
    end: WayEnd
    flaw: Flaw | None = None
    """The first one, looking upwards; only on the way to a root."""
    flawed: Certificate | None = None
    missing: str = ""
    """The name of the issuer that was not sent."""


class TrustStore:
    """The authorities that clients trust."""

    def __init__(self, roots: Iterable[Certificate]) -> None:
        """Take certificates of authorities, each of which is trusted by itself."""
        self._roots = _by_subject(roots)
        self._trusted = frozenset(root.der for group in self._roots.values() for root in group)

    @classmethod
    def from_pem(cls, *bundles: bytes) -> Self:
        """Read PEM texts of trust roots; what is around them, or cannot be read, is passed over."""
        return cls(certificate for bundle in bundles for certificate in read_bundle(bundle))

    def __len__(self) -> int:
        """Return the number of roots."""
        return len(self._trusted)

    def trusts(self, certificate: Certificate) -> bool:
        """Tell whether it is a root itself."""
        return certificate.der in self._trusted

    def roots_named(self, name: bytes) -> tuple[Certificate, ...]:
        """Return the roots with this subject."""
        return self._roots.get(name, ())


def read_bundle(pem: bytes) -> tuple[Certificate, ...]:
    """Read every certificate of a PEM text that can be read."""
    found: list[Certificate] = []
    for match in _PEM.finditer(pem):
        try:
            certificate = read_certificate(b64decode(match[1]))
        except ValueError:
            continue
        if certificate is not None:
            found.append(certificate)
    return tuple(found)


def _by_subject(certificates: Iterable[Certificate]) -> Mapping[bytes, tuple[Certificate, ...]]:
    found: dict[bytes, tuple[Certificate, ...]] = {}
    for certificate in certificates:
        found[certificate.subject_name] = (*found.get(certificate.subject_name, ()), certificate)
    return found


@lru_cache(maxsize=_REMEMBERED)
def find_ways(sent: tuple[bytes, ...], trust: TrustStore) -> tuple[Way, ...]:
    """Return ways up from the first certificate, those to a root without a flaw first.

    Returns:
        At least one; none where the server's certificate cannot be read.
    """
    leaf = read_certificate(sent[0]) if sent else None
    if leaf is None:
        return ()
    others = (read_certificate(der) for der in dict.fromkeys(sent[1:MAX_SENT]))
    search = _Search(trust, tuple(other for other in others if other is not None))
    ways = list(islice(search.from_here((leaf,)), MAX_WAYS))
    return tuple(sorted(ways, key=_preference))


def _preference(way: Way) -> tuple[int, bool, int]:
    ends = (WayEnd.TRUSTED, WayEnd.SELF_SIGNED, WayEnd.INTERMEDIATE_MISSING, WayEnd.UNKNOWN_ROOT)
    return ends.index(way.end), way.flaw is not None, len(way.certificates)


@dataclass(slots=True)
class _Search:
    trust: TrustStore
    sent: tuple[Certificate, ...]
    checks_left: int = field(default=MAX_SIGNATURES)

    def from_here(self, way: tuple[Certificate, ...]) -> Iterator[Way]:
        """Yield the ways that go on from the last certificate of this one."""
        top = way[-1]
        if self.trust.trusts(top):
            yield _trusted(way)
            return
        if len(way) == MAX_LENGTH:
            yield Way(certificates=way, end=WayEnd.UNKNOWN_ROOT)
            return
        goes_on = False
        for issuer in self._issuers(top, way):
            goes_on = True
            if self.trust.trusts(issuer):
                yield _trusted((*way, issuer))
            else:
                yield from self.from_here((*way, issuer))
        if not goes_on:
            yield self._ended(way)

    def _issuers(self, top: Certificate, way: tuple[Certificate, ...]) -> Iterator[Certificate]:
        candidates = (*self.trust.roots_named(top.issuer_name), *self.sent)
        for candidate in candidates:
            if candidate.subject_name != top.issuer_name or candidate in way:
                continue
            self.checks_left -= 1
            if self.checks_left >= 0 and is_issued_by(top.der, candidate.der):
                yield candidate

    def _ended(self, way: tuple[Certificate, ...]) -> Way:
        top = way[-1]
        if top.is_self_issued and is_issued_by(top.der, top.der):
            end = WayEnd.SELF_SIGNED if len(way) == 1 else WayEnd.UNKNOWN_ROOT
            return Way(certificates=way, end=end)
        # Private authorities name no place to fetch an issuer from, and log nothing.
        end = WayEnd.INTERMEDIATE_MISSING if top.is_of_public_authority else WayEnd.UNKNOWN_ROOT
        return Way(certificates=way, end=end, missing=top.issuer)


def _trusted(way: tuple[Certificate, ...]) -> Way:
    leaf = way[0]
    for below, authority in enumerate(way[1:]):
        # A root counts by being trusted, whatever its extensions but for the names that it may vouch for:
        # RFC 5280 §6.1 leaves all of them out, OpenSSL and the libraries of browsers keep to the names.
        is_root = authority is way[-1]
        if not (authority.is_authority or is_root):
            flaw = Flaw.NOT_AN_AUTHORITY
        elif authority.path_length is not None and below > authority.path_length and not is_root:
            flaw = Flaw.TOO_LONG
        elif not authority.is_for_servers and not is_root:
            flaw = Flaw.NOT_FOR_SERVERS
        elif not all(_permits(authority, name) for name in leaf.dns_names):
            flaw = Flaw.NAME_NOT_PERMITTED
        else:
            continue
        return Way(certificates=way, end=WayEnd.TRUSTED, flaw=flaw, flawed=authority)
    return Way(certificates=way, end=WayEnd.TRUSTED)


def _permits(authority: Certificate, name: str) -> bool:
    """Apply name constraints (RFC 5280 §4.2.1.10)."""
    if any(_is_within(name, tree) for tree in authority.excluded_names):
        return False
    permitted = authority.permitted_names
    return permitted is None or any(_is_within(name, tree) for tree in permitted)


def _is_within(name: str, tree: str) -> bool:
    tree = tree.removeprefix(".")
    return not tree or name == tree or name.endswith(f".{tree}")
