"""The certificate and key that profiles are signed with: read from files, checked, ready to sign."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from app.core.errors import refuse
from app.services.signed_data import PrivateKey, SignedDataWriter

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

CERTIFICATE: Final = "SIGNPOST_SIGNING_CERTIFICATE"
KEY: Final = "SIGNPOST_SIGNING_KEY"
CHAIN: Final = "SIGNPOST_SIGNING_CHAIN"

_MIN_RSA_BITS: Final = 2048
_CURVES: Final = ("secp256r1", "secp384r1", "secp521r1")
# Far above any chain and key; guards against a path to something else.
_MAX_FILE_BYTES: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialFiles:
    """Where the certificate, its key and the intermediate certificates are, in PEM."""

    certificate: Path
    """The signer's certificate first; intermediates may follow it, as in ACME's fullchain."""
    key: Path
    chain: Path | None = None
    """Further intermediates."""

    @property
    def paths(self) -> tuple[Path, ...]:
        """All files that there are."""
        return tuple(path for path in (self.certificate, self.key, self.chain) if path is not None)


class Credentials:
    """A certificate, the key that belongs to it, and the way up to a root: ready to sign."""

    __slots__ = ("_writer", "certificate", "chain", "fingerprint", "key")

    def __init__(
        self, certificate: x509.Certificate, key: PrivateKey, chain: tuple[x509.Certificate, ...]
    ) -> None:
        """Take what belongs together."""
        self.certificate = certificate
        self.key = key
        self.chain = chain
        self.fingerprint = certificate.fingerprint(hashes.SHA256())
        self._writer = SignedDataWriter(certificate, key, chain)

    @property
    def not_before(self) -> datetime:
        """When the certificate starts to be valid."""
        return self.certificate.not_valid_before_utc

    @property
    def not_after(self) -> datetime:
        """When the certificate ends."""
        return self.certificate.not_valid_after_utc

    def sign(self, content: bytes) -> bytes:
        """Wrap the content in CMS SignedData (RFC 5652): DER, attached, SHA-256, with the chain."""
        return self.sign_digested(content, hashlib.sha256(content).digest())

    def sign_digested(self, content: bytes, digest: bytes) -> bytes:
        """Do the same for a content whose SHA-256 is known."""
        return self._writer.write(content, digest)


def read_credentials(files: CredentialFiles) -> Credentials:
    """Read and check the files.

    Raises:
        InvalidInput: Naming the variable whose file cannot be read, is no PEM, is encrypted, of a kind
            that Apple does not take, or does not fit the others.
    """
    certificate, *rest = _read_certificates(files.certificate, CERTIFICATE)
    further = [] if files.chain is None else _read_certificates(files.chain, CHAIN)
    key = _read_key(files.key)
    if _public_bytes(key) != certificate.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    ):
        raise refuse(f"must be the key of the certificate in {CERTIFICATE}", KEY)
    chain = tuple(dict.fromkeys(one for one in (*rest, *further) if one != certificate))
    return Credentials(certificate, key, chain)


def _read(path: Path, variable: str) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_FILE_BYTES + 1)
    except OSError as error:
        raise refuse(f"must be a file that can be read: {error.strerror}", variable) from None
    if len(content) > _MAX_FILE_BYTES:
        raise refuse("must be a file of PEM, and this one is too large", variable)
    return content


def _read_certificates(path: Path, variable: str) -> list[x509.Certificate]:
    content = _read(path, variable)
    try:
        return x509.load_pem_x509_certificates(content)
    except ValueError:
        raise refuse("must hold certificates in PEM", variable) from None


def _read_key(path: Path) -> PrivateKey:
    content = _read(path, KEY)
    try:
        key = load_pem_private_key(content, password=None)
    except TypeError:
        raise refuse("must not be encrypted: nobody is there to type its password", KEY) from None
    except (ValueError, UnsupportedAlgorithm):
        raise refuse("must hold a private key in PEM", KEY) from None
    if isinstance(key, RSAPrivateKey):
        if key.key_size < _MIN_RSA_BITS:
            raise refuse(f"must have at least {_MIN_RSA_BITS} bits", KEY)
        return key
    if isinstance(key, EllipticCurvePrivateKey) and key.curve.name in _CURVES:
        return key
    raise refuse("must be an RSA key, or an EC key on P-256, P-384 or P-521", KEY)


def _public_bytes(key: PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
