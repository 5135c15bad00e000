"""An authority of the tests' own: a root, an intermediate below it, and certificates below that."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

PrivateKey: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
KINDS = ("rsa-2048", "rsa-4096", "p-256", "p-384")
_CURVES: dict[str, type[Any]] = {
    "p-256": ec.SECP256R1,
    "p-384": ec.SECP384R1,
    "p-521": ec.SECP521R1,
    "k-256": ec.SECP256K1,
}
_USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


def a_key(kind: str = "p-256", number: int = 0) -> PrivateKey:
    """Return the test run's key of a kind; further numbers are further keys."""
    return _key(kind, number)


@cache
def _key(kind: str, _number: int) -> PrivateKey:
    family, _, size = kind.partition("-")
    if family == "rsa":
        return rsa.generate_private_key(65537, int(size))
    return ec.generate_private_key(_CURVES[kind]())


@dataclass(frozen=True)
class Signed:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: PrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def an_authority(name: str, key: PrivateKey, issuer: Signed | None = None) -> Signed:
    """Make a certificate that signs others; without an issuer a root."""
    builder = _builder(name, key, issuer, days=(-1, 90))
    # Strict checks, Python's own since 3.13, want both extensions of an authority.
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    builder = builder.add_extension(_usage("key_cert_sign", "crl_sign"), critical=True)
    return Signed(builder.sign(key if issuer is None else issuer.key, hashes.SHA256()), key)


def a_certificate(
    names: Iterable[str],
    key: PrivateKey,
    issuer: Signed,
    *,
    days: tuple[float, float] = (-1, 90),
    is_for_web: bool = True,
) -> Signed:
    """Make a certificate for hosts, as a web server has one or for no stated purpose."""
    hosts = [_general_name(name) for name in names]
    builder = _builder(str(hosts[0].value), key, issuer, days=days)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(x509.SubjectAlternativeName(hosts), critical=False)
    if is_for_web:
        builder = builder.add_extension(_usage("digital_signature"), critical=True)
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        builder = builder.add_extension(usage, critical=False)
    return Signed(builder.sign(issuer.key, hashes.SHA256()), key)


def _builder(
    name: str, key: PrivateKey, issuer: Signed | None, *, days: tuple[float, float]
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    issuer_key = (key if issuer is None else issuer.key).public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(identifier, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
    )


def _usage(*allowed: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{usage: usage in allowed for usage in _USAGES})


def _general_name(name: str) -> x509.DNSName | x509.IPAddress:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


@dataclass(frozen=True)
class Chain:
    root: Signed
    intermediate: Signed
    leaf: Signed

    def write(self, folder: Path) -> tuple[Path, Path, Path]:
        """Write certificate, key and intermediate, as a folder of ACME's has them."""
        paths = (folder / "cert.pem", folder / "privkey.pem", folder / "chain.pem")
        contents = (self.leaf.pem, self.leaf.key_pem, self.intermediate.pem)
        for path, content in zip(paths, contents, strict=True):
            path.write_bytes(content)
        (folder / "root.pem").write_bytes(self.root.pem)
        return paths


def a_chain(
    kind: str = "p-256",
    number: int = 0,
    *,
    days: tuple[float, float] = (-1, 90),
    is_for_web: bool = True,
) -> Chain:
    """Make a chain whose signer has a key of this kind, and is valid between two days from now."""
    root, intermediate = _authorities()
    key = a_key(kind, number)
    leaf = a_certificate(["profiles.provider.example"], key, intermediate, days=days, is_for_web=is_for_web)
    return Chain(root, intermediate, leaf)


def write_web_certificate(folder: Path, names: Iterable[str]) -> tuple[Path, Path]:
    """Write a root, and a web server's certificate for these names.

    Returns:
        The root's file, and the file of the certificate with its chain and key.
    """
    chain = a_web_chain(names)
    root_file, server_file = folder / "root.pem", folder / "server.pem"
    root_file.write_bytes(chain.root.pem)
    server_file.write_bytes(chain.leaf.pem + chain.intermediate.pem + chain.leaf.key_pem)
    return root_file, server_file


def a_web_chain(names: Iterable[str]) -> Chain:
    """Make a web server's certificate for these names, with what is above it."""
    root, intermediate = _authorities()
    return Chain(root, intermediate, a_certificate(names, a_key(), intermediate))


def _authorities() -> tuple[Signed, Signed]:
    root = an_authority("Test Root", a_key("p-256", 100))
    return root, an_authority("Test Intermediate", a_key("p-256", 101), root)
