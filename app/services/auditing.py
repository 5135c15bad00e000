"""Reading the audit, and forgetting what is past its time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from app.core.audit import AuditFilter
from app.services.callers import Scope

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.core.audit import AuditEntry
    from app.services.callers import Caller
    from app.store.unit_of_work import Store, UnitOfWork

_BATCH: Final = 500

EVERYTHING: Final = AuditFilter()


class Auditing:
    """The audit, as callers see it: one that is limited to a provider sees that provider's entries."""

    def __init__(self, store: Store) -> None:
        """Take the database."""
        self._store = store

    async def page(
        self, caller: Caller, wanted: AuditFilter = EVERYTHING, *, before: int | None = None, limit: int
    ) -> list[AuditEntry]:
        """Return entries, the newest first, those older than ``before``."""
        caller.require(Scope.AUDIT_READ)
        async with self._store.reading() as unit:
            visible = await _visible(unit, caller, wanted)
            return [] if visible is None else await unit.audit.newest(visible, before=before, limit=limit)

    async def count(self, caller: Caller, wanted: AuditFilter = EVERYTHING) -> int:
        """Return how many entries the caller sees."""
        caller.require(Scope.AUDIT_READ)
        async with self._store.reading() as unit:
            visible = await _visible(unit, caller, wanted)
            return 0 if visible is None else await unit.audit.count(visible)

    async def batches(
        self, caller: Caller, wanted: AuditFilter = EVERYTHING
    ) -> AsyncIterator[list[AuditEntry]]:
        """Give all entries, the oldest first, some at a time; no transaction stays open between them."""
        caller.require(Scope.AUDIT_READ)
        after = 0
        while True:
            async with self._store.reading() as unit:
                visible = await _visible(unit, caller, wanted)
                if visible is None:
                    return
                batch = await unit.audit.oldest(visible, after=after, limit=_BATCH)
            if batch:
                yield batch
                after = batch[-1].id
            if len(batch) < _BATCH:
                return


async def _visible(unit: UnitOfWork, caller: Caller, wanted: AuditFilter) -> AuditFilter | None:
    """Narrow a filter to what the caller sees; None for nothing."""
    if caller.provider is None:
        return wanted
    provider = await unit.providers.find(caller.provider)
    if provider is None or (wanted.provider is not None and not caller.sees(wanted.provider)):
        return None
    # A provider of the same slug that was deleted before was somebody else.
    since = provider.created_at if wanted.since is None else max(provider.created_at, wanted.since)
    return replace(wanted, provider=caller.provider, since=since)
