"""Probes what is due, and writes down what follows; any number of processes may do so together.

A process takes endpoints under a lease and talks to none for longer than the lease lasts, so that no two
ever talk to one at a time. One that is killed leaves its leases behind; when they end, others go on. Of what
is due at one address only so much is taken at a time that there is room for others.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol

import structlog

from app.core.checks import Run, follow, proof_of
from app.core.errors import AppError
from app.core.reports import State
from app.core.sightings import seen_fingerprint, sighting_record
from app.services.callers import VERIFICATION
from app.services.changes import Changes
from app.services.cohort_states import CROWD, find_promises, follow_run
from app.services.crowding import Crowds
from app.services.finding_records import finding_record
from app.services.telling import tell
from app.services.work_loop import LoopPace, WorkLoop
from app.store.change_watching import Reach
from app.verification.judging import judge
from app.verification.reporting import due_in, report_endpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from app.core.checks import LeasedEndpoint
    from app.core.endpoints import Endpoint
    from app.core.findings import Finding
    from app.core.observations import EndpointObservation
    from app.core.reports import EndpointReport
    from app.store.unit_of_work import Store
    from app.verification.trust import TrustStore

_EXPIRING: Final = frozenset({
    "certificate.expires-soon", "certificate.expires-at-once", "certificate.expired",
})  # fmt: skip
_LEAST_PER_ADDRESS: Final = 4
_MARGIN_SECONDS: Final = 1.0
"""Of a lease that is left when the talking ends, whatever the far side does."""

_log = structlog.get_logger(__name__)


class Observer(Protocol):
    """Looks at an endpoint; what is wrong with it is in what is returned."""

    async def observe(self, endpoint: Endpoint) -> EndpointObservation:
        """Look at every address of an endpoint."""
        ...


class Roots(Protocol):
    """The authorities that clients trust."""

    def load(self) -> TrustStore:
        """Return them."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckingPace(LoopPace):
    """How much is probed at once."""

    at_once: int = 100
    """How many endpoints are under way at the most; what more is due waits where it is stored."""
    lease_seconds: float = 600.0
    """How long an endpoint is kept for this process, and so how long talking to it may take."""
    crowd: int = CROWD
    """How many cohorts are worked out with a run; more of them are left to assigning."""

    @property
    def per_address(self) -> int:
        """How many of the endpoints under way may be at one address: a quarter."""
        return max(_LEAST_PER_ADDRESS, self.at_once // 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """By what observations are judged."""

    observer: Observer
    trust: Roots


class Checking:
    """The loop that probes."""

    def __init__(
        self,
        store: Store,
        clock: Callable[[], datetime],
        judgement: Judgement,
        pace: CheckingPace | None = None,
    ) -> None:
        """Take the database, the time, what looks and judges, and how much to do at once."""
        self._store = store
        self._clock = clock
        self._judgement = judgement
        self._pace = pace or CheckingPace()
        self._changes = Changes(store, clock)
        self._loop = WorkLoop("verification", self._pace)
        self._crowds = Crowds(self._pace.per_address)
        self.runs = dict.fromkeys(State, 0)
        """How many runs of this process came to which state."""

    @property
    def under_way(self) -> int:
        """How many endpoints this process is probing."""
        return self._loop.size

    async def run(self) -> None:
        """Probe until cancelled; then wait a little for what is under way."""
        await self._loop.run(self.start_due)

    async def settle(self) -> None:
        """Wait for what is under way."""
        await self._loop.settle()

    async def start_due(self) -> int:
        """Take what is due, as much as there is room for, and start probing it; return how much.

        What is at an address where much is under way is put off; where endpoints are that nobody looked at
        yet is not known.

        Raises:
            NotAvailable: When the database does not answer.
        """
        now, room = self._clock(), self._pace.at_once - self._loop.size
        if room <= 0:
            return 0
        # Read first: a look that finds nothing must not make writers wait.
        async with self._store.reading() as unit:
            if not await unit.endpoints.has_due(now):
                return 0
        chosen: list[LeasedEndpoint] = []
        try:
            async with self._store.writing(reach=Reach.NOTHING) as unit:
                leased = await unit.endpoints.lease(secrets.token_hex(16), now, self._lease_end(now), room)
                crowded: list[tuple[LeasedEndpoint, datetime]] = []
                for one in leased:
                    if self._crowds.enter(one.addresses):
                        chosen.append(one)
                    else:
                        crowded.append((one, self._crowds.next_turn(one.addresses, now)))
                await unit.endpoints.put_off(crowded)
        except BaseException:
            # Nothing was taken.
            for one in chosen:
                self._crowds.leave(one.addresses, now)
            raise
        for one in chosen:
            self._loop.begin(self._check_in_turn(one))
        return len(chosen)

    async def _check_in_turn(self, leased: LeasedEndpoint) -> None:
        try:
            await self.check(leased)
        finally:
            self._crowds.leave(leased.addresses, self._clock())

    async def take(self, ids: Sequence[int]) -> list[LeasedEndpoint]:
        """Take those of these endpoints that nobody holds, due or not."""
        now = self._clock()
        async with self._store.writing(reach=Reach.NOTHING) as unit:
            return await unit.endpoints.lease_these(ids, secrets.token_hex(16), now, self._lease_end(now))

    def _lease_end(self, now: datetime) -> datetime:
        return now + timedelta(seconds=self._pace.lease_seconds)

    async def check(self, leased: LeasedEndpoint) -> None:
        """Probe an endpoint that this process holds, and write down what follows.

        What goes wrong on our side is logged; the endpoint is probed when its lease is over.
        """
        endpoint = leased.stored.endpoint
        # Where it took long to write the lease down, much of it may be over by now.
        left_seconds = (leased.until - self._clock()).total_seconds() - _MARGIN_SECONDS
        if left_seconds <= 0:
            _log.warning("verification_lease_over", endpoint=endpoint.key)
            return
        try:
            began = time.monotonic()
            async with asyncio.timeout(left_seconds):
                observation = await self._judgement.observer.observe(endpoint)
            await self._write_down(leased, observation, time.monotonic() - began)
        except AppError as error:
            _log.warning("verification_outcome_lost", endpoint=endpoint.key, reason=str(error))
        except TimeoutError:
            _log.warning("verification_took_too_long", endpoint=endpoint.key)
        except asyncio.CancelledError:
            await self._let_go(leased)
            raise
        except Exception:  # noqa: BLE001 - a bug with one must not end all others for good
            _log.exception("verification_failed", endpoint=endpoint.key)

    async def _let_go(self, leased: LeasedEndpoint) -> None:
        """Give up an endpoint in good order, so that others need not wait for the lease to end."""
        try:
            async with asyncio.timeout(1), self._store.writing(reach=Reach.NOTHING) as unit:
                await unit.endpoints.release(leased)
        except (AppError, TimeoutError) as error:
            _log.info("verification_kept_lease", endpoint=leased.stored.endpoint.key, reason=str(error))

    async def _write_down(
        self, leased: LeasedEndpoint, observation: EndpointObservation, seconds: float
    ) -> None:
        findings = judge(observation, self._judgement.trust.load(), observation.at)
        report = report_endpoint(observation, findings)
        self.runs[report.state] += 1
        outcome = follow(
            leased.stored.standing,
            _run(observation, findings, report, is_given=leased.stored.is_given),
            random.random(),  # noqa: S311 - no secret
        )
        records = [finding_record(finding) for finding in findings]
        endpoint_id = leased.stored.id
        async with self._changes.making(VERIFICATION) as change:
            unit = change.unit
            crowd = await unit.listings.crowd(endpoint_id, limit=self._pace.crowd)
            before = await find_promises(unit, endpoint_id) if crowd.has_more else None
            if not await unit.endpoints.finish(leased, outcome, seconds, sighting_record(observation)):
                return
            await unit.endpoints.set_findings(endpoint_id, records, observation.at)
            await unit.endpoints.add_check(endpoint_id, outcome, seconds, records)
            is_changed = outcome.has_proof_changed or (
                outcome.standing.state is not leased.stored.standing.state
            )
            await follow_run(change, crowd, observation, before, is_changed=is_changed)
            await tell(change, leased.stored, outcome, findings)


def _run(
    observation: EndpointObservation, findings: tuple[Finding, ...], report: EndpointReport, *, is_given: bool
) -> Run:
    return Run(
        at=observation.at,
        state=report.state,
        proof=proof_of(observation, findings, report.state),
        due_in=due_in(report, is_given=is_given),
        certificate_expires_at=report.certificate_expires_at,
        is_expiring=any(finding.code in _EXPIRING for finding in findings),
        fingerprint=seen_fingerprint(observation),
        is_given=is_given,
    )
