"""Starts the processes that serve, replaces those that end, and ends them all when it is told to.

uvicorn has a supervisor of its own. It starts a process that dies at once over and over, ends all for the
sake of one that cannot be replaced, and calls a service that never came up a success; and it has no place
for numbers that belong to all (docs/adr/0021).
"""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Final

import structlog

from app.cli.crew.child import Child
from app.cli.crew.member import serve_as_member
from app.services.exposition import add_up, keep_lasting

if TYPE_CHECKING:
    import socket

    from app.cli.crew.child import Serve

FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 30.0
MOST_FAILURES: Final = 5
"""So many in a row that came to nothing, with no other process serving, end the attempt."""
_SLACK_SECONDS: Final = 5

_log = structlog.get_logger(__name__)


class Counted:
    """What all processes counted, those that are gone too: sums never fall."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._present: dict[Child, str] = {}
        self._past = ""

    def note(self, child: Child, metrics: str) -> None:
        """Take what a process has counted so far."""
        self._present[child] = metrics

    def close(self, child: Child) -> None:
        """Take note that a process is gone; what it counted stays."""
        self._past = add_up((self._past, keep_lasting(self._present.pop(child, ""))))

    def total(self) -> str:
        """Return the sums."""
        return add_up((*self._present.values(), self._past))


class Supervisor:
    """Sees to it that so many processes serve."""

    def __init__(
        self,
        listening: socket.socket,
        count: int,
        *,
        patience_seconds: float,
        serve: Serve = serve_as_member,
    ) -> None:
        """Take the socket that all accept from.

        Args:
            listening: Bound.
            count: How many processes.
            patience_seconds: What a process may take to end by itself.
            serve: What each of them does.
        """
        self._serve = serve
        self._listening = listening
        self._count = count
        self._patience_seconds = patience_seconds
        self._counted = Counted()
        self._children: dict[Child, asyncio.Task[int]] = {}
        self._told_to_stop = asyncio.Event()
        self._has_failed = False
        self._has_served = False

    async def run(self) -> bool:
        """Serve until told to stop; return whether it ever came to that."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._told_to_stop.set)
        slots = [asyncio.create_task(self._keep(slot)) for slot in range(self._count)]
        await self._told_to_stop.wait()
        for slot in slots:
            slot.cancel()
        await asyncio.gather(*slots, return_exceptions=True)
        # Held by us alone it would take connections that nobody accepts.
        self._listening.close()
        await self._end_all()
        return not self._has_failed

    async def _keep(self, slot: int) -> None:
        """Have a process in a place, and another when it goes."""
        failures = 0
        while True:
            child = await self._start(slot)
            if child is not None:
                await child.departed.wait()
                self._has_served = self._has_served or child.is_ready
            if child is not None and (child.has_left or child.is_steady):
                failures = 0
                continue
            failures += 1
            if self._told_to_stop.is_set():
                return
            if not (child and child.is_ready) and self._is_hopeless(failures):
                self._has_failed = True
                self._told_to_stop.set()
                return
            pause = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** (failures - 1))
            _log.warning("process_to_be_replaced", slot=slot, in_seconds=pause, failures=failures)
            await asyncio.sleep(pause)

    async def _start(self, slot: int) -> Child | None:
        try:
            child = await Child.start(slot, self._listening, self._serve)
        except (OSError, EOFError):
            # Such as no memory; and the process that forks may just have been killed: the next has another.
            _log.exception("process_not_started", slot=slot)
            return None
        self._children[child] = asyncio.create_task(self._attend(child))
        return child

    def _is_hopeless(self, failures: int) -> bool:
        serving = any(child.is_ready for child in self._children)
        return not serving and (not self._has_served or failures >= MOST_FAILURES)

    async def _attend(self, child: Child) -> int:
        _log.info("process_started", slot=child.slot, pid=child.process.pid)
        code = await child.attend(self._counted)
        self._counted.close(child)
        del self._children[child]
        # Told to stop before it could listen to signals is told to stop all the same.
        expected = (0, -signal.SIGTERM) if self._told_to_stop.is_set() else (0,)
        log = _log.info if code in expected else _log.error
        log("process_ended", slot=child.slot, pid=child.process.pid, code=code)
        return code

    async def _end_all(self) -> None:
        """Pass the signal on, and wait; whoever does not end is made to."""
        ending = dict(self._children)
        if not ending:
            return
        loop = asyncio.get_running_loop()
        end = loop.time() + self._patience_seconds + _SLACK_SECONDS
        waiting = set(ending.values())
        while waiting and loop.time() < end:
            for child in ending:
                # Again: one that has just begun may not have heard.
                if not child.has_left:
                    child.send_signal(signal.SIGTERM)
            _, waiting = await asyncio.wait(waiting, timeout=1)
        for child, task in ending.items():
            if task in waiting:
                _log.error("process_killed", slot=child.slot, pid=child.process.pid)
                child.send_signal(signal.SIGKILL)
        await asyncio.gather(*ending.values(), return_exceptions=True)
