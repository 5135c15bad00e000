"""How many endpoints there are of each kind, counted in one look at the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import case, func, null, select

from app.core.endpoints import Protocol
from app.core.reports import State
from app.core.verified import EndpointFilter, EndpointTotal
from app.store.endpoints import conditions_of
from app.store.rows import ENDPOINT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection


class EndpointTotals:
    """Totals of endpoints, within one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Take the transaction's connection."""
        self._connection = connection

    async def count(
        self, provider: str | None, bounds: Sequence[float], ends: Sequence[datetime]
    ) -> list[EndpointTotal]:
        """Count endpoints that clients are given by protocol, state and how long their last runs took.

        Args:
            provider: Whose clients; None for all.
            bounds: The upper bounds of durations, in seconds, in ascending order.
            ends: Moments before which certificates that end are counted.
        """
        seconds = ENDPOINT.c.seconds
        within = [(seconds <= bound, place) for place, bound in enumerate(bounds)]
        place = case((seconds.is_(None), null()), *within, else_=len(bounds)).label("place")
        ending = [
            func.count(case((ENDPOINT.c.certificate_expires_at < end, 1))).label(f"ending_{number}")
            for number, end in enumerate(ends)
        ]
        statement = (
            select(
                ENDPOINT.c.protocol,
                ENDPOINT.c.state,
                place,
                func.count().label("endpoints"),
                func.coalesce(func.sum(seconds), 0.0).label("seconds"),
                func.count(ENDPOINT.c.alarmed_at).label("alarmed"),
                *ending,
            )
            .where(*conditions_of(EndpointFilter(provider=provider, is_given=True)))
            .group_by(ENDPOINT.c.protocol, ENDPOINT.c.state, place)
        )
        return [
            EndpointTotal(
                protocol=Protocol(row.protocol),
                state=State(row.state),
                place=row.place,
                endpoints=row.endpoints,
                seconds=row.seconds,
                alarmed=row.alarmed,
                ending=tuple(row)[-len(ends) :] if ends else (),
            )
            for row in await self._connection.execute(statement)
        ]
