"""Plain IMAP servers on loopback that answer slowly and note who talks to them when."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType


class MailFarm:
    """Servers on ports of their own, in a thread of their own; the first caller at each may wait longer."""

    def __init__(self, count: int, seconds: float, first_seconds: float | None = None) -> None:
        self._count, self._seconds = count, seconds
        self._first_seconds = seconds if first_seconds is None else first_seconds
        self.ports: list[int] = []
        self.conversations: Counter[int] = Counter()
        """By port, those that came to their end."""
        self.begun = 0
        self.left_at: dict[int, float] = {}
        """By port, when somebody last went without a greeting, in seconds since 1970."""
        self._called: set[int] = set()
        self.talking: Counter[int] = Counter()
        self.clashes: list[int] = []
        """Ports at which somebody called while another was still talking."""
        self._ready = threading.Event()

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._thread.start()
        assert self._ready.wait(20)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(20)

    async def _run(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        servers = [await asyncio.start_server(self._talk, "127.0.0.1", 0) for _ in range(self._count)]
        self.ports = [server.sockets[0].getsockname()[1] for server in servers]
        self._ready.set()
        await self._end.wait()
        for server in servers:
            server.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        port: int = writer.get_extra_info("sockname")[1]
        self.begun += 1
        self.talking[port] += 1
        if self.talking[port] > 1:
            self.clashes.append(port)
        try:
            with suppress(ConnectionError):
                if await self._is_left(port, reader):
                    return
                writer.write(b"* OK ready\r\n")
                while line := await reader.readline():
                    tag, _, command = line.decode().strip().partition(" ")
                    if command.upper() == "LOGOUT":
                        writer.write(f"* BYE\r\n{tag} OK\r\n".encode())
                        await writer.drain()
                        self.conversations[port] += 1
                        break
                    writer.write(f"* CAPABILITY IMAP4rev1\r\n{tag} OK\r\n".encode())
        finally:
            self.talking[port] -= 1
            writer.close()

    async def _is_left(self, port: int, reader: asyncio.StreamReader) -> bool:
        """Wait as long as callers must, and tell whether this one went meanwhile."""
        seconds = self._seconds if port in self._called else self._first_seconds
        self._called.add(port)
        try:
            async with asyncio.timeout(seconds):
                await reader.read(1)
        except TimeoutError:
            return False
        self.left_at[port] = time.time()
        return True
