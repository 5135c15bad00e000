"""What a serving process and the one that started it say to each other: a line of JSON each.

The process says that it is alive and what it counted, and asks for everybody's sums. When the other end is
gone so is whoever would see to this process, and it ends.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from app.core.errors import NotAvailable

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

READY: Final = "ready"
ALIVE: Final = "alive"
LEAVING: Final = "leaving"
SUM: Final = "sum"
MAX_LINE_BYTES: Final = 16 * 1024 * 1024
_PATIENCE_SECONDS: Final = 5


def write_line(writer: asyncio.StreamWriter, kind: str, text: str = "") -> None:
    """Say something, unless the other end is gone."""
    if not writer.is_closing():
        writer.write(json.dumps([kind, text]).encode() + b"\n")


def read_line(line: bytes) -> tuple[str, str]:
    """Read what was said."""
    kind, text = json.loads(line)
    return kind, text


class SupervisorChannel:
    """The serving process's end."""

    def __init__(self, connected: socket.socket) -> None:
        """Take the socket that the process was given at its start."""
        self._connected = connected
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter | None = None
        self._asked: deque[asyncio.Future[str]] = deque()

    async def open(self) -> None:
        """Begin; nothing is said before."""
        self._reader, self._writer = await asyncio.open_connection(sock=self._connected, limit=MAX_LINE_BYTES)

    async def listen(self, on_lost: Callable[[], None]) -> None:
        """Listen until the other end is gone, and tell of that."""
        try:
            while line := await self._reader.readline():
                _, text = read_line(line)
                answered = self._asked.popleft()
                if not answered.done():
                    answered.set_result(text)
        except (OSError, ValueError):
            # As good as gone.
            pass
        on_lost()

    def say(self, kind: str, text: str = "") -> None:
        """Say something."""
        if self._writer is not None:
            write_line(self._writer, kind, text)

    async def close(self) -> None:
        """Say what is left to say, and hang up."""
        if self._writer is not None:
            self._writer.close()
            with suppress(OSError):
                await self._writer.wait_closed()

    async def add_up(self, metrics: str) -> str:
        """Return the sums of these metrics and of those that all others told last.

        Raises:
            NotAvailable: When nobody answers.
        """
        answered: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        # Answers come in the order of the questions, also those that nobody waits for any more.
        self._asked.append(answered)
        self.say(SUM, metrics)
        try:
            return await asyncio.wait_for(answered, _PATIENCE_SECONDS)
        except TimeoutError:
            raise NotAvailable("supervisor") from None
