"""Names of requests: UUIDs of version 4, cheaper, since randomness is fetched for many at once."""

from __future__ import annotations

import os
from typing import Final

_AT_ONCE: Final = 128
_DIGITS: Final = 32


class RequestIds:
    """Makes the values of ``X-Request-Id``."""

    __slots__ = ("_made",)

    def __init__(self) -> None:
        """Begin with nothing made."""
        self._made: list[bytes] = []

    def next_one(self) -> bytes:
        """Return a name that no other request has (RFC 9562 §5.4)."""
        if not self._made:
            digits = os.urandom(_AT_ONCE * _DIGITS // 2).hex()
            starts = range(0, len(digits), _DIGITS)
            self._made = [_identifier(digits[start : start + _DIGITS]) for start in starts]
        return self._made.pop()


def _identifier(digits: str) -> bytes:
    # The version, and of the variant's two free bits none: there is randomness enough.
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}".encode()
