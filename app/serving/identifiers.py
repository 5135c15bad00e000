"""Names of requests: UUIDs of version 4, cheaper, since some have their randomness in common."""

from __future__ import annotations

import os
from typing import Final

_AT_ONCE: Final = 256
_NODE_BYTES: Final = 6


class RequestIds:
    """Makes the values of ``X-Request-Id``."""

    __slots__ = ("_end", "_next", "_start")

    def __init__(self) -> None:
        """Begin with nothing made."""
        self._start = b""
        self._next = self._end = 0

    def next_one(self) -> bytes:
        """Return a name that no other request has (RFC 9562 §5.4); who sees one may guess the next."""
        number = self._next
        if number == self._end:
            number = self._renew()
        self._next = number + 1
        return b"%b%012x" % (self._start, number)

    def _renew(self) -> int:
        digits = os.urandom(10).hex()
        # The version, and of the variant's two free bits none: there is randomness enough.
        self._start = f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-".encode()
        first = int.from_bytes(os.urandom(_NODE_BYTES)) & -_AT_ONCE
        self._end = first + _AT_ONCE
        return first
