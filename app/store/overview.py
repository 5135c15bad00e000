"""Counts over everything, of one provider or of all. They read whole indexes: whoever asks keeps them."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select

from app.core.domains import DomainStatus
from app.core.overview import CERTIFICATE_SPANS, DomainCounts
from app.core.reports import State
from app.store.domains import IS_SUSPENDED
from app.store.rows import COHORT, DOMAIN, ENDPOINT, FINDING, LISTING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Column, ColumnElement, Table
    from sqlalchemy.ext.asyncio import AsyncConnection

_LISTED: Final = LISTING.join(COHORT, LISTING.c.cohort_id == COHORT.c.id)


class Overviews:
    """Counts, within one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Take the transaction's connection."""
        self._connection = connection

    async def domains(self, provider_id: int | None) -> DomainCounts:
        """Return how many domains there are, by status and by what verification says."""
        of_provider = [] if provider_id is None else [DOMAIN.c.provider_id == provider_id]
        total = await self._count(DOMAIN, *of_provider)
        suspended = await self._count(DOMAIN, IS_SUSPENDED, *of_provider)
        states = await self._domains_by_state(provider_id)
        # What was not assigned yet, or went to another provider a moment ago.
        states[State.UNTESTED] += max(0, total - sum(states.values()))
        by_status = {DomainStatus.ACTIVE: total - suspended, DomainStatus.SUSPENDED: suspended}
        return DomainCounts(by_status=by_status, by_state=states)

    async def _count(self, table: Table, *conditions: ColumnElement[bool]) -> int:
        statement = select(func.count()).select_from(table).where(*conditions)
        return (await self._connection.execute(statement)).scalar_one()

    async def _domains_by_state(self, provider_id: int | None) -> dict[State, int]:
        # By cohort first: of its index alone, which is a tenth of the table.
        cohort = DOMAIN.c.cohort_id
        by_cohort = select(cohort, func.count().label("size")).where(cohort.is_not(None))
        if provider_id is not None:
            of_provider = select(COHORT.c.id).where(COHORT.c.provider_id == provider_id)
            by_cohort = by_cohort.where(cohort.in_(of_provider))
        counted = by_cohort.group_by(cohort).subquery()
        joined = counted.join(COHORT, COHORT.c.id == counted.c.cohort_id)
        statement = select(COHORT.c.state, func.sum(counted.c.size)).select_from(joined)
        found = await self._connection.execute(statement.group_by(COHORT.c.state))
        return {**dict.fromkeys(State, 0), **{State(state): int(size) for state, size in found}}

    async def endpoints_by_state(self, provider_id: int | None) -> Mapping[State, int]:
        """Return how many endpoints are in each state."""
        statement = select(ENDPOINT.c.state, func.count()).where(*_listed_by(provider_id))
        found = await self._connection.execute(statement.group_by(ENDPOINT.c.state))
        return {**dict.fromkeys(State, 0), **{State(state): count for state, count in found}}

    async def endpoints_by_days_left(self, provider_id: int | None, now: datetime) -> tuple[int, ...]:
        """Return how many endpoints have a certificate that ends in each of the spans."""
        end = ENDPOINT.c.certificate_expires_at
        limits = [
            None if span.until is None else now + timedelta(days=span.until) for span in CERTIFICATE_SPANS
        ]
        counts = [
            func.count().filter(*_between(end, start, stop)) for start, stop in pairwise((None, *limits))
        ]
        statement = select(*counts).where(end.is_not(None), *_listed_by(provider_id))
        return tuple((await self._connection.execute(statement)).one())

    async def findings_by_code(self, provider_id: int | None) -> Mapping[str, int]:
        """Return at how many endpoints each kind of finding was found."""
        statement = select(FINDING.c.code, func.count())
        if provider_id is not None:
            statement = statement.where(FINDING.c.endpoint_id.in_(_endpoints_of(provider_id)))
        found = await self._connection.execute(statement.group_by(FINDING.c.code))
        return {code: count for code, count in found}  # noqa: C416 - rows, which dict() does not take


def _endpoints_of(provider_id: int) -> Any:  # noqa: ANN401 - a subquery
    return select(LISTING.c.endpoint_id).select_from(_LISTED).where(COHORT.c.provider_id == provider_id)


def _listed_by(provider_id: int | None) -> list[ColumnElement[bool]]:
    return [] if provider_id is None else [ENDPOINT.c.id.in_(_endpoints_of(provider_id))]


def _between(column: Column[Any], start: datetime | None, stop: datetime | None) -> list[ColumnElement[bool]]:
    from_start = [] if start is None else [column >= start]
    return from_start if stop is None else [*from_start, column < stop]
