"""How much this process has to do, and what it does not begin while that is too much.

Measured by how late the event loop is, which is how long everybody waits, and by the requests under way, most
of which wait for the database. Management is given up first: mail clients go on being served.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from app.services.exposition import write_families

if TYPE_CHECKING:
    from collections.abc import Callable

_MEASURED_EVERY_SECONDS: Final = 0.05
_IN_A_ROW: Final = 3
"""One pause, such as for a large document, is not too much to do: the least of so many counts."""
_DISCOVERY_FACTOR: Final = 4
"""So many times later, or more requests, than with what management is given up is discovery."""
_NAMES: Final = {
    "signpost_requests_shed_total": ("counter", "Requests that were not begun, as there was too much to do."),
    "signpost_requests_under_way": ("gauge", "Requests that are being answered, other than at once."),
    "signpost_loop_lag_seconds": ("gauge", "How late the event loop is."),
}


class Kind(StrEnum):
    """What a request is about."""

    DISCOVERY = "discovery"
    MANAGEMENT = "management"


class Load:
    """What is under way, and how late."""

    def __init__(
        self, *, at_once: int, max_lag_milliseconds: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Take the limits of management; 0 for none.

        Args:
            at_once: How many requests of management may be under way.
            max_lag_milliseconds: How late the loop may be.
            clock: Gives seconds that never go back.
        """
        self._at_once = at_once
        self._max_lag_seconds = max_lag_milliseconds / 1000
        self._clock = clock
        self._lags: deque[float] = deque((0.0,), maxlen=_IN_A_ROW)
        self._under_way = dict.fromkeys(Kind, 0)
        self._shed = dict.fromkeys(Kind, 0)

    @property
    def lag_seconds(self) -> float:
        """How late the loop is again and again."""
        return min(self._lags)

    def has_room(self, kind: Kind) -> bool:
        """Tell whether another request may begin; each kind has room of its own."""
        factor = _DISCOVERY_FACTOR if kind is Kind.DISCOVERY else 1
        if self._max_lag_seconds and self.lag_seconds > self._max_lag_seconds * factor:
            return False
        return not self._at_once or self._under_way[kind] < self._at_once * factor

    def begin(self, kind: Kind) -> None:
        """Count a request that is being answered."""
        self._under_way[kind] += 1

    def end(self, kind: Kind) -> None:
        """Count it no more."""
        self._under_way[kind] -= 1

    def shed(self, kind: Kind) -> None:
        """Count a request that was not begun."""
        self._shed[kind] += 1

    async def watch(self) -> None:
        """Measure, until cancelled."""
        while True:
            asked = self._clock()
            await asyncio.sleep(_MEASURED_EVERY_SECONDS)
            self.note(self._clock() - asked - _MEASURED_EVERY_SECONDS)

    def note(self, lag_seconds: float) -> None:
        """Take a measurement."""
        self._lags.append(max(0.0, lag_seconds))

    def metrics(self) -> str:
        """Write what was counted in Prometheus's text format."""
        samples = {
            "signpost_requests_shed_total": _by_kind("signpost_requests_shed_total", self._shed),
            "signpost_requests_under_way": _by_kind("signpost_requests_under_way", self._under_way),
            "signpost_loop_lag_seconds": [f"signpost_loop_lag_seconds {self.lag_seconds:.6f}"],
        }
        return write_families(_NAMES, samples)


def _by_kind(name: str, numbers: dict[Kind, int]) -> list[str]:
    return [f'{name}{{kind="{kind.value}"}} {number}' for kind, number in numbers.items()]
