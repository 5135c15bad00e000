"""A serving process as the one that started it sees it."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import signal
import socket
import time
from typing import TYPE_CHECKING, Final, Protocol

from app.cli.crew.channel import ALIVE, LEAVING, MAX_LINE_BYTES, READY, SUM, read_line, write_line

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.process import BaseProcess
    from typing import Self, TypeAlias

    Serve: TypeAlias = Callable[[socket.socket, socket.socket, int], None]

SILENCE_SECONDS: Final = 60
"""A process that says nothing for so long is taken for stuck; some write much at once, on busy machines."""
STEADY_SECONDS: Final = 10
"""A process that served for so long is replaced at once; one that did not, after a while."""
_SECOND_CHANCE_SECONDS: Final = 5

# From a process that has loaded all modules, and done nothing with them, others are there in milliseconds
# and share its memory.
_FORKING: Final = multiprocessing.get_context("forkserver")
_FORKING.set_forkserver_preload(
    ["app.cli.crew.preloaded", "app.main", "app.cli.crew.member", "app.api.management", "app.web.site"]
)


class Ledger(Protocol):
    """Keeps what the processes count."""

    def note(self, child: Child, metrics: str) -> None:
        """Take what a process has counted so far."""
        ...

    def total(self) -> str:
        """Return the sums."""
        ...


class Child:
    """A process, and what is known of it."""

    def __init__(self, slot: int, process: BaseProcess, connected: socket.socket) -> None:
        """Take a process that was started, its place, and our end of the channel."""
        self.slot = slot
        self.process = process
        self.is_ready = False
        self.has_left = False
        """Whether it was told to stop, and is ending in good order."""
        self._connected = connected
        self._started = time.monotonic()
        self.departed = asyncio.Event()
        """Set when it serves no more: when it leaves, or is gone."""

    @classmethod
    async def start(cls, slot: int, listening: socket.socket, serve: Serve) -> Self:
        """Start a process on a listening socket."""
        ours, theirs = socket.socketpair()
        process = _FORKING.Process(target=serve, args=(listening, theirs, slot), daemon=True)
        # Waits for the process that forks, which at first has all modules to load.
        await asyncio.to_thread(process.start)
        theirs.close()
        return cls(slot, process, ours)

    @property
    def is_steady(self) -> bool:
        """Whether it served for a while, so that another may do so, too."""
        return self.is_ready and time.monotonic() - self._started >= STEADY_SECONDS

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it is gone."""
        if self.process.exitcode is None and self.process.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid, number)

    async def attend(self, ledger: Ledger) -> int:
        """Listen to it until it has ended; return its exit code."""
        reader, writer = await asyncio.open_connection(sock=self._connected, limit=MAX_LINE_BYTES)
        try:
            while line := await self._next_line(reader):
                kind, text = read_line(line)
                if kind == READY:
                    self.is_ready = True
                elif kind == LEAVING:
                    self.has_left = True
                    self.departed.set()
                elif kind == ALIVE:
                    ledger.note(self, text)
                elif kind == SUM:
                    ledger.note(self, text)
                    write_line(writer, SUM, ledger.total())
        except (OSError, ValueError):
            # As good as gone: of a process that was killed the last line may lack its end.
            pass
        finally:
            writer.close()
            code = await self._end()
            self.departed.set()
        return code

    async def _end(self) -> int:
        """Wait for the end of a process that has nothing more to say; return its exit code."""
        gone = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(self.process.sentinel, gone.set)
        try:
            await asyncio.wait_for(gone.wait(), _SECOND_CHANCE_SECONDS)
        except TimeoutError:
            self.send_signal(signal.SIGKILL)
            await gone.wait()
        finally:
            loop.remove_reader(self.process.sentinel)
        return self.process.exitcode or 0

    async def _next_line(self, reader: asyncio.StreamReader) -> bytes:
        for seconds in (SILENCE_SECONDS, _SECOND_CHANCE_SECONDS):
            # Twice, because both may have been held up together, such as by a suspended machine.
            with contextlib.suppress(TimeoutError):
                return await asyncio.wait_for(reader.readline(), seconds)
        self.send_signal(signal.SIGKILL)
        return b""
