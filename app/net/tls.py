"""TLS as it is, with nothing verified: contexts to shake hands with, and what a handshake showed.

Certificates are judged afterwards, from the chain as it was sent: a verification that fails in the
handshake would hide all else that is wrong.
"""

from __future__ import annotations

import ssl
import sys
import warnings
from enum import Enum
from functools import cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

from app.core.errors import refuse
from app.core.observations import TlsSession

if TYPE_CHECKING:
    from pathlib import Path

CA_FILE: Final = "SIGNPOST_CA_FILE"
# For 3.11: its module has no name for it.
_OP_LEGACY_SERVER_CONNECT: Final = 0x4
_DER: Final = 2
# What clients of today take; keys and signatures of certificates are not looked at here.
_MODERN_CIPHERS: Final = "DEFAULT:@SECLEVEL=1"
_ALL_CIPHERS: Final = "DEFAULT:@SECLEVEL=0"


class TlsPolicy(Enum):
    """What our side of a handshake offers."""

    MODERN = "modern"
    """TLS 1.2 and 1.3, as clients of today do."""
    LEGACY = "legacy"
    """TLS 1.0 to 1.2 with all that OpenSSL still knows, so that old servers are recognised."""
    OLD = "old"
    """TLS 1.0 and 1.1, which servers of today refuse."""
    ONLY_1_0 = "TLSv1"
    ONLY_1_1 = "TLSv1.1"
    ONLY_1_2 = "TLSv1.2"
    ONLY_1_3 = "TLSv1.3"


VERSIONS: Final = (TlsPolicy.ONLY_1_0, TlsPolicy.ONLY_1_1, TlsPolicy.ONLY_1_2, TlsPolicy.ONLY_1_3)
_RANGES: Final = {
    TlsPolicy.MODERN: ("TLSv1_2", "TLSv1_3"),
    TlsPolicy.LEGACY: ("TLSv1", "TLSv1_2"),
    TlsPolicy.OLD: ("TLSv1", "TLSv1_1"),
    TlsPolicy.ONLY_1_0: ("TLSv1", "TLSv1"),
    TlsPolicy.ONLY_1_1: ("TLSv1_1", "TLSv1_1"),
    TlsPolicy.ONLY_1_2: ("TLSv1_2", "TLSv1_2"),
    TlsPolicy.ONLY_1_3: ("TLSv1_3", "TLSv1_3"),
}


@cache
def context_for(policy: TlsPolicy) -> ssl.SSLContext:
    """Return the one context of a policy; contexts are dear, and sharing them is safe."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    is_modern = policy is TlsPolicy.MODERN
    context.set_ciphers(_MODERN_CIPHERS if is_modern else _ALL_CIPHERS)
    if not is_modern:
        context.options |= _OP_LEGACY_SERVER_CONNECT
    first, last = _RANGES[policy]
    with warnings.catch_warnings():
        # Python deprecates the old versions; to see whether servers take them is what these are for.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion[first]
        context.maximum_version = ssl.TLSVersion[last]
    return context


def trust_file(context: ssl.SSLContext, path: Path) -> None:
    """Have the operator's own roots trusted as well.

    Raises:
        InvalidInput: When the file is none of certificates.
    """
    try:
        context.load_verify_locations(path)
    except (OSError, ssl.SSLError):
        raise refuse("must be a file of certificates in PEM that can be read", CA_FILE) from None


def server_name_of(hostname: str) -> str | None:
    """Return the name for SNI, which addresses have none of (RFC 6066 §3)."""
    try:
        ip_address(hostname)
    except ValueError:
        return hostname
    return None


def session_of(connection: ssl.SSLObject, *, is_legacy: bool = False, had_bytes: bool = False) -> TlsSession:
    """Return what a completed handshake showed."""
    cipher = connection.cipher()
    return TlsSession(
        version=connection.version() or "",
        cipher="" if cipher is None else cipher[0],
        chain=_chain(connection),
        had_bytes_before=had_bytes,
        is_legacy=is_legacy,
    )


def _chain(connection: ssl.SSLObject) -> tuple[bytes, ...]:
    """Return the certificates in DER as they were sent, the server's own first."""
    if sys.version_info >= (3, 13):
        return tuple(connection.get_unverified_chain())
    # There since 3.10, with a public name since 3.13 only.
    inner: Any = connection._sslobj  # type: ignore[attr-defined] # noqa: SLF001
    return tuple(certificate.public_bytes(_DER) for certificate in inner.get_unverified_chain() or ())
