"""Certificates with one fault each, as files that real servers read."""

from __future__ import annotations

import subprocess
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from certificates import Signed, a_certificate, a_key, an_authority

if TYPE_CHECKING:
    from collections.abc import Iterable

ZONE = "lab.example"
_KEYS = {"rsa-1024": lambda: rsa.generate_private_key(65537, 1024)}  # noqa: S505 - too weak on purpose
# What differs from a good certificate, by tag. A tag is a host name's first label too.
FAULTS: dict[str, dict[str, Any]] = {
    "good": {},
    "expired": {"days": (-60, -2)},
    "expiring": {"days": (-60, 15.5)},
    "ending": {"days": (-60, 3.5)},
    "notyet": {"days": (3, 90)},
    "wrongname": {"names": ["other.example"]},
    "wildcard": {"names": [f"*.{ZONE}"]},
    "deepwildcard": {"names": ["*.example"]},
    "nochain": {"sends": 0, "names_issuer": True},
    "untidy": {"sends": 2},
    "selfsigned": {"is_self_signed": True},
    "unknownroot": {"is_unknown": True},
    "weakkey": {"kind": "rsa-1024"},
    "sha1": {"is_sha1": True},
    "rsa": {"kind": "rsa-2048"},
    "client": {"usage": ExtendedKeyUsageOID.CLIENT_AUTH},
    "staple": {"must_staple": True},
}


class Authorities:
    """A root that the prober trusts, one that it does not, and an intermediate of each."""

    def __init__(self) -> None:
        self.root = an_authority("Lab Root", a_key("p-256", 200))
        self.intermediate = an_authority("Lab Intermediate", a_key("p-256", 201), self.root)
        self.other_root = an_authority("Nobody's Root", a_key("p-256", 202))
        self.other = an_authority("Nobody's Intermediate", a_key("p-256", 203), self.other_root)


def write_certificates(folder: Path, tags: Iterable[str]) -> Authorities:
    """Write ``TAG.pem``, with what the server sends, and ``TAG.key`` for tags of ``FAULTS`` or good ones."""
    folder.chmod(0o755)
    authorities = Authorities()
    (folder / "root.pem").write_bytes(authorities.root.pem)
    for tag in tags:
        fault = FAULTS.get(tag, {})
        leaf = _leaf(authorities, tag, fault)
        issuer, root = authorities.intermediate, authorities.root
        if fault.get("is_unknown"):
            issuer, root = authorities.other, authorities.other_root
        chain = [] if fault.get("is_self_signed") else [issuer.pem, root.pem][: fault.get("sends", 1)]
        pem = _signed_with_sha1(leaf, issuer) if fault.get("is_sha1") else leaf.pem
        (folder / f"{tag}.pem").write_bytes(pem + b"".join(chain))
        (folder / f"{tag}.key").write_bytes(leaf.key_pem)
    return authorities


def _signed_with_sha1(leaf: Signed, issuer: Signed) -> bytes:
    """Sign anew what our own library refuses to sign so."""
    request = x509.CertificateSigningRequestBuilder().subject_name(leaf.certificate.subject)
    for extension in leaf.certificate.extensions:
        if not isinstance(extension.value, x509.AuthorityKeyIdentifier):
            request = request.add_extension(extension.value, critical=extension.critical)
    written = request.sign(leaf.key, hashes.SHA256()).public_bytes(Encoding.PEM)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, content in {"request": written, "ca": issuer.pem, "ca.key": issuer.key_pem}.items():
            (folder / file).write_bytes(content)
        command = "openssl x509 -req -in request -CA ca -CAkey ca.key -sha1 -days 80 -copy_extensions copyall"
        done = subprocess.run(command.split(), cwd=folder, capture_output=True, check=True)  # noqa: S603
        return done.stdout


def _leaf(authorities: Authorities, tag: str, fault: dict[str, Any]) -> Signed:
    names = fault.get("names", [f"{tag}.{ZONE}"])
    kind = fault.get("kind", "p-256")
    key = _KEYS[kind]() if kind in _KEYS else a_key(kind, 300)
    plain = {"days", "names", "kind", "sends", "is_unknown", "is_sha1"}
    if fault.keys() <= plain:
        issuer = authorities.other if fault.get("is_unknown") else authorities.intermediate
        return a_certificate(names, key, issuer, days=fault.get("days", (-1, 90)))
    return _unusual(names, key, None if fault.get("is_self_signed") else authorities.intermediate, fault)


def _unusual(names: list[str], key: Any, issuer: Signed | None, fault: dict[str, Any]) -> Signed:
    """Make a certificate that no authority should make."""
    now = datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    signer = key if issuer is None else issuer.key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=90))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
        .add_extension(
            x509.ExtendedKeyUsage([fault.get("usage", ExtendedKeyUsageOID.SERVER_AUTH)]), critical=False
        )
    )
    if fault.get("names_issuer"):
        place = x509.UniformResourceIdentifier("http://authority.example/intermediate.der")
        access = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, place)
        builder = builder.add_extension(x509.AuthorityInformationAccess([access]), critical=False)
    if fault.get("must_staple"):
        feature = x509.TLSFeature([x509.TLSFeatureType.status_request])
        builder = builder.add_extension(feature, critical=False)
    return Signed(builder.sign(signer, hashes.SHA256()), key)
