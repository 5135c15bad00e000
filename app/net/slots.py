"""How many connections there may be at a time, for each key and in all."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Hashable


class Slots:
    """So many at a time for each key; keys that nobody uses or waits for take no memory."""

    def __init__(self, per_key: int) -> None:
        """Take the number."""
        self._per_key = per_key
        self._semaphores: dict[Hashable, asyncio.Semaphore] = {}
        self._users: dict[Hashable, int] = {}

    @asynccontextmanager
    async def hold(self, key: Hashable) -> AsyncIterator[None]:
        """Wait for a slot of the key, in the order of coming, and keep it."""
        semaphore = self._semaphores.setdefault(key, asyncio.Semaphore(self._per_key))
        self._users[key] = self._users.get(key, 0) + 1
        try:
            async with semaphore:
                yield
        finally:
            self._users[key] -= 1
            if not self._users[key]:
                del self._users[key], self._semaphores[key]
