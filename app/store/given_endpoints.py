"""Which endpoints clients are given: those that some cohort gives, found by an index of such listings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import exists, select, update

from app.core.reports import State
from app.store.rows import ENDPOINT, LISTING

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import Select
    from sqlalchemy.ext.asyncio import AsyncConnection

IS_GIVEN: Final = (
    exists().where(LISTING.c.endpoint_id == ENDPOINT.c.id, LISTING.c.is_given).correlate(ENDPOINT)
)
"""That any domain gives an endpoint to clients."""


async def wake(
    connection: AsyncConnection, chosen: Collection[int] | Select[tuple[int]], now: datetime
) -> None:
    """Have those looked at at once that are about to be given, by nobody yet, and were not good.

    Nothing was told of them until now, and they were looked at seldom.
    """
    statement = select(ENDPOINT.c.id).where(
        ENDPOINT.c.id.in_(chosen), ENDPOINT.c.state != State.GOOD.value, ENDPOINT.c.due_at > now, ~IS_GIVEN
    )
    # Who writes a run down holds the endpoint and waits for cohorts, as we hold; it sees itself what we do.
    locked = statement.with_for_update(skip_locked=True)
    ids = list((await connection.execute(locked)).scalars())
    if ids:
        await connection.execute(update(ENDPOINT).where(ENDPOINT.c.id.in_(ids)).values(due_at=now))
