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

    def places_of(self, key: str) -> tuple[int, int]:
        """Return where a key's moments are kept, for ``take_at``."""
        places = hash(self._salt + key)
        return places & _MASK, places >> 16 & _MASK

    def take(self, key: str) -> int:
        """Use one request of a key's quota, as ``take_at`` does."""
        return self.take_at(*self.places_of(key))

    def take_at(self, at: int, other: int) -> int:
        """Use one request of the quota of the key with these places.

        Returns:
            0 if it is within the quota; else nothing is used, and this is how many nanoseconds later one
            is allowed, never more than the time in which the quota gains one.
        """
        first, second = self._first, self._second
        used, also_used = first[at], second[other]
        now = self._clock()
        # Comparisons in place of min and max, which cost more than all the rest.
        least = used if used < also_used else also_used  # noqa: FURB136
        after = (least if least > now else now) + self._step  # noqa: FURB136
        excess = after - now - self._reach
        if excess > 0:
            return excess
        if used < after:
            first[at] = after
        if also_used < after:
            second[other] = after
        return 0

    def standing(self, key: str) -> Standing:
        """Return what is left of a key's quota, using nothing."""
        places = hash(self._salt + key)
        used_until = min(self._first[places & _MASK], self._second[places >> 16 & _MASK])
        used = max(used_until - self._clock(), 0)
        remaining = (self._reach - used) // self._step
        wait = used - self._step * (self.quota.requests - remaining - 1)
        return Standing(self.quota, remaining, ceil(wait / SECOND_NS) if used else 0)
