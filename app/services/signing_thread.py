"""A thread that works through what it is given, and tells the event loop of many results at once.

Waking the loop for each result would cost more than a signature on P-256. The thread has the loop's own
priority: it holds the interpreter's lock at times, and the loop would wait for whoever is preferred to it.
"""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    Job: TypeAlias = "tuple[Callable[[], Any], asyncio.Future[Any]]"

_HOLD_BACK_SECONDS: Final = 0.002
"""How long a result waits for the next, at the most."""
_PATIENCE_SECONDS: Final = 1.0

T = TypeVar("T")


class SigningThread:
    """Does one thing after the other; whoever asks waits in the event loop."""

    def __init__(self, name: str) -> None:
        """Take the thread's name; it starts with the first work."""
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._is_started = False

    def do(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """Have something done, unless whoever asks has gone by then."""
        if not self._is_started:
            self._is_started = True
            self._thread.start()
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._jobs.put((work, future))
        return future

    def close(self) -> None:
        """Let the thread end once it has done what it was given."""
        self._jobs.put(None)

    def _work(self) -> None:
        is_open = True
        while is_open:
            job = self._jobs.get()
            done: list[_Outcome] = []
            end = time.monotonic() + _HOLD_BACK_SECONDS
            while job is not None:
                done.append(_outcome(job))
                if self._jobs.empty() or time.monotonic() > end:
                    break
                job = self._jobs.get()
            is_open = job is not None
            if done:
                _hand_over(done)


def _hand_over(done: list[_Outcome]) -> None:
    """Give results to the loop, and let it have its turn: it has others to answer, who want less."""
    has_had_turn = threading.Event()

    def deliver() -> None:
        _deliver(done)
        has_had_turn.set()

    # Closed meanwhile: nobody waits.
    with suppress(RuntimeError):
        done[0].future.get_loop().call_soon_threadsafe(deliver)
        has_had_turn.wait(_PATIENCE_SECONDS)


class _Outcome(NamedTuple):
    future: asyncio.Future[Any]
    result: Any
    error: Exception | None


def _outcome(job: Job) -> _Outcome:
    work, future = job
    if future.cancelled():
        return _Outcome(future, None, None)
    try:
        return _Outcome(future, work(), None)
    except Exception as error:  # noqa: BLE001 - whoever asked is told
        return _Outcome(future, None, error)


def _deliver(done: list[_Outcome]) -> None:
    for future, result, error in done:
        if future.done():
            continue
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)
