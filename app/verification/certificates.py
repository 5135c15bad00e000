"""What a certificate says, read once from its DER; nothing here depends on time or host."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID
from cryptography.x509.oid import ExtensionOID as Extension

if TYPE_CHECKING:
    from datetime import datetime

MIN_RSA_BITS: Final = 2048
MIN_CURVE_BITS: Final = 256
_REMEMBERED: Final = 4096
_MAX_NAME: Final = 253
_MAX_SUBJECT: Final = 100
_OLD_HASHES: Final = frozenset({"md5", "sha1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate, as far as judging looks at it."""

    der: bytes = field(repr=False)
    spki: bytes = field(repr=False)
    """The public key in DER, as DANE's selector 1 takes it."""
    subject: str
    issuer: str
    """For people: the common name, else the whole name."""
    subject_name: bytes = field(repr=False)
    issuer_name: bytes = field(repr=False)
    """In DER, by which issuers are found."""
    not_before: datetime
    not_after: datetime
    dns_names: tuple[str, ...]
    """In lower case; the only names that count for a host name (RFC 9525 §6.3). To be compared, not shown."""
    addresses: tuple[IPv4Address | IPv6Address, ...]
    common_name: str
    """In lower case, to be compared."""
    key: str
    """For people: ``RSA 2048``, ``P-256``."""
    is_key_weak: bool
    signature_hash: str
    """In lower case; empty where the algorithm has none of its own (Ed25519)."""
    is_authority: bool
    """Whether it may sign others: basicConstraints, and keyCertSign where usage is limited."""
    path_length: int | None
    is_for_servers: bool
    """Whether extended key usage and key usage let it be a server's, or a server's issuer's."""
    must_staple: bool
    is_of_public_authority: bool
    """Whether it names a place to fetch its issuer from, or was logged: what private authorities do not."""
    permitted_names: tuple[str, ...] | None
    excluded_names: tuple[str, ...]
    """Name constraints on host names; None permits all."""

    @property
    def is_self_issued(self) -> bool:
        """Whether it names itself as issuer; whether it also signed itself is ``is_issued_by``."""
        return self.subject_name == self.issuer_name


@lru_cache(maxsize=_REMEMBERED)
def read_certificate(der: bytes) -> Certificate | None:
    """Read a certificate; None where it cannot be read."""
    try:
        with warnings.catch_warnings():
            # Odd serial numbers are the matter of who issued it; some roots have them.
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)
            return _read(der, _load(der))
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.UnsupportedGeneralNameType):
        return None
    except (x509.DuplicateExtension, x509.InvalidVersion):
        return None


def _read(der: bytes, found: x509.Certificate) -> Certificate:
    extensions = {extension.oid: extension.value for extension in found.extensions}
    key, is_key_weak = _key(found)
    hash_algorithm = _hash_algorithm(found)
    constraints = extensions.get(Extension.BASIC_CONSTRAINTS)
    is_authority = isinstance(constraints, x509.BasicConstraints) and constraints.ca
    usage = extensions.get(Extension.KEY_USAGE)
    permitted, excluded = _name_constraints(extensions.get(Extension.NAME_CONSTRAINTS))
    names, addresses = _alternative_names(extensions.get(Extension.SUBJECT_ALTERNATIVE_NAME))
    return Certificate(
        der=der,
        spki=found.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        subject=_shown(found.subject),
        issuer=_shown(found.issuer),
        subject_name=found.subject.public_bytes(),
        issuer_name=found.issuer.public_bytes(),
        not_before=found.not_valid_before_utc,
        not_after=found.not_valid_after_utc,
        dns_names=names,
        addresses=addresses,
        common_name=_common_name(found.subject),
        key=key,
        is_key_weak=is_key_weak,
        signature_hash=hash_algorithm,
        is_authority=is_authority and (not isinstance(usage, x509.KeyUsage) or usage.key_cert_sign),
        path_length=constraints.path_length if isinstance(constraints, x509.BasicConstraints) else None,
        is_for_servers=_is_for_servers(extensions, is_authority=is_authority),
        must_staple=_must_staple(extensions.get(Extension.TLS_FEATURE)),
        is_of_public_authority=_is_of_public_authority(extensions),
        permitted_names=permitted,
        excluded_names=excluded,
    )


@lru_cache(maxsize=_REMEMBERED)
def printable(name: str) -> str:
    """Return a name in a certificate, which may hold anything, as it can be stored and shown."""
    return "".join(char if char.isprintable() else "?" for char in name[:_MAX_NAME])


def is_issued_by(child: bytes, parent: bytes) -> bool:
    """Tell whether one certificate names another as issuer and has its signature; both in DER."""
    try:
        certificate, issuer = _load(child), _load(parent)
        if _hash_algorithm(certificate) in _OLD_HASHES:
            _verify_old_signature(certificate, issuer)
        else:
            certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


@lru_cache(maxsize=_REMEMBERED)
def _load(der: bytes) -> x509.Certificate:
    return x509.load_der_x509_certificate(der)


def _verify_old_signature(certificate: x509.Certificate, issuer: x509.Certificate) -> None:
    """Verify what the library refuses to, so that an old signature is not taken for an unknown authority."""
    if certificate.issuer != issuer.subject:
        raise InvalidSignature
    key, algorithm = issuer.public_key(), certificate.signature_hash_algorithm
    if algorithm is None:
        raise InvalidSignature
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(certificate.signature, certificate.tbs_certificate_bytes, PKCS1v15(), algorithm)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(certificate.signature, certificate.tbs_certificate_bytes, ec.ECDSA(algorithm))
    else:
        raise InvalidSignature


def _key(found: x509.Certificate) -> tuple[str, bool]:
    """Return the key's name, and whether it is weak."""
    key = found.public_key()
    match key:
        case rsa.RSAPublicKey():
            return f"RSA {key.key_size}", key.key_size < MIN_RSA_BITS
        case ec.EllipticCurvePublicKey():
            return f"EC {key.curve.name}", key.curve.key_size < MIN_CURVE_BITS
        case ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey():
            return type(key).__name__.removesuffix("PublicKey"), False
        case dsa.DSAPublicKey():
            return f"DSA {key.key_size}", True
        case _:
            return type(key).__name__.removesuffix("PublicKey"), True


def _hash_algorithm(found: x509.Certificate) -> str:
    try:
        algorithm = found.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return "unknown"
    return "" if algorithm is None else algorithm.name.lower()


def _alternative_names(
    value: x509.ExtensionType | None,
) -> tuple[tuple[str, ...], tuple[IPv4Address | IPv6Address, ...]]:
    if not isinstance(value, x509.SubjectAlternativeName):
        return (), ()
    names = tuple(name.lower().removesuffix(".") for name in value.get_values_for_type(x509.DNSName))
    found = value.get_values_for_type(x509.IPAddress)
    return names, tuple(one for one in found if isinstance(one, IPv4Address | IPv6Address))


def _common_name(name: x509.Name) -> str:
    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[-1].value).lower() if found else ""


def _shown(name: x509.Name) -> str:
    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return printable(str(found[-1].value) if found else name.rfc4514_string())[:_MAX_SUBJECT]


def _is_for_servers(
    extensions: dict[x509.ObjectIdentifier, x509.ExtensionType], *, is_authority: bool
) -> bool:
    purposes = extensions.get(Extension.EXTENDED_KEY_USAGE)
    if isinstance(purposes, x509.ExtendedKeyUsage):
        allowed = {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
        if allowed.isdisjoint(purposes):
            return False
    usage = extensions.get(Extension.KEY_USAGE)
    if is_authority or not isinstance(usage, x509.KeyUsage):
        return True
    return usage.digital_signature or usage.key_encipherment or usage.key_agreement


def _must_staple(value: x509.ExtensionType | None) -> bool:
    return isinstance(value, x509.TLSFeature) and x509.TLSFeatureType.status_request in value


def _is_of_public_authority(extensions: dict[x509.ObjectIdentifier, x509.ExtensionType]) -> bool:
    if Extension.PRECERT_SIGNED_CERTIFICATE_TIMESTAMPS in extensions:
        return True
    access = extensions.get(Extension.AUTHORITY_INFORMATION_ACCESS)
    return isinstance(access, x509.AuthorityInformationAccess) and any(
        entry.access_method == AuthorityInformationAccessOID.CA_ISSUERS for entry in access
    )


def _name_constraints(
    value: x509.ExtensionType | None,
) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    if not isinstance(value, x509.NameConstraints):
        return None, ()
    permitted = _dns_names(value.permitted_subtrees)
    return permitted or None, _dns_names(value.excluded_subtrees)


def _dns_names(subtrees: list[x509.GeneralName] | None) -> tuple[str, ...]:
    return tuple(str(name.value).lower() for name in subtrees or () if isinstance(name, x509.DNSName))
