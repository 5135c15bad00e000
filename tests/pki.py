"""Certificates with one fault each, below a root of the tests' own."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

NOW: Final = datetime(2026, 6, 1, 12, tzinfo=UTC)
"""The time of all tests with these certificates."""
HOST: Final = "mail.customer.example"
_USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip
_SHA224_WITH_RSA = bytes.fromhex("2a864886f70d01010e")
_OLD = {
    "sha1": (bytes.fromhex("2a864886f70d010105"), hashes.SHA1()),  # noqa: S303
    "md5": (bytes.fromhex("2a864886f70d010104"), hashes.MD5()),  # noqa: S303
}


@cache
def key(kind: str = "p-256", number: int = 0) -> Any:
    """Return the test run's key of a kind; further numbers are further keys."""
    makers: dict[str, Any] = {
        "p-256": lambda: ec.generate_private_key(ec.SECP256R1()),
        "p-384": lambda: ec.generate_private_key(ec.SECP384R1()),
        "p-192": lambda: ec.generate_private_key(ec.SECP192R1()),
        "p-224": lambda: ec.generate_private_key(ec.SECP224R1()),
        "ed25519": ed25519.Ed25519PrivateKey.generate,
        "dsa-2048": lambda: dsa.generate_private_key(2048),
        "rsa-1024": lambda: rsa.generate_private_key(65537, 1024),  # noqa: S505
        "rsa-2048": lambda: rsa.generate_private_key(65537, 2048),
    }
    return makers[kind]()


@dataclass(frozen=True)
class Issued:
    """A certificate with its key."""

    der: bytes = field(repr=False)
    key: Any = field(repr=False)

    @property
    def certificate(self) -> x509.Certificate:
        return x509.load_der_x509_certificate(self.der)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)


def issue(  # noqa: PLR0913, C901 - one keyword for each fault
    name: str = HOST,
    issuer: Issued | None = None,
    *,
    names: tuple[str, ...] | None = None,
    days: tuple[float, float] = (-30, 60),
    with_key: Any = None,
    is_authority: bool = False,
    path_length: int | None = None,
    has_constraints: bool = True,
    purposes: tuple[x509.ObjectIdentifier, ...] | None = None,
    usage: tuple[str, ...] | None = None,
    fetch_issuer_at: str | None = None,
    is_logged: bool = False,
    must_staple: bool = False,
    permitted: tuple[str, ...] = (),
    excluded: tuple[str, ...] = (),
    hash_name: str = "sha256",
) -> Issued:
    """Make a certificate; without an issuer it signs itself."""
    own = with_key or key()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.certificate.subject)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + timedelta(days=days[0]))
        .not_valid_after(NOW + timedelta(days=days[1]))
    )
    extensions: list[tuple[x509.ExtensionType, bool]] = []
    if has_constraints:
        length = path_length if is_authority else None
        extensions.append((x509.BasicConstraints(ca=is_authority, path_length=length), True))
    if usage is None:
        usage = ("key_cert_sign", "crl_sign") if is_authority else ("digital_signature",)
    if usage:
        extensions.append((x509.KeyUsage(**{one: one in usage for one in _USAGES}), True))
    if purposes is None and not is_authority:
        purposes = (ExtendedKeyUsageOID.SERVER_AUTH,)
    if purposes:
        extensions.append((x509.ExtendedKeyUsage(purposes), False))
    shown = (name,) if names is None and not is_authority else names or ()
    if shown:
        extensions.append((x509.SubjectAlternativeName([_general_name(one) for one in shown]), False))
    if fetch_issuer_at:
        place = x509.UniformResourceIdentifier(fetch_issuer_at)
        access = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, place)
        extensions.append((x509.AuthorityInformationAccess([access]), False))
    if is_logged:
        # An empty list: that it is there is what counts.
        timestamps = x509.UnrecognizedExtension(
            x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2"), bytes.fromhex("04020000")
        )
        extensions.append((timestamps, False))
    if must_staple:
        extensions.append((x509.TLSFeature([x509.TLSFeatureType.status_request]), False))
    if permitted or excluded:
        limits = x509.NameConstraints(
            [x509.DNSName(one) for one in permitted] or None,
            [x509.DNSName(one) for one in excluded] or None,
        )
        extensions.append((limits, True))
    for extension, is_critical in extensions:
        builder = builder.add_extension(extension, critical=is_critical)
    return Issued(_signed(builder, own if issuer is None else issuer.key, hash_name), own)


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _signed(builder: x509.CertificateBuilder, signer: Any, hash_name: str) -> bytes:
    if isinstance(signer, ed25519.Ed25519PrivateKey):
        return builder.sign(signer, None).public_bytes(Encoding.DER)
    if hash_name not in _OLD:
        algorithm: Any = {"sha256": hashes.SHA256(), "sha224": hashes.SHA224()}[hash_name]
        return builder.sign(signer, algorithm).public_bytes(Encoding.DER)
    # The library signs with these no more, so the algorithm's name and the signature are put in by hand.
    oid, old = _OLD[hash_name]
    der = builder.sign(signer, hashes.SHA224()).public_bytes(Encoding.DER).replace(_SHA224_WITH_RSA, oid)
    told = x509.load_der_x509_certificate(der)
    signature: bytes = signer.sign(told.tbs_certificate_bytes, PKCS1v15(), old)
    return der[: -len(signature)] + signature


ROOT: Final = issue("Test Root", is_authority=True, with_key=key("p-256", 1), days=(-400, 4000))
INTERMEDIATE: Final = issue(
    "Test Intermediate", ROOT, is_authority=True, path_length=0, with_key=key("p-256", 2), days=(-400, 1000)
)
RSA_INTERMEDIATE: Final = issue(
    "Test RSA", ROOT, is_authority=True, with_key=key("rsa-2048", 2), days=(-400, 1000)
)
STRANGER: Final = issue("Unknown Root", is_authority=True, with_key=key("p-256", 3), days=(-400, 4000))


def chain(*certificates: Issued) -> tuple[bytes, ...]:
    """Return certificates as a server sends them."""
    return tuple(one.der for one in certificates)


@cache
def good(host: str = HOST) -> tuple[bytes, ...]:
    """Return a chain with which nothing is wrong."""
    return chain(issue(host, INTERMEDIATE), INTERMEDIATE)
