"""How often anybody is called on: so many times within a minute at the most."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Hashable

_MINUTE: Final = 60.0


class Pacing:
    """So many within any minute for each key; keys that rested for that long take no memory.

    One task at a time asks for a key: between its wait and its note nobody else has a part in it.
    """

    def __init__(self, at_most: int, within_seconds: float = _MINUTE) -> None:
        """Take the number, and the time that is meant."""
        self._at_most = at_most
        self._within_seconds = within_seconds
        self._noted: dict[Hashable, deque[float]] = {}

    async def wait(self, key: Hashable) -> None:
        """Wait until once more is not too much."""
        noted = self._noted.get(key)
        if noted is not None and len(noted) == self._at_most:
            loop = asyncio.get_running_loop()
            await asyncio.sleep(noted[0] + self._within_seconds - loop.time())

    def note(self, key: Hashable) -> None:
        """Count once."""
        now = asyncio.get_running_loop().time()
        # In the order of their last time, so that those that rest are first.
        noted = self._noted.pop(key, None) or deque[float](maxlen=self._at_most)
        noted.append(now)
        self._noted[key] = noted
        while True:
            oldest = next(iter(self._noted))
            if self._noted[oldest][-1] > now - self._within_seconds:
                return
            del self._noted[oldest]
