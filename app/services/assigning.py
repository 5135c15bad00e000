"""Which endpoints there are to verify: domains into cohorts, cohorts to what they list and how that stands.

Nothing that writes domains has a part in this. What changed is found by its version and worked out soon
after, some at a time, so that a bulk of 200,000 domains takes as long as without it.
"""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from app.core.cohorts import cohort_key, cohort_words
from app.core.names import DomainName
from app.core.resolving import resolve
from app.core.sightings import sighting_from_record
from app.services.callers import VERIFICATION
from app.services.changes import Change, Changes
from app.services.cohort_states import CROWD, follow_on, settle
from app.services.work_loop import LoopPace, WorkLoop
from app.store.change_watching import Reach
from app.store.cohorts import NewListing
from app.verification.judging import judge_listing
from app.verification.planning import plan
from app.verification.reporting import state_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from app.core.account import AccountSettings
    from app.core.endpoints import Listing
    from app.core.observations import EndpointObservation
    from app.core.provider import Provider
    from app.store.cohorts import ChangedDomain
    from app.store.unit_of_work import Store, UnitOfWork

_DOMAINS: Final = 1000
_COHORTS: Final = 10
"""With their listings, which take long to write: while SQLite's one writer does, all others wait."""
_TIDY_EVERY: Final = timedelta(minutes=15)
_PAUSE_SECONDS: Final = 0.02
"""Between two batches at least; as long as the batch took, so that others get to write as much as we."""


class Assigning:
    """Keeps cohorts and their listings as domains, providers and endpoints are."""

    def __init__(
        self,
        store: Store,
        clock: Callable[[], datetime],
        pace: LoopPace | None = None,
        crowd: int = CROWD,
    ) -> None:
        """Take the database, the time, how often to look, and how many cohorts follow a run at a time."""
        self._store = store
        self._clock = clock
        self._changes = Changes(store, clock)
        self._crowd = crowd
        self._loop = WorkLoop("assigning", pace or LoopPace(poll_seconds=2.0))
        self._tidied_at: datetime | None = None

    async def run(self) -> None:
        """Catch up again and again until cancelled."""
        await self._loop.run(self.catch_up)

    async def catch_up(self) -> int:
        """Work out all that changed; return how many batches that took.

        Raises:
            NotAvailable: When the database does not answer.
            ConcurrentChange: When others changed the same at the same time; the next call goes on.
        """
        batches = 0
        while True:
            began = time.monotonic()
            has_assigned, has_followed = await self._assign_some(), await self._follow_some()
            if not (has_assigned or has_followed):
                return batches
            batches += 1
            await asyncio.sleep(max(_PAUSE_SECONDS, time.monotonic() - began))

    async def _assign_some(self) -> bool:
        async with self._store.reading() as unit:
            if not await unit.cohorts.has_work():
                return False
        async with self._changes.making(VERIFICATION) as change:
            unit = change.unit
            await unit.cohorts.lock()
            await _note_providers(unit)
            await assign(unit, await unit.cohorts.changed_domains(_DOMAINS))
            await work_out_listings(change, await unit.cohorts.without_listings(_COHORTS))
        return True

    async def _follow_some(self) -> bool:
        async with self._store.reading() as unit:
            if not await unit.listings.has_behind():
                return False
        async with self._changes.making(VERIFICATION) as change:
            return await follow_on(change, self._crowd)

    async def tidy(self) -> int:
        """Remove what no domain lists any more, now and then; return how much.

        Raises:
            NotAvailable: When the database does not answer.
        """
        now = self._clock()
        if self._tidied_at is not None and now - self._tidied_at < _TIDY_EVERY:
            return 0
        self._tidied_at = now
        removed = 0
        while True:
            async with self._store.writing(reach=Reach.NOTHING) as unit:
                await unit.cohorts.lock()
                count = await unit.cohorts.remove_unused(_DOMAINS)
            removed += count
            if count < _DOMAINS:
                return removed


async def assign_now(unit: UnitOfWork, name: DomainName, now: datetime) -> None:
    """Work out what one domain lists, and no other, within a transaction that writes."""
    await unit.cohorts.lock()
    await _note_providers(unit)
    stored = await unit.domains.find(name)
    if stored is None:
        return
    # An alias is assigned after what it is an alias of.
    for one in (stored.value.alias_of, name):
        if one is not None:
            await assign(unit, await unit.cohorts.changed_domain(one))
    change = Change(unit, VERIFICATION, now)
    await work_out_listings(change, await unit.cohorts.without_listings(1, name))
    await change.write_down()


async def _note_providers(unit: UnitOfWork) -> None:
    for changed in await unit.cohorts.changed_providers():
        stored = await unit.providers.find(changed.slug)
        if stored is not None and stored.version == changed.version:
            await unit.cohorts.note_provider(changed, cohort_words(stored.value.servers))


async def assign(unit: UnitOfWork, domains: list[ChangedDomain]) -> None:
    """Put domains into the cohorts that they belong to."""
    if not domains:
        return
    providers: dict[str, Provider] = {}
    for slug in {one.stored.value.provider for one in domains}:
        found = await unit.providers.find(slug)
        if found is not None:
            providers[slug] = found.value
    known = [one for one in domains if one.stored.value.provider in providers]
    keys = [cohort_key(providers[one.stored.value.provider], one.stored.value, one.target) for one in known]
    wanted = {(one.provider_id, key) for one, key in zip(known, keys, strict=True) if key is not None}
    ids, empty = await unit.cohorts.find_or_create(wanted)
    assigned = [
        (one, None if key is None else ids[one.provider_id, key])
        for one, key in zip(known, keys, strict=True)
    ]
    came = [(one, cohort_id) for one, cohort_id in assigned if cohort_id is not None and cohort_id in empty]
    await _carry(unit, providers, came)
    if assigned:
        await unit.cohorts.assign([(one.stored, cohort_id) for one, cohort_id in assigned])


async def _carry(
    unit: UnitOfWork, providers: Mapping[str, Provider], came: list[tuple[ChangedDomain, int]]
) -> None:
    """Have cohorts that have no domains yet begin with the own names that those who come are given.

    What they list is worked out later, and what clients are given must not change meanwhile.
    """
    sources: dict[int, set[int]] = {}
    examples: dict[int, ChangedDomain] = {}
    for one, cohort_id in came:
        # Who was suspended comes back to what was proven then.
        sources.setdefault(cohort_id, set()).add(one.cohort_id or cohort_id)
        examples.setdefault(cohort_id, one)
    if not sources:
        return
    known = await unit.cohorts.proven_of(set(sources).union(*sources.values()))
    proven: dict[int, frozenset[str]] = {}
    for cohort_id, one in examples.items():
        names = frozenset[str]().union(*(known.get(source, ()) for source in sources[cohort_id]))
        if names:
            domain = one.stored.value
            settings = resolve(providers[domain.provider], domain, target=one.target)
            names &= {settings.expanded(name) for name in settings.own_hostnames.values()}
        if names or known[cohort_id]:
            proven[cohort_id] = names
    await unit.cohorts.set_proven(proven)


async def work_out_listings(change: Change, cohorts: list[tuple[int, str | None]]) -> None:
    """Work out what cohorts list that are new, or whose provider changed, each by one of its domains."""
    unit = change.unit
    seen: dict[str, EndpointObservation | None] = {}
    listed: list[int] = []
    for cohort_id, name in cohorts:
        if name is None:
            await unit.cohorts.set_unused(cohort_id)
            continue
        settings = await _settings_of(unit, name)
        if settings is None:
            # Deleted since it was found: another one's turn comes.
            continue
        planned = plan(settings)
        await _recall(unit, [listing.endpoint.key for listing in planned.listings], seen)
        listings = [_new_listing(settings, listing, seen) for listing in planned.listings]
        for cohort in await unit.listings.keep_cohorts((cohort_id,)):
            await unit.cohorts.set_listings(cohort_id, listings, cohort.proven, change.now)
            listed.append(cohort_id)
    if listed:
        await settle(change, await unit.listings.keep_cohorts(listed))


async def _settings_of(unit: UnitOfWork, name: str) -> AccountSettings | None:
    found = await unit.accounts.find(DomainName(name))
    if found is None:
        return None
    # With nothing proven, so that each automatic choice has its own name among the settings.
    return resolve(found.provider, found.domain, target=found.target)


def _new_listing(
    settings: AccountSettings, listing: Listing, seen: Mapping[str, EndpointObservation | None]
) -> NewListing:
    own = settings.own_hostnames.get(listing.server)
    own_hostname = None if own is None else settings.expanded(own)
    observation = seen.get(listing.endpoint.key)
    if observation is None:
        return NewListing(listing=listing, own_hostname=own_hostname)
    state = state_of(judge_listing(listing, observation))
    return NewListing(listing=listing, own_hostname=own_hostname, state=state)


async def _recall(unit: UnitOfWork, keys: list[str], seen: dict[str, EndpointObservation | None]) -> None:
    """Read what was seen at endpoints that were looked at before."""
    new = [key for key in keys if key not in seen]
    seen.update(dict.fromkeys(new))
    for key, stored in (await unit.endpoints.by_keys(new)).items() if new else ():
        sighting: Mapping[str, Any] | None = await unit.endpoints.sighting(stored.id)
        if sighting is not None and stored.standing.checked_at is not None:
            seen[key] = sighting_from_record(stored.endpoint, stored.standing.checked_at, sighting)
