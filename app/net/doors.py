"""Few visitors at a time at each address and port; who waited while it stayed shut need not knock as well."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.net.failures import ConversationError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Hashable


@dataclass(slots=True)
class Door:
    """An address and port that somebody is at, or waits for."""

    room: asyncio.Semaphore
    users: int = 0
    attempts: int = 0
    """How many ended, whatever came of them."""
    failure: ConversationError | None = None
    """Of the last attempt; None where it was let in."""

    def note(self, failure: ConversationError | None) -> None:
        """Write down how an attempt to connect ended."""
        self.attempts += 1
        self.failure = failure


class Doors:
    """The doors that are in use; others take no memory, so nothing is known of an earlier time."""

    def __init__(self, at_once: int = 1) -> None:
        """Take how many may be at one; begin with none."""
        self._at_once = at_once
        self._doors: dict[Hashable, Door] = {}

    @asynccontextmanager
    async def hold(self, key: Hashable) -> AsyncIterator[Door]:
        """Wait for a door in the order of coming, and keep it.

        Thousands of names may lead to one dead address: were each to wait out the time of a connection of its
        own, they would fill the places of all others for hours.

        Raises:
            ConversationError: When the last attempt ended without a connection, while this one waited.
        """
        door = self._doors.get(key)
        if door is None:
            door = self._doors[key] = Door(asyncio.Semaphore(self._at_once))
        door.users += 1
        attempts_before = door.attempts
        try:
            async with door.room:
                if door.failure is not None and door.attempts > attempts_before:
                    raise ConversationError(door.failure.reason, door.failure.detail)
                yield door
        finally:
            door.users -= 1
            if not door.users:
                del self._doors[key]
