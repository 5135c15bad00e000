"""Verification as callers ask for it: start one of a domain, follow it, read what came of it."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from app.core.errors import DomainNotFound, EndpointNotFound, VerificationNotFound
from app.core.verified import FRESH_FOR, EndpointFilter, FindingFilter
from app.services.assigning import assign_now
from app.services.callers import Scope
from app.services.changes import Changes
from app.services.domain_reports import gather_report, report_record
from app.services.domains import visible_domain
from app.services.finding_records import find_finding

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

    from app.core.checks import StoredEndpoint
    from app.core.domains import Domain
    from app.core.findings import Finding
    from app.core.names import DomainName
    from app.core.stored import Stored
    from app.core.verified import EndpointTotal, StoredCheck, StoredFinding, StoredVerification
    from app.services.callers import Caller
    from app.store.unit_of_work import Store, UnitOfWork

PATIENCE: Final = timedelta(minutes=10)
_LOOK_SECONDS: Final = 0.5
_GRACE: Final = timedelta(seconds=60)
"""For a verification that is given up to be written down as such."""

EVERY_ENDPOINT: Final = EndpointFilter()
EVERY_FINDING: Final = FindingFilter()


class Verifying:
    """Verifications of domains; every method checks what the caller may."""

    def __init__(
        self,
        store: Store,
        clock: Callable[[], datetime],
        patience: timedelta = PATIENCE,
        look_seconds: float = _LOOK_SECONDS,
    ) -> None:
        """Take the database, the time, how long a verification may take, and how often followers look."""
        self._store = store
        self._clock = clock
        self._changes = Changes(store, clock)
        self._give_up_after = given_up_after(patience)
        self._look_seconds = look_seconds

    async def start(self, caller: Caller, name: DomainName) -> StoredVerification:
        """Have a domain verified as soon as there is room; one that is under way is joined.

        Raises:
            DomainNotFound: When it is not stored or the caller may not see it.
        """
        caller.require(Scope.VERIFY)
        async with self._changes.making(caller) as change:
            unit, now = change.unit, change.now
            domain = await visible_domain(unit, caller, name)
            await assign_now(unit, name, now)
            present = await unit.verifications.find_open(domain.id)
            if present is not None and now - present.requested_at < self._give_up_after:
                return present
            gathered = await gather_report(unit, name)
            if gathered is not None and gathered.endpoints:
                await unit.endpoints.make_due(list(gathered.endpoints), now, now - FRESH_FOR)
            return await unit.verifications.insert(secrets.token_hex(8), domain.id, now)

    async def get(self, caller: Caller, name: DomainName, public_id: str) -> StoredVerification:
        """Return one verification of a domain.

        Raises:
            DomainNotFound: When the domain is not stored or the caller may not see it.
            VerificationNotFound: When it has none of this id.
        """
        caller.require(Scope.VERIFY)
        async with self._store.reading() as unit:
            domain = await visible_domain(unit, caller, name)
            return await _found(unit, domain, public_id)

    async def page(
        self, caller: Caller, name: DomainName, *, before: int | None = None, limit: int
    ) -> list[StoredVerification]:
        """Return a domain's verifications, the newest first, those older than ``before``."""
        caller.require(Scope.VERIFY)
        async with self._store.reading() as unit:
            domain = await visible_domain(unit, caller, name)
            return await unit.verifications.page(domain.id, before=before, limit=limit)

    async def count(self, caller: Caller, name: DomainName) -> int:
        """Return how many verifications a domain has."""
        caller.require(Scope.VERIFY)
        async with self._store.reading() as unit:
            domain = await visible_domain(unit, caller, name)
            return await unit.verifications.count(domain.id)

    async def report(self, caller: Caller, name: DomainName) -> dict[str, Any]:
        """Return how a domain stands, as JSON has it.

        Its endpoints as of their last runs; its DNS records and documents as of its last verification.

        Raises:
            DomainNotFound: When it is not stored or the caller may not see it.
        """
        caller.require(Scope.VERIFY)
        async with self._store.reading() as unit:
            domain = await visible_domain(unit, caller, name)
            newest = await unit.verifications.newest(domain.id)
            gathered = await gather_report(unit, name, _own_findings(newest))
        if gathered is None:
            raise DomainNotFound(name.ascii)
        return report_record(gathered.report)

    async def watch(
        self, caller: Caller, name: DomainName, public_id: str, holds: Callable[[], Awaitable[bool]]
    ) -> AsyncIterator[tuple[str, dict[str, Any] | None]]:
        """Give what happens in a verification, until it is over: a word for what, and JSON; no JSON: nothing.

        It also ends where the domain goes to somebody else, where the caller's token holds no longer, and
        where nobody sees the verification through.

        Args:
            caller: Who follows.
            name: The domain.
            public_id: The verification.
            holds: Tells whether the caller's token still holds; asked before each look.

        Raises:
            DomainNotFound: When the domain is not stored or the caller may not see it.
            VerificationNotFound: When it has none of this id.
        """
        verification = await self.get(caller, name, public_id)
        fresh, told = verification.requested_at - FRESH_FOR, set[tuple[str, str]]()
        while await holds():
            async with self._store.reading() as unit:
                if not await _is_still_seen(unit, caller, name, verification):
                    return
                current = await unit.verifications.find(verification.domain_id, public_id)
                if current is None:
                    return
                report = current.report or await _present_report(unit, name)
            yield "waiting", None
            for record in report["endpoints"]:
                place = (record["server"], record["endpoint"])
                if place not in told and _is_since(record, fresh):
                    told.add(place)
                    yield "endpoint", record
            if current.finished_at is not None:
                yield "finished", dict(report)
                return
            if self._clock() - current.requested_at > self._give_up_after + _GRACE:
                return
            await asyncio.sleep(self._look_seconds)


def given_up_after(patience: timedelta) -> timedelta:
    """Return how long after it was asked for a verification is finished as it is, whatever is missing.

    Whoever began to see it through may have been killed, and another have begun anew.
    """
    return 2 * patience


class EndpointReading:
    """Endpoints, their history and their findings, as far as callers' domains list them."""

    def __init__(self, store: Store) -> None:
        """Take the database."""
        self._store = store

    async def page(
        self, caller: Caller, wanted: EndpointFilter = EVERY_ENDPOINT, *, after: int = 0, limit: int
    ) -> list[StoredEndpoint]:
        """Return endpoints in the order in which they came, those after ``after``."""
        caller.require(Scope.VERIFY)
        if not _sees(caller, wanted.provider):
            return []
        async with self._store.reading() as unit:
            visible = replace(wanted, provider=_narrowed(caller, wanted.provider))
            return await unit.endpoints.page(visible, after=after, limit=limit)

    async def ending_first(
        self, caller: Caller, wanted: EndpointFilter = EVERY_ENDPOINT, *, limit: int
    ) -> list[StoredEndpoint]:
        """Return the endpoints whose certificates end first; those that have ended are among them."""
        caller.require(Scope.VERIFY)
        if not _sees(caller, wanted.provider):
            return []
        async with self._store.reading() as unit:
            visible = replace(wanted, provider=_narrowed(caller, wanted.provider))
            return await unit.endpoints.ending_first(visible, limit)

    async def count(self, caller: Caller, wanted: EndpointFilter = EVERY_ENDPOINT) -> int:
        """Return how many endpoints the caller sees."""
        caller.require(Scope.VERIFY)
        if not _sees(caller, wanted.provider):
            return 0
        async with self._store.reading() as unit:
            visible = replace(wanted, provider=_narrowed(caller, wanted.provider))
            return await unit.endpoints.count(visible)

    async def totals(
        self, caller: Caller, bounds: Sequence[float], ends: Sequence[datetime]
    ) -> list[EndpointTotal]:
        """Count what the caller sees, by bounds of durations and by moments when certificates end."""
        caller.require(Scope.VERIFY)
        async with self._store.reading() as unit:
            return await unit.endpoint_totals.count(caller.provider, bounds, ends)

    async def get(
        self, caller: Caller, endpoint_id: int
    ) -> tuple[StoredEndpoint, list[StoredFinding], dict[str, Any]]:
        """Return an endpoint with what was found and what was seen there.

        Raises:
            EndpointNotFound: When none of the caller's domains lists it.
        """
        caller.require(Scope.VERIFY)
        async with self._store.reading() as unit:
            stored = await _visible(unit, caller, endpoint_id)
            findings = await unit.endpoints.findings_of([endpoint_id])
            return stored, findings, dict(await unit.endpoints.sighting(endpoint_id) or {})

    async def history(
        self, caller: Caller, endpoint_id: int, *, before: int | None = None, limit: int
    ) -> list[StoredCheck]:
        """Return an endpoint's runs, the newest first, those older than ``before``."""
        caller.require(Scope.VERIFY)
        async with self._store.reading() as unit:
            await _visible(unit, caller, endpoint_id)
            return await unit.endpoints.history(endpoint_id, before=before, limit=limit)

    async def count_history(self, caller: Caller, endpoint_id: int) -> int:
        """Return how many runs there are."""
        caller.require(Scope.VERIFY)
        async with self._store.reading() as unit:
            await _visible(unit, caller, endpoint_id)
            return await unit.endpoints.count_history(endpoint_id)

    async def findings(
        self, caller: Caller, wanted: FindingFilter = EVERY_FINDING, *, after: int = 0, limit: int
    ) -> list[StoredFinding]:
        """Return what was found at endpoints, those after ``after``."""
        caller.require(Scope.VERIFY)
        if not _sees(caller, wanted.provider):
            return []
        async with self._store.reading() as unit:
            visible = replace(wanted, provider=_narrowed(caller, wanted.provider))
            return await unit.endpoints.findings(visible, after=after, limit=limit)

    async def count_findings(self, caller: Caller, wanted: FindingFilter = EVERY_FINDING) -> int:
        """Return how many findings the caller sees."""
        caller.require(Scope.VERIFY)
        if not _sees(caller, wanted.provider):
            return 0
        async with self._store.reading() as unit:
            visible = replace(wanted, provider=_narrowed(caller, wanted.provider))
            return await unit.endpoints.count_findings(visible)


def _sees(caller: Caller, provider: str | None) -> bool:
    return provider is None or caller.sees(provider)


def _narrowed(caller: Caller, provider: str | None) -> str | None:
    return provider if caller.provider is None else caller.provider


async def _visible(unit: UnitOfWork, caller: Caller, endpoint_id: int) -> StoredEndpoint:
    stored = await unit.endpoints.find(endpoint_id, caller.provider)
    if stored is None:
        raise EndpointNotFound(endpoint_id)
    return stored


async def _found(unit: UnitOfWork, domain: Stored[Domain], public_id: str) -> StoredVerification:
    found = await unit.verifications.find(domain.id, public_id)
    if found is None:
        raise VerificationNotFound(public_id)
    return found


async def _present_report(unit: UnitOfWork, name: DomainName) -> Mapping[str, Any]:
    gathered = await gather_report(unit, name)
    assert gathered is not None, "seen in this transaction"  # noqa: S101
    return report_record(gathered.report)


def _is_since(record: Mapping[str, Any], moment: datetime) -> bool:
    checked_at = record["checked_at"]
    return checked_at is not None and datetime.fromisoformat(checked_at) >= moment


async def _is_still_seen(
    unit: UnitOfWork, caller: Caller, name: DomainName, verification: StoredVerification
) -> bool:
    """Tell whether a verification is of the domain that has this name, and the caller may see that."""
    try:
        domain = await visible_domain(unit, caller, name)
    except DomainNotFound:
        return False
    # One that was deleted and stored anew is another.
    return domain.id == verification.domain_id


def _own_findings(newest: StoredVerification | None) -> tuple[Finding, ...]:
    if newest is None or newest.report is None:
        return ()
    found = (find_finding(record) for record in newest.report["findings"])
    return tuple(one for one in found if one is not None)
