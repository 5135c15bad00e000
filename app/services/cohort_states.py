"""Cohorts as the last runs at what they list want: at once where they are few, else some at a time.

A host that everybody shares is listed by as many cohorts as there are domains, and nobody else can write
while SQLite's one writer does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.core.audit import AuditFilter
from app.core.cohorts import cohort_state, own_hostnames, proven_hostnames
from app.core.domains import PublishedName
from app.core.endpoints import Listing
from app.core.events import EventType, News
from app.core.servers import Authentication
from app.core.sightings import sighting_from_record
from app.core.stored import Stored
from app.core.verified import HostChoice
from app.verification.judging import judge_listing
from app.verification.reporting import state_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.core.endpoints import Endpoint
    from app.core.observations import EndpointObservation
    from app.core.reports import State
    from app.services.changes import Change
    from app.store.listings import Crowd, StoredCohort
    from app.store.unit_of_work import UnitOfWork

CROWD: Final = 500
"""How many cohorts one transaction works out."""


async def find_promises(unit: UnitOfWork, endpoint_id: int) -> Mapping[Authentication, State] | None:
    """Return what each way to log in came to by the last run; None where there was none."""
    stored = await unit.endpoints.find(endpoint_id, None)
    sighting = await unit.endpoints.sighting(endpoint_id)
    if stored is None or sighting is None or stored.standing.checked_at is None:
        return None
    return _promises(sighting_from_record(stored.endpoint, stored.standing.checked_at, sighting))


async def follow_run(
    change: Change,
    crowd: Crowd,
    observation: EndpointObservation,
    before: Mapping[Authentication, State] | None,
    *,
    is_changed: bool,
) -> None:
    """Bring those who list an endpoint to what a run saw, or have it done where they are too many.

    Args:
        change: The transaction in which the run is written down.
        crowd: Those who list it, as many as a transaction works out.
        observation: What the run saw.
        before: What the ways to log in came to before, where there are more.
        is_changed: Whether the endpoint's state or its proof is another than before.
    """
    if crowd.has_more:
        if is_changed or _promises(observation) != before:
            await change.unit.listings.set_behind(crowd.endpoint_id, 0)
    elif await _judge_promises(change.unit, crowd, observation) or is_changed:
        await settle(change, await change.unit.listings.keep_cohorts(crowd.ids))


async def follow_on(change: Change, limit: int) -> bool:
    """Bring some more of those who list an endpoint to what was seen there; False where none are left."""
    unit = change.unit
    behind = await unit.listings.find_behind()
    if behind is None:
        return False
    endpoint_id, after = behind
    crowd = await unit.listings.crowd(endpoint_id, after=after, limit=limit)
    stored, sighting = (
        await unit.endpoints.find(endpoint_id, None),
        await unit.endpoints.sighting(endpoint_id),
    )
    if stored is not None and stored.standing.checked_at is not None and sighting is not None:
        observation = sighting_from_record(stored.endpoint, stored.standing.checked_at, sighting)
        await _judge_promises(unit, crowd, observation)
    await settle(change, await unit.listings.keep_cohorts(crowd.ids))
    await unit.listings.set_behind(endpoint_id, crowd.ids[-1] if crowd.has_more else None)
    return True


def _promises(observation: EndpointObservation) -> Mapping[Authentication, State]:
    """Return what each way to log in comes to; a list of them comes to the worst of its members."""
    return {one: _promise(observation.endpoint, (one,), observation) for one in Authentication}


def _promise(
    endpoint: Endpoint, authentication: tuple[Authentication, ...], observation: EndpointObservation
) -> State:
    listing = Listing(endpoint=endpoint, server="", authentication=authentication)
    return state_of(judge_listing(listing, observation))


async def _judge_promises(unit: UnitOfWork, crowd: Crowd, observation: EndpointObservation) -> bool:
    has_changed = False
    for authentication, state_before in await unit.listings.promises(crowd):
        state = _promise(observation.endpoint, authentication, observation)
        if state is not state_before:
            has_changed = True
            await unit.listings.set_promise(crowd, authentication, state)
    return has_changed


async def settle(change: Change, cohorts: list[StoredCohort]) -> None:
    """Bring cohorts that are kept to what is stored of what they list, and tell of names that are chosen."""
    listings = change.unit.listings
    changed = []
    chosen: dict[tuple[str, str], bool] = {}
    given: dict[tuple[str, bool], list[int]] = {}
    for cohort in cohorts:
        proven = proven_hostnames(cohort.listings, cohort.proven)
        state = cohort_state(cohort.listings, proven)
        if (state, proven) != (cohort.state, cohort.proven):
            changed.append((cohort.id, state, proven))
        # A name that is not listed any more was not chosen against.
        for hostname in (cohort.proven ^ proven) & own_hostnames(cohort.listings):
            chosen[cohort.provider, hostname] = hostname in proven
            given.setdefault((hostname, hostname in proven), []).append(cohort.id)
    await listings.set_states(changed)
    for (hostname, is_own), ids in sorted(given.items()):
        await listings.choose(hostname, ids, is_own=is_own, now=change.now)
    for (provider, hostname), is_own in sorted(chosen.items()):
        if not await _is_known(change.unit, provider, hostname, is_own=is_own):
            _note_choice(change, provider, hostname, is_own=is_own)


async def _is_known(unit: UnitOfWork, provider: str, hostname: str, *, is_own: bool) -> bool:
    """Tell whether a choice was told already, with other cohorts to which it applies."""
    await unit.listings.lock_choice(provider, hostname)
    wanted = AuditFilter(kind="hostname", resource=hostname, provider=provider)
    last = await unit.audit.newest(wanted, before=None, limit=1)
    if not last or last[0].after is None:
        return False
    published: object = last[0].after["published"]
    return published == _choice(provider, hostname, is_own=is_own).published


def _choice(provider: str, hostname: str, *, is_own: bool) -> HostChoice:
    published = PublishedName.OWN if is_own else PublishedName.SHARED
    return HostChoice(provider=provider, hostname=hostname, published=published)


def _note_choice(change: Change, provider: str, hostname: str, *, is_own: bool) -> None:
    """Write down, and tell, that the other of a server's two names is published."""

    def stored(*, is_own: bool) -> Stored[HostChoice]:
        value = _choice(provider, hostname, is_own=is_own)
        return Stored(id=0, value=value, version=1, created_at=change.now, updated_at=change.now)

    after = stored(is_own=is_own)
    change.note("hostname.choose", stored(is_own=not is_own), after)
    change.announce(
        News(
            type=EventType.HOST_CHOSEN,
            kind="host",
            subject=hostname,
            data=after.value.record(),
            providers=frozenset({provider}),
        )
    )
