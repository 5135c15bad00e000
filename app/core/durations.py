"""How long things took, counted by spans of time; and where the time of one request went."""

from __future__ import annotations

from bisect import bisect_left
from contextlib import contextmanager
from contextvars import ContextVar
from time import perf_counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

BOUNDS_SECONDS: Final = (0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Durations:
    """A number for each span of time, the last for all that took longer."""

    __slots__ = ("bounds", "counts", "seconds")

    def __init__(self, bounds: tuple[float, ...] = BOUNDS_SECONDS) -> None:
        """Begin with none, and take where a span ends."""
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.seconds = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.seconds += seconds


class Phases:
    """What a request waited for, in the order in which it ended; several may have been under way at once."""

    __slots__ = ("spans",)

    def __init__(self) -> None:
        """Begin with none."""
        self.spans: list[tuple[str, float, float]] = []
        """Name, beginning and end by ``time.perf_counter``."""

    def seconds(self) -> dict[str, float]:
        """Return the sums by name."""
        sums: dict[str, float] = {}
        for name, began, ended in self.spans:
            sums[name] = sums.get(name, 0.0) + ended - began
        return sums


CURRENT: Final[ContextVar[Phases | None]] = ContextVar("phases", default=None)
"""Those of the request that is being answered; None where nobody wants to know."""
_MOST: Final = 200
"""How many are kept: a request of a million lines has one for each batch."""


def note_phase(name: str, began: float) -> float:
    """Note what ends at this moment, for the request that is being answered; return how long it took."""
    ended = perf_counter()
    phases = CURRENT.get()
    if phases is not None and len(phases.spans) < _MOST:
        phases.spans.append((name, began, ended))
    return ended - began


@contextmanager
def phase(name: str) -> Iterator[None]:
    """Note how long the block took."""
    began = perf_counter()
    try:
        yield
    finally:
        note_phase(name, began)
