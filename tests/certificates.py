"""Certificates made for a test: a root, an intermediate below it, and a signer's below that."""

from __future__ import annotations

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
    from pathlib import Path

PrivateKey: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
KINDS = ("rsa-2048", "rsa-4096", "p-256", "p-384")
_CURVES: dict[str, type[Any]] = {
    "p-256": ec.SECP256R1,
    "p-384": ec.SECP384R1,
    "p-521": ec.SECP521R1,
    "k-256": ec.SECP256K1,
}


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


def a_certificate(
    name: str,
    key: PrivateKey,
    issuer: Signed | None = None,
    *,
    days: tuple[float, float] = (-1, 90),
    is_for_web: bool = True,
) -> Signed:
    """Make a certificate, as a web server has one or for no stated purpose; without an issuer a root."""
    now = datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    is_authority = issuer is None or "Intermediate" in name
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    )
    if is_for_web and not is_authority:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        builder = builder.add_extension(usage, critical=False)
    certificate = builder.sign(key if issuer is None else issuer.key, hashes.SHA256())
    return Signed(certificate, key)


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
    root = a_certificate("Test Root", a_key("p-256", 100))
    intermediate = a_certificate("Test Intermediate", a_key("p-256", 101), root)
    key = a_key(kind, number)
    leaf = a_certificate("profiles.provider.example", key, intermediate, days=days, is_for_web=is_for_web)
    return Chain(root, intermediate, leaf)
