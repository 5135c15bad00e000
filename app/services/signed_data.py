"""CMS SignedData (RFC 5652) with all that is the same in each message prepared.

The library's builder puts each message together from objects, which costs as much as a signature on P-256.
Here one of its own messages is taken apart once: of the next, only the content, its digest, the moment and
the signature are others.
"""

from __future__ import annotations

import hashlib
import time
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cryptography.x509 import Certificate

PrivateKey: TypeAlias = RSAPrivateKey | EllipticCurvePrivateKey

_MODEL: Final = b"model"
_SEQUENCE: Final = b"\x30"
_SET: Final = b"\x31"
_OCTETS: Final = b"\x04"
_EXPLICIT: Final = b"\xa0"
_SHORTEST_LONG: Final = 0x80
_SIGNING_TIME: Final = bytes.fromhex("06092a864886f70d010905310f170d")
"""The attribute's name, and what comes before its value: a set of one UTCTime (RFC 5652 §11.3)."""
_TIME_FORMAT: Final = "%y%m%d%H%M%SZ"
_TIME_BYTES: Final = 13
_MAX_FRAMES: Final = 1024


class SignedDataWriter:
    """Wraps contents in SignedData: DER, attached, SHA-256, with the chain."""

    def __init__(self, certificate: Certificate, key: PrivateKey, chain: Sequence[Certificate]) -> None:
        """Take the signer's certificate, its key, and the certificates to send along.

        Raises:
            ValueError: When the library's messages are not what they were.
        """
        self._sign = _signing(key)
        model = _built(certificate, key, chain)
        self._content_type, wrapped = _values_in(_value_of(model))
        self._before, attributes, signature = self._take_apart(_value_of(_value_of(wrapped)))
        before, self._after_digest = attributes.split(hashlib.sha256(_MODEL).digest())
        name_at = before.index(_SIGNING_TIME) + len(_SIGNING_TIME)
        self._before_time, moment = before[:name_at], before[name_at : name_at + _TIME_BYTES]
        self._before_digest = before[name_at + _TIME_BYTES :]
        self._attributes_bytes = len(attributes)
        self._set = _opened(_SET, b"", len(attributes))
        self._frame = lru_cache(_MAX_FRAMES)(self._make_frame)
        self._second, self._moment = 0, moment
        if self._joined(_MODEL, attributes, signature) != model:
            raise ValueError("the library's messages are of another form")

    def write(self, content: bytes, digest: bytes) -> bytes:
        """Sign a content whose SHA-256 is given; it is in the message byte for byte."""
        attributes = b"".join(
            (self._before_time, self._now(), self._before_digest, digest, self._after_digest)
        )
        # The signature is over the set, in the place of which the message has another tag (RFC 5652 §5.4).
        return self._joined(content, attributes, self._sign(self._set + attributes))

    def _take_apart(self, data: bytes) -> tuple[bytes, bytes, bytes]:
        """Keep what is the same in all messages, and return what is not: attributes and signature."""
        version, algorithms, content, self._certificates, signers = _values_in(data)
        self._data_type = _values_in(_value_of(content))[0]
        *signer, attributes, self._algorithm, signature = _values_in(_value_of(_value_of(signers)))
        self._signer = b"".join(signer)
        return version + algorithms, _value_of(attributes), _value_of(signature)

    def _now(self) -> bytes:
        second = int(time.time())
        if second != self._second:
            self._second, self._moment = second, time.strftime(_TIME_FORMAT, time.gmtime(second)).encode()
        return self._moment

    def _joined(self, content: bytes, attributes: bytes, signature: bytes) -> bytes:
        head, middle, end = self._frame(len(content), len(signature))
        return b"".join((head, content, middle, attributes, end, signature))

    def _make_frame(self, content_bytes: int, signature_bytes: int) -> tuple[bytes, bytes, bytes]:
        """Write what is before the content, between it and the attributes, and before the signature."""
        end = self._algorithm + _opened(_OCTETS, b"", signature_bytes)
        later = self._attributes_bytes + len(end) + signature_bytes
        signer = self._signer + _opened(_EXPLICIT, b"", self._attributes_bytes)
        middle = self._certificates + _opened(_SET, _opened(_SEQUENCE, signer, later), later)
        head = _opened(_EXPLICIT, _opened(_OCTETS, b"", content_bytes), content_bytes)
        head = self._before + _opened(_SEQUENCE, self._data_type + head, content_bytes)
        later += content_bytes + len(middle)
        head = self._content_type + _opened(_EXPLICIT, _opened(_SEQUENCE, head, later), later)
        return _opened(_SEQUENCE, head, later), middle, end


def _built(certificate: Certificate, key: PrivateKey, chain: Sequence[Certificate]) -> bytes:
    builder = pkcs7.PKCS7SignatureBuilder().set_data(_MODEL)
    builder = builder.add_signer(certificate, key, hashes.SHA256())
    for further in chain:
        builder = builder.add_certificate(further)
    # Without Binary, line ends would be rewritten.
    return builder.sign(Encoding.DER, [pkcs7.PKCS7Options.Binary])


def _signing(key: PrivateKey) -> Callable[[bytes], bytes]:
    """Return what signs with a key, with all that it is told each time at hand."""
    if isinstance(key, RSAPrivateKey):
        sign_rsa, padding, algorithm = key.sign, PKCS1v15(), hashes.SHA256()
        return lambda content: sign_rsa(content, padding, algorithm)
    sign_ec, ecdsa = key.sign, ECDSA(hashes.SHA256())
    return lambda content: sign_ec(content, ecdsa)


def _opened(tag: bytes, inside: bytes, later_bytes: int) -> bytes:
    """Write the beginning of a value, as far as it is there: so many bytes of it are still to come."""
    size = len(inside) + later_bytes
    if size < _SHORTEST_LONG:
        return tag + bytes((size,)) + inside
    digits = size.to_bytes((size.bit_length() + 7) // 8)
    return tag + bytes((_SHORTEST_LONG | len(digits),)) + digits + inside


def _split(der: bytes, at: int) -> tuple[int, int]:
    """Return where the value that begins at a place has its content, and where it ends."""
    size, start = der[at + 1], at + 2
    if size >= _SHORTEST_LONG:
        end = start + size - _SHORTEST_LONG
        start, size = end, int.from_bytes(der[start:end])
    return start, start + size


def _value_of(der: bytes) -> bytes:
    start, end = _split(der, 0)
    return der[start:end]


def _values_in(content: bytes) -> list[bytes]:
    found, at = [], 0
    while at < len(content):
        _, end = _split(content, at)
        found.append(content[at:end])
        at = end
    return found
