"""Who lists an endpoint: what their promises come to, and how their cohorts stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, not_, select, update

from app.core.checks import Standing
from app.core.cohorts import CohortListing
from app.core.reports import State
from app.core.servers import Authentication
from app.store.given_endpoints import wake
from app.store.mass_writing import is_among
from app.store.rows import COHORT, ENDPOINT, LISTING, PROVIDER

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCohort:
    """A cohort with its listings, as its state and its proven names follow from them."""

    id: int
    provider: str
    state: State
    proven: frozenset[str]
    listings: tuple[CohortListing, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """Some of the cohorts that list an endpoint, in the order of their numbers."""

    endpoint_id: int
    after: int
    """The number that comes before the first of them."""
    ids: tuple[int, ...]
    has_more: bool
    """Whether others come after them."""


class Listings:
    """Listings of endpoints, within one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Take the transaction's connection."""
        self._connection = connection

    async def crowd(self, endpoint_id: int, *, after: int = 0, limit: int) -> Crowd:
        """Return the cohorts that list an endpoint, those after a number, so many at the most."""
        statement = select(LISTING.c.cohort_id).where(
            LISTING.c.endpoint_id == endpoint_id, LISTING.c.cohort_id > after
        )
        found = statement.distinct().order_by(LISTING.c.cohort_id).limit(limit + 1)
        ids = tuple((await self._connection.execute(found)).scalars())
        return Crowd(endpoint_id=endpoint_id, after=after, ids=ids[:limit], has_more=len(ids) > limit)

    async def promises(self, crowd: Crowd) -> list[tuple[tuple[Authentication, ...], State]]:
        """Return the different lists of methods that they publish with the endpoint, and their states."""
        columns = (LISTING.c.authentication, LISTING.c.state)
        statement = select(*columns).where(*_is_of(crowd)).distinct()
        return [
            (tuple(Authentication(method) for method in row.authentication), State(row.state))
            for row in await self._connection.execute(statement)
        ]

    async def set_promise(
        self, crowd: Crowd, authentication: tuple[Authentication, ...], state: State
    ) -> None:
        """Write what follows from a list of methods for those who publish it."""
        methods = LISTING.c.authentication == [method.value for method in authentication]
        await self._connection.execute(
            update(LISTING).where(*_is_of(crowd), methods).values(state=state.value)
        )

    async def keep_cohorts(self, ids: Sequence[int]) -> list[StoredCohort]:
        """Return cohorts, and keep others from changing their states."""
        is_one = is_among(self._connection, COHORT.c.id, ids)
        # In a statement of its own: what others wrote while we waited is only seen by the next one.
        locked = select(COHORT.c.id).where(is_one).order_by(COHORT.c.id)
        await self._connection.execute(locked.with_for_update(key_share=True))
        return await self._stored(is_one)

    async def _stored(self, condition: ColumnElement[bool]) -> list[StoredCohort]:
        joined = (
            COHORT.join(PROVIDER, COHORT.c.provider_id == PROVIDER.c.id)
            .outerjoin(LISTING, LISTING.c.cohort_id == COHORT.c.id)
            .outerjoin(ENDPOINT, LISTING.c.endpoint_id == ENDPOINT.c.id)
        )
        columns = (
            COHORT.c.id,
            COHORT.c.state,
            COHORT.c.proven,
            PROVIDER.c.slug,
            LISTING.c.own_hostname,
            LISTING.c.is_published,
            LISTING.c.state.label("promise_state"),
            ENDPOINT.c.hostname,
            ENDPOINT.c.state.label("endpoint_state"),
            ENDPOINT.c.is_proven,
            ENDPOINT.c.disproofs,
        )
        statement = select(*columns).select_from(joined).where(condition).order_by(COHORT.c.id)
        rows: dict[int, list[Any]] = {}
        for row in await self._connection.execute(statement):
            rows.setdefault(row.id, []).append(row)
        return [_stored_cohort(group) for group in rows.values()]

    async def set_states(self, changed: Sequence[tuple[int, State, frozenset[str]]]) -> None:
        """Write the states of cohorts and their proven own names."""
        if not changed:
            return
        statement = (
            update(COHORT)
            .where(COHORT.c.id == bindparam("cohort"))
            .values(state=bindparam("new_state"), proven=bindparam("names", type_=COHORT.c.proven.type))
        )
        values = [
            {"cohort": cohort_id, "new_state": state.value, "names": sorted(proven)}
            for cohort_id, state, proven in changed
        ]
        await self._connection.execute(statement, values)

    async def choose(self, hostname: str, cohort_ids: Sequence[int], *, is_own: bool, now: datetime) -> None:
        """Note that clients of cohorts are given an own name, or the shared one in its place."""
        is_it = [
            is_among(self._connection, LISTING.c.cohort_id, cohort_ids),
            LISTING.c.own_hostname == hostname,
        ]
        listed = select(ENDPOINT.c.hostname).where(ENDPOINT.c.id == LISTING.c.endpoint_id).correlate(LISTING)
        is_own_name = listed.scalar_subquery() == hostname
        is_given = is_own_name if is_own else not_(is_own_name)
        await wake(self._connection, select(LISTING.c.endpoint_id).where(*is_it, is_given), now)
        await self._connection.execute(update(LISTING).where(*is_it).values(is_given=is_given))

    async def lock_choice(self, provider: str, hostname: str) -> None:
        """Wait until nobody else writes down which name is published in place of another's."""
        if self._connection.dialect.name == "postgresql":
            key = func.hashtextextended(f"{provider}/{hostname}", 0)
            await self._connection.execute(select(func.pg_advisory_xact_lock(key)))

    async def has_behind(self) -> bool:
        """Tell whether there are cohorts left that do not stand as the last run at an endpoint wants."""
        statement = select(ENDPOINT.c.id).where(ENDPOINT.c.cohorts_after.is_not(None)).limit(1)
        return (await self._connection.execute(statement)).first() is not None

    async def find_behind(self) -> tuple[int, int] | None:
        """Return an endpoint whose cohorts are left, and the last that is not, and keep it.

        What others hold is passed over.
        """
        statement = select(ENDPOINT.c.id, ENDPOINT.c.cohorts_after).where(
            ENDPOINT.c.cohorts_after.is_not(None)
        )
        # Before any cohort, as whoever writes a run down does: else the two could wait for each other.
        locked = statement.order_by(ENDPOINT.c.id).limit(1).with_for_update(skip_locked=True)
        row = (await self._connection.execute(locked)).first()
        return None if row is None else (row.id, row.cohorts_after)

    async def set_behind(self, endpoint_id: int, after: int | None) -> None:
        """Have the cohorts after a number worked out again; none for None."""
        statement = update(ENDPOINT).where(ENDPOINT.c.id == endpoint_id)
        await self._connection.execute(statement.values(cohorts_after=after))


def _is_of(crowd: Crowd) -> list[ColumnElement[bool]]:
    return [
        LISTING.c.endpoint_id == crowd.endpoint_id,
        LISTING.c.cohort_id > crowd.after,
        LISTING.c.cohort_id <= max(crowd.ids, default=crowd.after),
    ]


def _stored_cohort(rows: Sequence[Any]) -> StoredCohort:
    first = rows[0]
    return StoredCohort(
        id=first.id,
        provider=first.slug,
        state=State(first.state),
        proven=frozenset(first.proven),
        listings=tuple(
            CohortListing(
                hostname=row.hostname,
                own_hostname=row.own_hostname,
                is_published=row.is_published,
                endpoint_state=State(row.endpoint_state),
                promise_state=State(row.promise_state),
                is_proven=row.is_proven,
                is_disproven=Standing(is_proven=row.is_proven, disproofs=row.disproofs).is_disproven,
            )
            for row in rows
            if row.hostname is not None
        ),
    )
