"""What has to be done again and again: forgetting what is past its time."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from app.services.idempotency import KEPT_FOR
from app.store.change_watching import Reach

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from app.store.unit_of_work import Store

# So many at once, so that no writer waits long for us.
_BATCH: Final = 1000


class Upkeep:
    """Chores; any number of processes may do them at the same time."""

    def __init__(  # noqa: PLR0913 - a span for each kind of thing
        self,
        store: Store,
        clock: Callable[[], datetime],
        *,
        audit_retention: timedelta | None = None,
        deleted_retention: timedelta = timedelta(days=30),
        event_retention: timedelta = timedelta(days=30),
        report_retention: timedelta = timedelta(days=90),
    ) -> None:
        """Take the database and the time.

        Args:
            store: The database.
            clock: Gives the present moment.
            audit_retention: How long audit entries are kept; None for ever.
            deleted_retention: How long deleted domains are kept.
            event_retention: How long events and their deliveries are kept.
            report_retention: How long reports and the history of endpoints are kept.
        """
        self._store = store
        self._clock = clock
        self._audit_retention = audit_retention
        self._deleted_retention = deleted_retention
        self._event_retention = event_retention
        self._report_retention = report_retention

    async def run(self) -> None:
        """Do all chores once.

        Raises:
            NotAvailable: When the database does not answer.
        """
        await self.forget_audit()
        await self.forget_answers()
        await self.forget_deleted_domains()
        await self.forget_events()
        await self.forget_reports()

    async def forget_audit(self) -> int:
        """Remove audit entries that are past their time; return how many."""
        if self._audit_retention is None:
            return 0
        before = self._clock() - self._audit_retention
        removed = 0
        while True:
            async with self._store.writing(reach=Reach.NOTHING) as unit:
                count = await unit.audit.forget(before, _BATCH)
            removed += count
            if count < _BATCH:
                return removed

    async def forget_answers(self) -> int:
        """Remove answers whose keys may be used again; return how many."""
        async with self._store.writing(reach=Reach.NOTHING) as unit:
            return await unit.idempotency.forget(self._clock() - KEPT_FOR)

    async def forget_deleted_domains(self) -> int:
        """Remove deleted domains that are past their time; return how many."""
        async with self._store.writing(reach=Reach.NOTHING) as unit:
            return await unit.deleted_domains.forget(self._clock() - self._deleted_retention)

    async def forget_events(self) -> int:
        """Remove events that are past their time with their deliveries; return how many."""
        before = self._clock() - self._event_retention
        removed = 0
        while True:
            async with self._store.writing(reach=Reach.NOTHING) as unit:
                count = await unit.deliveries.forget(before, _BATCH)
            removed += count
            if count < _BATCH:
                return removed

    async def forget_reports(self) -> int:
        """Remove reports and runs that are past their time; return how many."""
        before = self._clock() - self._report_retention
        removed = 0
        while True:
            async with self._store.writing(reach=Reach.NOTHING) as unit:
                checks = await unit.endpoints.forget_checks(before, _BATCH)
                reports = await unit.verifications.forget(before, _BATCH)
            removed += checks + reports
            if max(checks, reports) < _BATCH:
                return removed
