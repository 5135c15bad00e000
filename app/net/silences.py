"""Hosts that take connections and then say nothing: who waits meanwhile need not find out too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app.core.observations import FailureReason, Stage
from app.net.failures import ConversationError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

_OPENING: Final = frozenset({Stage.GREETING, Stage.HANDSHAKE})
_KEPT_SECONDS: Final = 3600.0
"""Longer than anybody is under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What somebody wants of an address and port."""

    kind: Hashable
    """How it begins to talk: who waits for a handshake says nothing to who waits for a greeting."""
    since: float
    """When whoever comes set out, on the loop's clock."""
    until: float | None
    """When it leaves if its turn has not come; None for never."""
    stage: Callable[[], Stage]
    """Tells how far the conversation got."""


@dataclass(frozen=True, slots=True)
class _Silence:
    at: float
    failure: ConversationError


class Silences:
    """Which hosts were silent to whom lately; those that talk take no memory."""

    def __init__(self) -> None:
        """Begin with none."""
        self._silences: dict[Hashable, _Silence] = {}

    def check(self, place: Hashable, visit: Visit) -> None:
        """Let somebody through who knows of no silence.

        Raises:
            ConversationError: When the host was silent to another who began alike, since this one set out.
        """
        silence = self._silences.get((place, visit.kind))
        if silence is not None and silence.at >= visit.since:
            failure = silence.failure
            raise ConversationError(failure.reason, failure.detail, failure.stage)

    def note(self, place: Hashable, visit: Visit, error: ConversationError | None, now: float) -> None:
        """Write down how a visit ended, with an error or well."""
        self._silences.pop((place, visit.kind), None)
        stage = visit.stage()
        if error is None or error.reason is not FailureReason.TIMED_OUT or stage not in _OPENING:
            return
        failure = ConversationError(error.reason, error.detail, stage)
        # In the order of their time, so that the oldest are first.
        self._silences[place, visit.kind] = _Silence(now, failure)
        while self._silences[oldest := next(iter(self._silences))].at < now - _KEPT_SECONDS:
            del self._silences[oldest]
