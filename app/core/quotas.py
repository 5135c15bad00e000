"""How many requests somebody may send: the generic cell rate algorithm, in memory that never grows.

For each key one moment is kept, up to which it has used its quota. Keys share a fixed table, each with two
places in it (a count-min sketch): what a key has used is the lesser of its two places. A key is therefore
never let through more often than its quota says, however many keys there are. The other way round, two
keys that share both places would share a quota; that takes more keys at their limit at one time than
a process can serve.
"""

from __future__ import annotations

import secrets
from array import array
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

SECOND_NS: Final = 1_000_000_000
_PLACES: Final = 1 << 16
_MASK: Final = _PLACES - 1


@dataclass(frozen=True, slots=True)
class Quota:
    """How many requests may come at once, and in each window in the long run."""

    name: str
    """What clients are told that it is called."""
    requests: int
    window_seconds: int = 60


@dataclass(frozen=True, slots=True)
class Standing:
    """What is left of a quota."""

    quota: Quota
    remaining: int
    wait_seconds: int
    """Until one more is allowed than are left, rounded up; 0 while the quota is whole."""


class QuotaMeter:
    """Measures what keys use of one quota. Each call is a few operations on two numbers."""

    __slots__ = ("_clock", "_first", "_reach", "_salt", "_second", "_step", "quota")

    def __init__(self, quota: Quota, clock: Callable[[], int]) -> None:
        """Take the quota, and a clock in nanoseconds that starts at 0 or later and never goes back."""
        self.quota = quota
        self._clock = clock
        # Rounded up, so that no window holds one too many.
        self._step = -(-quota.window_seconds * SECOND_NS // quota.requests)
        self._reach = self._step * quota.requests
        # So that nobody can work out whose places are whose.
        self._salt = secrets.token_hex(8)
        self._first = array("q", bytes(8 * _PLACES))
        self._second = array("q", bytes(8 * _PLACES))

    def take(self, key: str) -> int:
        """Use one request of a key's quota.

        Returns:
            0 if it is within the quota; else nothing is used, and this is how many nanoseconds later one
            is allowed, never more than the time in which the quota gains one.
        """
        places = hash(self._salt + key)
        first, second = places & _MASK, places >> 16 & _MASK
        now = self._clock()
        used_until = min(self._first[first], self._second[second])
        after = max(used_until, now) + self._step
        excess = after - now - self._reach
        if excess > 0:
            return excess
        self._first[first] = max(self._first[first], after)
        self._second[second] = max(self._second[second], after)
        return 0

    def standing(self, key: str) -> Standing:
        """Return what is left of a key's quota, using nothing."""
        places = hash(self._salt + key)
        used_until = min(self._first[places & _MASK], self._second[places >> 16 & _MASK])
        used = max(used_until - self._clock(), 0)
        remaining = (self._reach - used) // self._step
        wait = used - self._step * (self.quota.requests - remaining - 1)
        return Standing(self.quota, remaining, ceil(wait / SECOND_NS) if used else 0)
