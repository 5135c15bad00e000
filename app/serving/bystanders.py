"""Who is answered without a signature: while they are many, signatures are made beside the event loop."""

from __future__ import annotations

from typing import Final

_WINDOW_SECONDS: Final = 0.01
_SIGNATURES_APART: Final = 10
"""Nobody is held up by signatures who comes less often than so many of them take."""


class Bystanders:
    """Counts them, in windows of time."""

    __slots__ = ("_are_many", "_since", "count")

    def __init__(self) -> None:
        """Begin with none."""
        self.count = 0
        """How many there were in the present window; raised by whoever answers one."""
        self._are_many = False
        self._since = 0.0

    def are_many(self, now: float, signature_seconds: float) -> bool:
        """Tell whether they would have to wait too often for signatures of such a duration."""
        elapsed = now - self._since
        if elapsed > _WINDOW_SECONDS:
            self._are_many = self.count * _SIGNATURES_APART * signature_seconds > elapsed
            self.count = 0
            self._since = now
        return self._are_many
