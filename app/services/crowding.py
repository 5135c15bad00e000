"""How much of what is probed at a time may be at one address, so that no host fills all places. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection

_FIRST_STEP: Final = timedelta(seconds=0.1)
_STEPS: Final = (timedelta(seconds=0.01), timedelta(seconds=5))
_HASTE: Final = 0.8
"""A little before there is room, so that places do not stay empty where hosts have become faster."""


@dataclass(slots=True)
class _Crowd:
    left_at: deque[datetime]
    size: int = 0
    next_turn: datetime | None = None

    def step(self) -> timedelta:
        """Return how long it takes, of late, until there is room for another."""
        waits = [later - first for first, later in pairwise(self.left_at)]
        if not waits:
            return _FIRST_STEP
        shortest, longest = _STEPS
        return min(max(sum(waits, timedelta()) / len(waits) * _HASTE, shortest), longest)


class Crowds:
    """What is under way, by address; addresses where nothing is take no memory."""

    def __init__(self, per_address: int) -> None:
        """Take how much there may be at one address."""
        self._per_address = per_address
        self._crowds: dict[str, _Crowd] = {}

    def enter(self, addresses: Collection[str]) -> bool:
        """Count one more at each of these addresses; False, and nothing is counted, where one is full."""
        if self._full(addresses):
            return False
        for address in addresses:
            crowd = self._crowds.setdefault(address, _Crowd(deque(maxlen=self._per_address)))
            crowd.size += 1
        return True

    def leave(self, addresses: Collection[str], now: datetime) -> None:
        """Count one less at each of these addresses."""
        for address in addresses:
            crowd = self._crowds[address]
            crowd.size -= 1
            crowd.left_at.append(now)
            if not crowd.size:
                del self._crowds[address]

    def next_turn(self, addresses: Collection[str], now: datetime) -> datetime:
        """Return when to come again with what found an address full: one after the other, as room is made."""
        turns: list[datetime] = []
        for crowd in self._full(addresses):
            crowd.next_turn = max(now, crowd.next_turn or now) + crowd.step()
            turns.append(crowd.next_turn)
        return max(turns, default=now)

    def _full(self, addresses: Collection[str]) -> list[_Crowd]:
        crowds = (self._crowds.get(address) for address in addresses)
        return [crowd for crowd in crowds if crowd is not None and crowd.size >= self._per_address]
