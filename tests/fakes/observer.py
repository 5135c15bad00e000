"""Looks at no network: endpoints are as they should be, or as they are told to be."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from app.core.observations import FailureReason, Stage
from app.verification.trust import TrustStore

from observed import a_session, failed_at, observed, seen_at
from pki import INTERMEDIATE, ROOT, chain, good, issue

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.core.endpoints import Endpoint
    from app.core.observations import AddressObservation, EndpointObservation

    from fakes.clock import FixedClock


def works(endpoint: Endpoint, **changes: Any) -> AddressObservation:
    """Answer as it should be, with a certificate for the listed name."""
    return seen_at(endpoint, **{"tls": a_session(good(endpoint.hostname)), **changes})


def is_down(endpoint: Endpoint) -> AddressObservation:
    return failed_at(endpoint, Stage.CONNECT, FailureReason.REFUSED)


def turns_away(endpoint: Endpoint) -> AddressObservation:
    return failed_at(endpoint, Stage.GREETING, FailureReason.TURNED_AWAY)


def has_expired(endpoint: Endpoint) -> AddressObservation:
    leaf = issue(endpoint.hostname, INTERMEDIATE, days=(-90, -1))
    return works(endpoint, tls=a_session(chain(leaf, INTERMEDIATE)))


def expires_in(days: float) -> Callable[[Endpoint], AddressObservation]:
    def answer(endpoint: Endpoint) -> AddressObservation:
        leaf = issue(endpoint.hostname, INTERMEDIATE, days=(-90, days))
        return works(endpoint, tls=a_session(chain(leaf, INTERMEDIATE)))

    return answer


class TestRoots:
    """The root of the tests' own certificates."""

    __test__ = False

    def load(self) -> TrustStore:
        return TrustStore.from_pem(ROOT.pem)


class ScriptedObserver:
    """Gives each host's answer; notes who was asked, and whether one was asked twice at a time."""

    def __init__(self, clock: FixedClock) -> None:
        self._clock = clock
        self.answers: dict[str, Callable[[Endpoint], AddressObservation]] = {}
        """By host name or key."""
        self.asked: list[str] = []
        self.under_way: set[str] = set()
        self.most_at_once = 0
        self._changed = asyncio.Condition()
        self.gate = asyncio.Event()
        """Observing waits for it."""
        self.gate.set()
        self.begins_at_once = False
        """Whether runs begin before the gate, or when they have come through."""

    async def wait_for(self, count: int) -> None:
        """Wait until so many are under way."""
        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(lambda: len(self.under_way) >= count)

    async def observe(self, endpoint: Endpoint) -> EndpointObservation:
        assert endpoint.key not in self.under_way, "twice at a time"
        began = self._clock()
        self.asked.append(endpoint.key)
        self.under_way.add(endpoint.key)
        self.most_at_once = max(self.most_at_once, len(self.under_way))
        async with self._changed:
            self._changed.notify_all()
        try:
            await self.gate.wait()
        finally:
            self.under_way.discard(endpoint.key)
        answer = self.answers.get(endpoint.key) or self.answers.get(endpoint.hostname, works)
        at = began if self.begins_at_once else self._clock()
        return replace(observed(endpoint, answer(endpoint)), at=at)
