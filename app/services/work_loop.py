"""A loop that takes work and does much of it at once: waits where there is none, ends in good order."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from app.core.errors import AppError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopPace:
    """How long a loop waits for what."""

    poll_seconds: float = 1.0
    """Until it looks again where there was nothing."""
    pause_seconds: float = 0.05
    """At least between two looks, so that several pieces of work share a transaction."""
    trouble_seconds: float = 10.0
    """Where the database is away."""
    stop_seconds: float = 5.0
    """For work under way, at the end."""


class WorkLoop:
    """Work under way, each piece on behalf of somebody, and the loop that begins it."""

    def __init__(self, name: str, pace: LoopPace) -> None:
        """Take the name that its log lines have, and the pace."""
        self._name = name
        self._pace = pace
        self._under_way: dict[asyncio.Task[None], int] = {}

    async def run(self, start: Callable[[], Awaitable[object]]) -> None:
        """Look for work until cancelled; then wait a little for what is under way.

        Args:
            start: Takes work, as much as there is room for, and begins it.
        """
        try:
            while True:
                try:
                    await start()
                except AppError as error:
                    _log.warning(f"{self._name}_put_off", reason=str(error))
                    await asyncio.sleep(self._pace.trouble_seconds)
                except Exception:  # noqa: BLE001 - a bug with one must not end all others for good
                    _log.exception(f"{self._name}_failed")
                    await asyncio.sleep(self._pace.trouble_seconds)
                await self._wait()
        finally:
            await self._stop()

    @property
    def size(self) -> int:
        """How much is under way."""
        return len(self._under_way)

    def busy(self) -> Counter[int]:
        """Count what is under way, by whose it is."""
        return Counter(self._under_way.values())

    def begin(self, work: Coroutine[None, None, None], owner: int = 0) -> None:
        """Begin a piece of work; its errors are its own to catch."""
        task = asyncio.create_task(work)
        self._under_way[task] = owner
        task.add_done_callback(self._under_way.pop)

    async def settle(self) -> None:
        """Wait for what is under way."""
        await asyncio.gather(*self._under_way)

    async def _wait(self) -> None:
        # Several processes that started together need not look together.
        seconds = self._pace.poll_seconds * random.uniform(0.8, 1.2)  # noqa: S311 - no secret
        if self._under_way:
            # Each that ends makes room for another.
            await asyncio.wait(self._under_way, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            seconds = self._pace.pause_seconds
        await asyncio.sleep(seconds)

    async def _stop(self) -> None:
        if self._under_way:
            _, pending = await asyncio.wait(self._under_way, timeout=self._pace.stop_seconds)
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)
