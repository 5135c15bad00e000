"""Sees verifications of domains through: waits for their endpoints, looks at what is their own, reports.

Any number of processes may do so together, under leases as with endpoints. The endpoints themselves are
probed by whoever takes them.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol

import structlog

from app.core.errors import AppError, DomainNotFound
from app.core.names import DomainName
from app.core.reports import State
from app.core.verified import FRESH_FOR
from app.services.assigning import assign_now
from app.services.domain_reports import gather_report, report_record
from app.services.verifying import PATIENCE, given_up_after
from app.services.work_loop import LoopPace, WorkLoop
from app.store.change_watching import Reach
from app.verification.reporting import counting_since

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from typing import TypeAlias

    from app.core.checks import StoredEndpoint
    from app.core.findings import Finding
    from app.core.reports import DomainReport
    from app.core.verified import StoredVerification
    from app.services.checking import Checking
    from app.services.domain_reports import Gathered
    from app.store.unit_of_work import Store

    Tell: TypeAlias = Callable[[DomainReport, frozenset[str]], None]
    """Told how things stand, and the keys of the endpoints that are waited for."""

_AT_ONCE: Final = 50
_LOOK_SECONDS: Final = 0.5
_NOTHING: Final = frozenset[str]()

_log = structlog.get_logger(__name__)


class OwnChecks(Protocol):
    """Looks at what is a domain's own: its DNS records, its documents."""

    async def check(self, domain: DomainName) -> tuple[Finding, ...]:
        """Return what is found; what cannot be tested is a finding too."""
        ...


class DomainChecking:
    """The loop that sees verifications through, and one verification at once for the command line."""

    def __init__(
        self,
        store: Store,
        clock: Callable[[], datetime],
        checking: Checking,
        own_checks: OwnChecks | None = None,
        patience: timedelta = PATIENCE,
    ) -> None:
        """Take the database, the time, what probes, what else is looked at, and how long that may take."""
        self._store = store
        self._clock = clock
        self._checking = checking
        self._own_checks = own_checks
        self._patience = patience
        self._loop = WorkLoop("verifications", LoopPace())

    async def run(self) -> None:
        """See verifications through until cancelled."""
        await self._loop.run(self.start_open)

    async def settle(self) -> None:
        """Wait for what is under way."""
        await self._loop.settle()

    async def start_open(self) -> int:
        """Take verifications that are under way and in nobody's hands; return how many.

        Raises:
            NotAvailable: When the database does not answer.
        """
        now, lease = self._clock(), secrets.token_hex(16)
        # What comes of it is written down before another process takes it.
        until = now + self._patience + timedelta(seconds=30)
        room = _AT_ONCE - self._loop.size
        if room <= 0:
            return 0
        async with self._store.reading() as unit:
            if not await unit.verifications.has_open(now):
                return 0
        async with self._store.writing(reach=Reach.NOTHING) as unit:
            leased = await unit.verifications.lease(lease, now, until, room)
        for verification in leased:
            self._loop.begin(self._see_through(verification, lease))
        return len(leased)

    async def _see_through(self, verification: StoredVerification, lease: str) -> None:
        name = DomainName(verification.domain)
        try:
            report = await self._report(name, verification.requested_at)
            async with self._store.writing(reach=Reach.NOTHING) as unit:
                record, state = report_record(report), report.state
                is_written = await unit.verifications.finish(
                    verification.id, lease, state, record, self._clock()
                )
            if not is_written:
                # Another began anew when the lease was over, or the domain is somebody else's by now.
                _log.warning("verification_report_not_wanted", domain=name.ascii)
        except DomainNotFound:
            # It was deleted meanwhile, and the verification with it.
            return
        except AppError as error:
            _log.warning("verification_report_lost", domain=name.ascii, reason=str(error))
        except asyncio.CancelledError:
            await self._let_go(verification, lease)
            raise
        except Exception:  # noqa: BLE001 - a bug with one must not end all others for good
            _log.exception("verification_report_failed", domain=name.ascii)

    async def _let_go(self, verification: StoredVerification, lease: str) -> None:
        try:
            async with asyncio.timeout(1), self._store.writing(reach=Reach.NOTHING) as unit:
                await unit.verifications.release(verification.id, lease)
        except (AppError, TimeoutError) as error:
            _log.info("verification_kept_lease", domain=verification.domain, reason=str(error))

    async def _report(self, name: DomainName, requested_at: datetime) -> DomainReport:
        """Return how things stand once all was looked at, or patience has ended."""
        own: tuple[Finding, ...] | None = None
        if self._clock() - requested_at <= given_up_after(self._patience):
            own = await self._look(name, requested_at - FRESH_FOR)
        report = (await self._gather(name, own or ())).report
        if own is not None:
            return report
        # What is bad stays bad; for the rest nobody can say that it is good.
        return replace(report, state=max(report.state, State.UNTESTED, key=lambda state: state.rank))

    async def _look(self, name: DomainName, since: datetime) -> tuple[Finding, ...] | None:
        """Wait for endpoints and look at the domain's own meanwhile; None where time was too short."""
        end = self._end()
        looking = asyncio.create_task(self._own_findings(name))
        try:
            while _pending(await self._gather(name), since):
                if time.monotonic() >= end:
                    break
                await asyncio.sleep(_LOOK_SECONDS)
            done, _ = await asyncio.wait([looking], timeout=max(0.0, end - time.monotonic()))
            return looking.result() if done else None
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)

    def _end(self) -> float:
        return time.monotonic() + self._patience.total_seconds()

    async def _own_findings(self, name: DomainName) -> tuple[Finding, ...]:
        return () if self._own_checks is None else await self._own_checks.check(name)

    async def verify_now(self, name: DomainName, tell: Tell) -> DomainReport:
        """Probe all endpoints of a domain from this process, wait for those that another is at, and report.

        What was not probed after all is untested, whatever earlier runs saw.

        Args:
            name: The domain.
            tell: Called with how things stand, and the keys of the endpoints that are waited for.

        Raises:
            DomainNotFound: When it is not stored.
        """
        since = self._clock()
        async with self._store.writing(reach=Reach.NOTHING) as unit:
            await assign_now(unit, name, since)
        looking = asyncio.create_task(self._own_findings(name))
        taken: dict[int, asyncio.Task[None]] = {}
        try:
            await self._probe(name, since, taken, tell)
            own = await looking
        finally:
            for task in (looking, *taken.values()):
                task.cancel()
            await asyncio.gather(looking, *taken.values(), return_exceptions=True)
        gathered = await self._gather(name, own)
        report = counting_since(gathered.report, since)
        tell(report, _NOTHING)
        return report

    async def _probe(
        self, name: DomainName, since: datetime, taken: dict[int, asyncio.Task[None]], tell: Tell
    ) -> None:
        end = self._end()
        while True:
            gathered = await self._gather(name)
            pending = _pending(gathered, since)
            # What this process was at and could not write down is not waited for.
            waiting = {
                key: stored
                for key, stored in pending.items()
                if stored is None or stored.id not in taken or not taken[stored.id].done()
            }
            tell(gathered.report, frozenset(waiting))
            if not waiting or time.monotonic() >= end:
                return
            await self._take(waiting, taken)
            await asyncio.sleep(_LOOK_SECONDS / 2)

    async def _gather(self, name: DomainName, own: tuple[Finding, ...] = ()) -> Gathered:
        async with self._store.reading() as unit:
            gathered = await gather_report(unit, name, own)
        if gathered is None:
            raise DomainNotFound(name.ascii)
        return gathered

    async def _take(
        self, pending: dict[str, StoredEndpoint | None], taken: dict[int, asyncio.Task[None]]
    ) -> None:
        """Begin to probe those endpoints that nobody is at."""
        free = [one.id for one in pending.values() if one is not None and one.id not in taken]
        for leased in await self._checking.take(free) if free else ():
            taken[leased.stored.id] = asyncio.create_task(self._checking.check(leased))


def _pending(gathered: Gathered, since: datetime) -> dict[str, StoredEndpoint | None]:
    """Return the endpoints that were not looked at since a moment; None for one that is not stored yet.

    A suspended domain has none.
    """
    listed = (one.listing.endpoint.key for one in gathered.report.listings)
    stored = {key: gathered.endpoints.get(key) for key in listed}
    return {
        key: one
        for key, one in stored.items()
        if one is None or one.standing.checked_at is None or one.standing.checked_at < since
    }
