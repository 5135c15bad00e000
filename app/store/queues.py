"""How much work waits in the database, and for how long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select

from app.core.webhooks import DeliveryState
from app.store.rows import DELIVERY, ENDPOINT, WEBHOOK

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What could be done and is not."""

    count: int = 0
    since: datetime | None = None
    """When the first could have been done; None where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLengths:
    """All that waits."""

    endpoints: Waiting
    """Due to be probed, and held by nobody."""
    deliveries: Waiting
    """Due to be sent, by subscriptions that are sent to, and held by nobody."""
    deliveries_by_state: Mapping[DeliveryState, int]
    """All that are not delivered: those that wait for another attempt too, and those that were given up."""
    webhooks_active: int
    webhooks_failing: int
    """Of the active ones, those whose last delivery was not taken."""
    webhooks_inactive: int


class Queues:
    """Counts, within one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Take the transaction's connection."""
        self._connection = connection

    async def lengths(self, now: datetime) -> QueueLengths:
        """Return what waits at a moment."""
        free = or_(ENDPOINT.c.leased_until.is_(None), ENDPOINT.c.leased_until <= now)
        endpoints = await self._waiting(ENDPOINT.c.due_at, ENDPOINT, ENDPOINT.c.due_at <= now, free)
        resting = WEBHOOK.c.resting_until
        deliveries = await self._waiting(
            DELIVERY.c.next_attempt_at,
            DELIVERY.join(WEBHOOK, DELIVERY.c.webhook_id == WEBHOOK.c.id),
            DELIVERY.c.state == DeliveryState.PENDING.value,
            DELIVERY.c.next_attempt_at <= now,
            or_(DELIVERY.c.leased_until.is_(None), DELIVERY.c.leased_until <= now),
            WEBHOOK.c.is_active,
            or_(resting.is_(None), resting <= now),
        )
        active, is_failing = WEBHOOK.c.is_active, WEBHOOK.c.failing_since.is_not(None)
        webhooks = select(
            func.count().filter(active), func.count().filter(active, is_failing), func.count().filter(~active)
        )
        counts = (await self._connection.execute(webhooks)).one()
        return QueueLengths(
            endpoints=endpoints,
            deliveries=deliveries,
            deliveries_by_state=await self._undelivered(),
            webhooks_active=counts[0],
            webhooks_failing=counts[1],
            webhooks_inactive=counts[2],
        )

    async def _waiting(self, since: Any, source: Any, *conditions: ColumnElement[bool]) -> Waiting:  # noqa: ANN401 - a column, and a table or a join of them
        statement = select(func.count(), func.min(since)).select_from(source).where(*conditions)
        row = (await self._connection.execute(statement)).one()
        return Waiting(count=row[0], since=row[1])

    async def _undelivered(self) -> dict[DeliveryState, int]:
        states = (DeliveryState.PENDING, DeliveryState.DEAD)
        statement = (
            select(DELIVERY.c.state, func.count())
            .where(DELIVERY.c.state.in_([state.value for state in states]))
            .group_by(DELIVERY.c.state)
        )
        found = {DeliveryState(state): count for state, count in await self._connection.execute(statement)}
        return {state: found.get(state, 0) for state in states}
