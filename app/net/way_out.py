"""Whether this machine reaches anything outside: where nothing answers anywhere, it is we who are cut off."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from app.net.address_policy import AddressPolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from app.net.address_policy import Address

ENOUGH: Final = 8
"""Addresses without an answer that tell of us more than of them."""
LATELY_SECONDS: Final = 300.0
QUIET_SECONDS: Final = 60.0
"""For so long nothing was reached: some dead hosts may well be tried together between two that live."""
KNOWN_SECONDS: Final = 86_400.0
"""How long a port is known to be open; networks change what they block."""

_PUBLIC: Final = AddressPolicy()


def is_public(address: Address) -> bool:
    """Tell whether an address is one of the Internet's, and none of a private or special network."""
    return _PUBLIC.refusal(address) is None


class WayOut:
    """What was reached from this process, and what was not, since when."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        is_outside: Callable[[Address], bool] = is_public,
    ) -> None:
        """Take the time in seconds, and which addresses tell of the way out."""
        self.now = clock
        self._is_outside = is_outside
        self._reached_at = float("-inf")
        self._unreached: dict[Address, float] = {}
        self._is_cut_off = False
        self._ports: dict[tuple[int, bool], float] = {}

    def note_reached(self, address: Address, port: int) -> None:
        """Write down a connection: one is enough to know that there is a way out."""
        now, is_outside = self.now(), self._is_outside(address)
        self._ports[port, is_outside] = now
        if is_outside:
            self._reached_at, self._is_cut_off = now, False
            self._unreached.clear()

    def is_cut_off_after(self, address: Address, began: float) -> bool:
        """Write down an attempt that nothing answered, and tell whether that is for want of a way out.

        Once that is so it is until something is reached, however seldom anything is tried.

        Args:
            address: What did not answer.
            began: When it was tried first.
        """
        if not self._is_outside(address) or began <= self._reached_at:
            # Something was reached meanwhile.
            return False
        now = self.now()
        self._unreached.pop(address, None)
        self._unreached[address] = now
        while self._unreached[oldest := next(iter(self._unreached))] < now - LATELY_SECONDS:
            del self._unreached[oldest]
        if len(self._unreached) >= ENOUGH and now - self._reached_at >= QUIET_SECONDS:
            self._is_cut_off = True
        return self._is_cut_off

    def has_reached(self, port: int, addresses: Iterable[Address]) -> bool:
        """Tell whether a connection to this port was made lately, at hosts outside or inside as these are.

        What is reached in one's own network tells nothing of a way out that is closed, as it often is for
        port 25.
        """
        sides = {self._is_outside(address) for address in addresses}
        since = self.now() - KNOWN_SECONDS
        return bool(sides) and all(self._ports.get((port, side), float("-inf")) >= since for side in sides)
