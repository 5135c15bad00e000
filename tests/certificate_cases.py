"""Chains that a server may send for its host name, and exactly what they mean."""

from __future__ import annotations

from hashlib import sha256, sha512
from typing import TYPE_CHECKING, Any, Final

from app.core.dns_lookups import LookupStatus
from app.core.dns_records import TlsaData
from app.core.endpoints import Protocol
from app.core.servers import SocketType
from app.verification.certificates import read_certificate
from cryptography.x509.oid import ExtendedKeyUsageOID

from observed import FIRST, SECOND, a_session, an_endpoint, found, observed, seen_at, tlsa
from pki import (
    HOST,
    INTERMEDIATE,
    ROOT,
    RSA_INTERMEDIATE,
    STRANGER,
    Issued,
    chain,
    good,
    issue,
    key,
)

if TYPE_CHECKING:
    from app.core.observations import EndpointObservation

AIA = "http://ca.example/i.der"


def _shown(sent: tuple[bytes, ...], host: str = HOST) -> EndpointObservation:
    endpoint = an_endpoint(hostname=host)
    return observed(endpoint, seen_at(endpoint, tls=a_session(sent)))


def _leaf(**changes: Any) -> tuple[bytes, ...]:
    issuer = changes.pop("issuer", INTERMEDIATE)
    return chain(issue(changes.pop("name", HOST), issuer, **changes), issuer)


def _below(*authorities: Issued, **changes: Any) -> tuple[bytes, ...]:
    """Return a chain over these authorities, the lowest first."""
    return chain(issue(HOST, authorities[0], **changes), *authorities)


def _authority(name: str, issuer: Issued = ROOT, **changes: Any) -> Issued:
    values = {"is_authority": True, "with_key": key("p-256", 10), "days": (-400, 1000)}
    return issue(name, issuer, **{**values, **changes})


_OLD_ROOT = issue("Old Root", is_authority=True, with_key=key("p-256", 5), days=(-800, -10))
_CROSS = issue("Test Root", _OLD_ROOT, is_authority=True, with_key=key("p-256", 1), days=(-400, 4000))
_EXPIRED_TWIN = issue("Test Intermediate", ROOT, is_authority=True, with_key=key("p-256", 2), days=(-400, -1))
_UNLISTED = issue("Unlisted", STRANGER, is_authority=True, with_key=key("p-256", 6), days=(-400, 1000))
_LIMITED = ("customer.example",)

CHAINS: Final = {
    "good": (good(), []),
    "with the root behind": ((*good(), ROOT.der), []),
    "RSA 2048": (_leaf(issuer=RSA_INTERMEDIATE, with_key=key("rsa-2048")), []),
    "P-384": (_leaf(with_key=key("p-384")), []),
    "Ed25519": (_leaf(with_key=key("ed25519")), []),
    "from the root itself": (chain(issue(HOST, ROOT)), []),
    "expired": (_leaf(days=(-90, -1)), ["certificate.expired"]),
    "expires in 3 days": (_leaf(days=(-87, 3)), ["certificate.expires-at-once"]),
    "expires in 6.9 days": (_leaf(days=(-83.1, 6.9)), ["certificate.expires-at-once"]),
    "expires in 7.1 days": (_leaf(days=(-82.9, 7.1)), ["certificate.expires-soon"]),
    "expires in 20.9 days": (_leaf(days=(-69.1, 20.9)), ["certificate.expires-soon"]),
    "expires in 21.1 days": (_leaf(days=(-68.9, 21.1)), []),
    "for 45 days, renewed late enough": (_leaf(days=(-30, 15)), []),
    "for 45 days, not renewed": (_leaf(days=(-35, 10)), ["certificate.expires-soon"]),
    "for 6 days, fresh": (_leaf(days=(-1, 5)), []),
    "for 6 days, not renewed": (_leaf(days=(-5.8, 0.2)), ["certificate.expires-at-once"]),
    "not yet valid": (_leaf(days=(2, 90)), ["certificate.not-yet-valid"]),
    "self-signed": (chain(issue(HOST)), ["certificate.self-signed"]),
    "self-signed, expired, for another name": (
        chain(issue("other.example", days=(-90, -1))),
        ["certificate.self-signed"],
    ),
    "from an unknown root": (chain(issue(HOST, STRANGER)), ["certificate.unknown-authority"]),
    "from an unknown root, which is sent": (
        chain(issue(HOST, STRANGER), STRANGER),
        ["certificate.unknown-authority"],
    ),
    "from an unknown intermediate": (_below(_UNLISTED), ["certificate.unknown-authority"]),
    "of an authority that names no place, alone": (
        chain(issue(HOST, INTERMEDIATE)),
        ["certificate.unknown-authority"],
    ),
    "without an intermediate that can be fetched": (
        chain(issue(HOST, _UNLISTED, fetch_issuer_at=AIA)),
        ["certificate.intermediate-missing"],
    ),
    "without an intermediate, logged": (
        chain(issue(HOST, _UNLISTED, is_logged=True)),
        ["certificate.intermediate-missing"],
    ),
    "with another intermediate of the same name": (
        chain(
            issue(HOST, INTERMEDIATE, fetch_issuer_at=AIA),
            _authority("Test Intermediate"),
        ),
        ["certificate.intermediate-missing"],
    ),
    "expired and without the intermediate": (
        chain(issue(HOST, INTERMEDIATE, days=(-90, -1), fetch_issuer_at=AIA)),
        ["certificate.expired", "certificate.intermediate-missing"],
    ),
    "in the wrong order": (
        (good()[0], ROOT.der, INTERMEDIATE.der),
        ["certificate.chain-untidy"],
    ),
    "with a certificate too many": ((*good(), STRANGER.der), ["certificate.chain-untidy"]),
    "sent twice": ((good()[0], *good()), ["certificate.chain-untidy"]),
    "cross-signed by a root that expired": ((*good(), _CROSS.der, _OLD_ROOT.der), []),
    "with an expired twin of the intermediate": (
        (good()[0], _EXPIRED_TWIN.der, INTERMEDIATE.der),
        ["certificate.chain-untidy"],
    ),
    "over an expired intermediate": (_below(_EXPIRED_TWIN), ["certificate.chain-expired"]),
    "over an intermediate that expires first": (
        _below(_authority("Ends Soon", days=(-400, 10))),
        ["certificate.chain-expires-soon"],
    ),
    "over one that may not sign": (
        _below(issue("Customer", INTERMEDIATE, with_key=key("p-256", 11)), INTERMEDIATE),
        ["certificate.chain-flawed"],
    ),
    "over one without the right to sign certificates": (
        _below(_authority("No Signing", usage=("digital_signature",))),
        ["certificate.chain-flawed"],
    ),
    "over more than permitted": (
        _below(_authority("Below", INTERMEDIATE), INTERMEDIATE),
        ["certificate.chain-flawed"],
    ),
    "over an authority for mail signatures": (
        _below(_authority("Persons", purposes=(ExtendedKeyUsageOID.EMAIL_PROTECTION,))),
        ["certificate.chain-flawed"],
    ),
    "over an authority for other names": (
        _below(_authority("Others", permitted=("other.example",))),
        ["certificate.chain-flawed"],
    ),
    "over an authority not for this name": (
        _below(_authority("All but", excluded=_LIMITED)),
        ["certificate.chain-flawed"],
    ),
    "over an authority for this name": (_below(_authority("Own", permitted=_LIMITED)), []),
    "a name with NUL at its end": (_leaf(names=(f"{HOST}\0",)), ["certificate.name-mismatch"]),
    "for another name": (_leaf(name="other.example"), ["certificate.name-mismatch"]),
    "for no name": (_leaf(name="nobody", names=()), ["certificate.name-mismatch"]),
    "for many other names": (
        _leaf(names=tuple(f"{n}.example" for n in range(9))),
        ["certificate.name-mismatch"],
    ),
    "for the common name only": (_leaf(names=()), ["certificate.name-only-common"]),
    "for the domain above": (_leaf(name="customer.example"), ["certificate.name-mismatch"]),
    "a wildcard": (_leaf(name="*.customer.example"), []),
    "a wildcard two labels above": (_leaf(name="*.example"), ["certificate.name-mismatch"]),
    "a wildcard in a part of a label": (_leaf(name="m*.customer.example"), ["certificate.name-mismatch"]),
    "in capital letters": (_leaf(name=HOST.upper()), []),
    "RSA 1024": (_leaf(with_key=key("rsa-1024")), ["certificate.key-weak"]),
    "P-192": (_leaf(with_key=key("p-192")), ["certificate.key-weak"]),
    "P-224": (_leaf(with_key=key("p-224")), ["certificate.key-weak"]),
    "DSA": (_leaf(with_key=key("dsa-2048")), ["certificate.key-weak"]),
    "below an authority of RSA 1024": (
        _below(_authority("Weak", with_key=key("rsa-1024", 2))),
        ["certificate.key-weak"],
    ),
    "signed with SHA-1": (
        _leaf(issuer=RSA_INTERMEDIATE, hash_name="sha1"),
        ["certificate.signature-weak"],
    ),
    "signed with MD5": (_leaf(issuer=RSA_INTERMEDIATE, hash_name="md5"), ["certificate.signature-weak"]),
    "signed with SHA-224": (
        _leaf(issuer=RSA_INTERMEDIATE, hash_name="sha224"),
        ["certificate.signature-old"],
    ),
    "for clients": (
        _leaf(purposes=(ExtendedKeyUsageOID.CLIENT_AUTH,)),
        ["certificate.not-for-servers"],
    ),
    "for any purpose": (_leaf(purposes=(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,)), []),
    "for no stated purpose": (_leaf(purposes=(), usage=()), []),
    "for signing lists only": (_leaf(usage=("crl_sign",)), ["certificate.not-for-servers"]),
    "one that signs others": (
        _leaf(is_authority=True, names=(HOST,)),
        ["certificate.is-authority"],
    ),
    "for ten years": (_leaf(days=(-400, 500)), ["certificate.valid-too-long"]),
    "must staple": (_leaf(must_staple=True), ["certificate.must-staple"]),
    "no certificate": ((b"\x30\x03abc",), ["certificate.unreadable"]),
    "nothing read out": ((), ["certificate.not-seen"]),
    "rubbish behind": ((*good(), b"rubbish"), ["certificate.chain-untidy"]),
}
IDN: Final = "mail.xn--bcher-kva.example"

CERTIFICATES: Final[dict[str, tuple[EndpointObservation, list[str]]]] = {
    **{f"a chain: {name}": (_shown(sent), codes) for name, (sent, codes) in CHAINS.items()},
    "an IDN": (_shown(_leaf(name=IDN), IDN), []),
    "a wildcard for an IDN": (_shown(_leaf(name="*.xn--bcher-kva.example"), IDN), []),
    "a wildcard for the host itself": (
        _shown(_leaf(name="*.customer.example"), "customer.example"),
        ["certificate.name-mismatch"],
    ),
    "an address with its address": (_shown(_leaf(name=FIRST), FIRST), []),
    "an address with a name": (_shown(good(), FIRST), ["certificate.name-mismatch"]),
    "a name with its address": (_shown(_leaf(names=(FIRST,))), ["certificate.name-mismatch"]),
    "STARTTLS with an expired certificate": (
        observed(
            an_endpoint(Protocol.SMTP, SocketType.STARTTLS),
            seen_at(an_endpoint(Protocol.SMTP, SocketType.STARTTLS), tls=a_session(_leaf(days=(-90, -1)))),
        ),
        ["certificate.expired"],
    ),
    "another certificate at the second address": (
        observed(
            an_endpoint(),
            seen_at(an_endpoint()),
            seen_at(an_endpoint(), SECOND, tls=a_session(good("other.example"))),
        ),
        [f"certificate.name-mismatch @ {SECOND}"],
    ),
}


def _records(*records: TlsaData, sent: tuple[bytes, ...] | None = None, **lookup: Any) -> EndpointObservation:
    endpoint = lookup.pop("endpoint", an_endpoint())
    return observed(
        endpoint,
        seen_at(endpoint, tls=a_session(sent)),
        lookups=(found(HOST, FIRST), tlsa(*records, **lookup)),
    )


def a_record(der: bytes, usage: int, selector: int, matching_type: int) -> TlsaData:
    """Make the record of a certificate."""
    certificate = read_certificate(der)
    assert certificate is not None
    data = certificate.spki if selector else der
    hashed = {0: data, 1: sha256(data).digest(), 2: sha512(data).digest()}[matching_type]
    return TlsaData(usage=usage, selector=selector, matching_type=matching_type, association=hashed)


_LEAF, _ABOVE = good()
_OTHER = good("other.example")[0]
_EXPIRED = _leaf(days=(-90, -1))
_MATCH, _MISMATCH = ["dane.matches"], ["dane.mismatch"]

DANE: Final[dict[str, tuple[EndpointObservation, list[str]]]] = {
    **{
        f"TLSA 3 {selector} {matching}": (_records(a_record(_LEAF, 3, selector, matching)), _MATCH)
        for selector in (0, 1)
        for matching in (0, 1, 2)
    },
    "TLSA 3 0 1 of another certificate": (_records(a_record(_OTHER, 3, 0, 1)), _MISMATCH),
    "TLSA of two keys, as before a renewal": (
        _records(a_record(ROOT.der, 3, 1, 1), a_record(_LEAF, 3, 1, 1)),
        _MATCH,
    ),
    "TLSA 3 1 1 of an expired certificate": (
        _records(a_record(_EXPIRED[0], 3, 1, 1), sent=_EXPIRED),
        ["certificate.expired", "dane.matches"],
    ),
    "TLSA 2 1 1 of the intermediate": (_records(a_record(_ABOVE, 2, 1, 1)), _MATCH),
    "TLSA 2 0 1 of a root that is not sent": (_records(a_record(ROOT.der, 2, 0, 1)), _MISMATCH),
    "TLSA 2 0 0 of a root that is not sent": (_records(a_record(ROOT.der, 2, 0, 0)), _MATCH),
    "TLSA 2 0 0 of another root": (_records(a_record(STRANGER.der, 2, 0, 0)), _MISMATCH),
    "TLSA 2 0 1 of a certificate that is no authority": (_records(a_record(_LEAF, 2, 0, 1)), _MISMATCH),
    "TLSA 2 1 1 with another name": (
        _records(a_record(_ABOVE, 2, 1, 1), sent=good("other.example")),
        ["certificate.name-mismatch", "dane.mismatch"],
    ),
    "TLSA 1 1 1": (_records(a_record(_LEAF, 1, 1, 1)), _MATCH),
    "TLSA 0 1 1 of a trusted root": (_records(a_record(ROOT.der, 0, 1, 1)), _MATCH),
    "TLSA 1 1 1 of an unknown root's": (
        _records(a_record(chain(issue(HOST, STRANGER))[0], 1, 1, 1), sent=chain(issue(HOST, STRANGER))),
        ["certificate.unknown-authority", "dane.mismatch"],
    ),
    "TLSA 1 1 1 for SMTP": (
        _records(a_record(_LEAF, 1, 1, 1), endpoint=an_endpoint(Protocol.SMTP)),
        ["dane.unusable"],
    ),
    "TLSA 4": (
        _records(TlsaData(usage=4, selector=0, matching_type=1, association=bytes(32))),
        ["dane.unusable"],
    ),
    "TLSA of a wrong length": (
        _records(TlsaData(usage=3, selector=1, matching_type=1, association=bytes(20))),
        ["dane.unusable"],
    ),
    "TLSA of an unknown matching type": (
        _records(TlsaData(usage=3, selector=1, matching_type=9, association=bytes(32))),
        ["dane.unusable"],
    ),
    "TLSA without DNSSEC": (
        _records(a_record(_OTHER, 3, 1, 1), is_authenticated=False),
        ["dane.not-authenticated"],
    ),
    "TLSA whose signatures do not hold": (_records(status=LookupStatus.BOGUS), ["dane.bogus"]),
    "no TLSA": (_records(status=LookupStatus.NO_NAME), []),
    "TLSA not answered": (_records(status=LookupStatus.SERVER_FAILURE), []),
    "TLSA at the name, none where its alias leads": (
        observed(
            an_endpoint(),
            seen_at(an_endpoint()),
            lookups=(found(HOST, FIRST), tlsa(status=LookupStatus.NO_NAME), tlsa(a_record(_LEAF, 3, 1, 1))),
        ),
        _MATCH,
    ),
    "TLSA of a chain that cannot be read": (
        _records(a_record(_LEAF, 3, 1, 1), sent=(b"x",)),
        ["certificate.unreadable", "dane.mismatch"],
    ),
}
