"""Domains whose names hold a text: from the index where they begin with it, else by looking through it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from app.store.domains import Domains, status_conditions
from app.store.rows import COHORT, DOMAIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncConnection

    from app.core.domains import Domain
    from app.core.queries import DomainQuery
    from app.core.reports import State
    from app.core.searching import NamePart
    from app.core.stored import Stored


_FEW: Final = 20_000


class DomainSearches:
    """Searches for domains, within one transaction."""

    def __init__(self, connection: AsyncConnection, few: int = _FEW) -> None:
        """Take the transaction's connection, and how many domains are few enough to be sorted."""
        self._connection = connection
        self._few = few
        self._position = func.instr if connection.dialect.name == "sqlite" else func.strpos

    async def beginning(
        self, part: NamePart, *, after: str, limit: int, query: DomainQuery, provider_id: int | None
    ) -> list[Stored[Domain]]:
        """Return domains whose names begin with a text, by name, those behind ``after``."""
        start, end = part.bounds
        conditions = [
            DOMAIN.c.name >= start,
            DOMAIN.c.name > after,
            self._position(DOMAIN.c.name, part.text) == 1,
        ]
        if end is not None:
            conditions.append(DOMAIN.c.name < end)
        return await self._domains(conditions, limit, query, provider_id)

    async def stretch_end(self, after: str, size: int, provider_id: int | None) -> str | None:
        """Return the name that comes so many behind ``after``; None where the last one comes sooner."""
        statement = (
            select(DOMAIN.c.name).where(DOMAIN.c.name > after, *_of(provider_id)).order_by(DOMAIN.c.name)
        )
        found: str | None = (
            await self._connection.execute(statement.offset(size - 1).limit(1))
        ).scalar_one_or_none()
        return found

    async def within(  # noqa: PLR0913 - a stretch has two ends
        self,
        part: NamePart,
        *,
        after: str,
        until: str | None,
        limit: int,
        query: DomainQuery,
        provider_id: int | None,
    ) -> list[Stored[Domain]]:
        """Return domains whose names hold a text behind their beginning, by name.

        Args:
            part: The text.
            after: Names behind this one.
            until: Names up to this one; None for all the rest.
            limit: How many at the most.
            query: Which status and state.
            provider_id: Whose.
        """
        conditions = [DOMAIN.c.name > after, self._position(DOMAIN.c.name, part.text) > 1]
        if until is not None:
            conditions.append(DOMAIN.c.name <= until)
        return await self._domains(conditions, limit, query, provider_id)

    async def referenced(
        self, reference: str, *, limit: int, query: DomainQuery, provider_id: int | None
    ) -> list[Stored[Domain]]:
        """Return domains that have a reference, by name."""
        conditions = [DOMAIN.c.reference == reference]
        if provider_id is not None:
            # Not as it is: SQLite would rather look through all of a provider than at the few of a reference.
            conditions.append(DOMAIN.c.provider_id + 0 == provider_id)
        return await self._domains(conditions, limit, query, None)

    async def listed(
        self, *, after: str, limit: int, query: DomainQuery, provider_id: int | None
    ) -> list[Stored[Domain]]:
        """Return domains by name, those behind ``after``."""
        return await self._domains([DOMAIN.c.name > after], limit, query, provider_id)

    async def _domains(
        self,
        conditions: Sequence[ColumnElement[bool]],
        limit: int,
        query: DomainQuery,
        provider_id: int | None,
    ) -> list[Stored[Domain]]:
        # Names alone, so that the index has all that is looked at.
        statement = select(DOMAIN.c.name).where(
            *conditions, *_of(provider_id), *status_conditions(query.status)
        )
        if query.verified is not None:
            statement = statement.where(await self._is_in_state(query.verified, provider_id))
        names = await self._connection.execute(statement.order_by(DOMAIN.c.name).limit(limit))
        return await Domains(self._connection).named(list(names.scalars()))

    async def _is_in_state(self, state: State, provider_id: int | None) -> ColumnElement[bool]:
        """Return the condition for a state, such that few are picked and many are met on the way.

        To look through all for a few, or to sort all where nearly all are meant, takes seconds.
        """
        cohorts = select(COHORT.c.id).where(COHORT.c.state == state.value)
        if provider_id is not None:
            cohorts = cohorts.where(COHORT.c.provider_id == provider_id)
        picked = DOMAIN.c.cohort_id.in_(cohorts)
        some = select(DOMAIN.c.id).where(picked).limit(self._few + 1).subquery()
        count = (await self._connection.execute(select(func.count()).select_from(some))).scalar_one()
        if count <= self._few:
            return picked
        met = select(COHORT.c.id).where(COHORT.c.id == DOMAIN.c.cohort_id, COHORT.c.state == state.value)
        return met.exists()


def _of(provider_id: int | None) -> list[ColumnElement[bool]]:
    return [] if provider_id is None else [DOMAIN.c.provider_id == provider_id]
