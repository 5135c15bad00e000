"""Who sends wrong tokens has to wait, each time twice as long."""

from __future__ import annotations

from collections import OrderedDict
from math import ceil
from typing import TYPE_CHECKING, Final

from app.core.errors import TooManyRequests
from app.core.networks import line_of

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_ADDRESSES: Final = 10_000
_LONGEST_WAIT_SECONDS: Final = 60
_FORGOTTEN_AFTER_SECONDS: Final = 15 * 60


class FailedAttempts:
    """Counts failures by client address, in this process and in bounded memory."""

    def __init__(self, clock: Callable[[], float], free: int) -> None:
        """Take seconds that never go back, and how many failures an address has free; 0 for any number."""
        self._clock = clock
        self._free = free
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def check(self, address: str | None) -> None:
        """Refuse an address that has to wait, before any work is done for it.

        Raises:
            TooManyRequests: With how long it has to wait.
        """
        count, last = self._failures.get(line_of(address), (0, self._clock()))
        if not self._free or count < self._free:
            return
        doublings = min(count - self._free, 10)
        left = last + min(2**doublings, _LONGEST_WAIT_SECONDS) - self._clock()
        if left > 0:
            raise TooManyRequests(ceil(left))

    def note(self, address: str | None) -> None:
        """Count a failure."""
        if not self._free:
            return
        line, now = line_of(address), self._clock()
        count, last = self._failures.pop(line, (0, now))
        if now - last > _FORGOTTEN_AFTER_SECONDS:
            count = 0
        self._failures[line] = (count + 1, now)
        while len(self._failures) > _MOST_ADDRESSES:
            self._failures.popitem(last=False)
