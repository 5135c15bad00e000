"""What is where at a glance, counted at most every now and then.

Counting a million rows takes from tenths of a second to seconds. So counts are kept in the process for a
hundred times as long as they took: whoever reloads a page without end costs a hundredth of a core.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from app.core.overview import Counts, EndpointCounts, FindingCount
from app.services.callers import Scope
from app.verification.catalogue import KINDS_BY_CODE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from app.core.overview import DomainCounts
    from app.services.callers import Caller
    from app.store.unit_of_work import Store, UnitOfWork

_KEPT_AT_LEAST: Final = timedelta(seconds=15)
_KEPT_AT_MOST: Final = timedelta(minutes=15)
_KEPT_FOR_TIMES: Final = 100
_MOST_KEPT: Final = 1000


class Overview:
    """Counts as callers see them: one that is limited to a provider sees that provider's."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        """Take the database and the time."""
        self._store = store
        self._clock = clock
        # With when the provider came: one that had the same slug or number before is another.
        self._kept: OrderedDict[tuple[int, datetime] | None, Counts] = OrderedDict()
        self._counting = asyncio.Lock()

    async def counts(self, caller: Caller) -> Counts | None:
        """Return what there is, as of some moment that is told; None where the caller's provider is gone.

        What verification says is left out for who may not see it, and so are domains.
        """
        async with self._store.reading() as unit:
            key = None
            if caller.provider is not None:
                provider = await unit.providers.find(caller.provider)
                if provider is None:
                    return None
                key = (provider.id, provider.created_at)
        # One at a time: what others wait for is mostly what they want.
        async with self._counting:
            kept = self._kept.get(key)
            if kept is None or self._is_old(kept):
                kept = await self._count(None if key is None else key[0])
                self._kept[key] = kept
                self._kept.move_to_end(key)
                while len(self._kept) > _MOST_KEPT:
                    self._kept.popitem(last=False)
        return _as_seen(kept, caller)

    def _is_old(self, kept: Counts) -> bool:
        span = timedelta(seconds=kept.seconds * _KEPT_FOR_TIMES)
        return self._clock() - kept.counted_at >= min(max(span, _KEPT_AT_LEAST), _KEPT_AT_MOST)

    async def _count(self, provider_id: int | None) -> Counts:
        now, started = self._clock(), time.perf_counter()
        async with self._store.reading() as unit:
            domains = await unit.overviews.domains(provider_id)
            endpoints = await _endpoint_counts(unit, provider_id, now)
        return _counts(domains, endpoints, now, time.perf_counter() - started)


async def _endpoint_counts(unit: UnitOfWork, provider_id: int | None, now: datetime) -> EndpointCounts:
    return EndpointCounts(
        by_state=await unit.overviews.endpoints_by_state(provider_id),
        by_days_left=await unit.overviews.endpoints_by_days_left(provider_id, now),
        findings=_worst_first(await unit.overviews.findings_by_code(provider_id)),
    )


def _counts(domains: DomainCounts, endpoints: EndpointCounts, now: datetime, seconds: float) -> Counts:
    return Counts(domains=domains, endpoints=endpoints, counted_at=now, seconds=seconds)


def _as_seen(counts: Counts, caller: Caller) -> Counts:
    verifies = caller.has(Scope.VERIFY)
    domains = counts.domains if caller.has(Scope.DOMAINS_READ) else None
    if domains is not None and not verifies:
        domains = replace(domains, by_state={})
    return replace(counts, domains=domains, endpoints=counts.endpoints if verifies else None)


def _worst_first(by_code: Mapping[str, int]) -> tuple[FindingCount, ...]:
    """Order counts of findings; those that this version does not know are left out."""
    known = [
        FindingCount(code=code, severity=KINDS_BY_CODE[code].severity, endpoints=count)
        for code, count in by_code.items()
        if code in KINDS_BY_CODE
    ]
    return tuple(sorted(known, key=lambda one: (-one.severity.rank, -one.endpoints, one.code)))
