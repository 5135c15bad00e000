"""The outbox: events, and their way to each subscription."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import String, and_, delete, exists, func, literal, or_, select, union_all, update

from app.core.events import EventType, News
from app.core.webhooks import Delivery, DeliveryState, LeasedDelivery
from app.store.mass_writing import insert_rows
from app.store.rows import DELIVERY, EVENT, PROVIDER, WEBHOOK
from app.store.webhooks import webhook_from_row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncConnection

    from app.core.webhooks import Attempt, DeliveryFilter

_PENDING: Final = DeliveryState.PENDING.value
_JOINED: Final = (
    DELIVERY.join(EVENT, DELIVERY.c.event_id == EVENT.c.id)
    .join(WEBHOOK, DELIVERY.c.webhook_id == WEBHOOK.c.id)
    .outerjoin(PROVIDER, WEBHOOK.c.provider_id == PROVIDER.c.id)
)
_SELECTION: Final = select(DELIVERY, WEBHOOK.c.public_id, EVENT.c.subject, EVENT.c.at).select_from(_JOINED)
_EARLIER: Final = DELIVERY.alias("earlier")


class Deliveries:
    """Events and deliveries, within one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Take the transaction's connection."""
        self._connection = connection

    async def put_out(self, news: Mapping[str, tuple[News, Sequence[int]]], now: datetime) -> None:
        """Write events, and for each a delivery to every subscription that hears of it.

        Args:
            news: By event id: what happened, and the subscriptions' own ids.
            now: When it happened, and when it may be sent.

        Raises:
            ConcurrentChange: When one of the subscriptions is gone by now.
        """
        if not news:
            return
        events = [
            {
                "id": event_id,
                "type": one.type,
                "subject": one.subject,
                "at": now,
                "document": one.document(now),
            }
            for event_id, (one, _) in news.items()
        ]
        deliveries = [
            {
                "event_id": event_id,
                "webhook_id": webhook_id,
                "type": one.type,
                "lane": one.lane,
                "state": _PENDING,
                "attempts": 0,
                "next_attempt_at": now,
                "created_at": now,
            }
            for event_id, (one, webhook_ids) in news.items()
            for webhook_id in webhook_ids
        ]
        await insert_rows(self._connection, EVENT, events)
        await insert_rows(self._connection, DELIVERY, deliveries)

    async def page(self, wanted: DeliveryFilter, *, before: int | None, limit: int) -> list[Delivery]:
        """Return deliveries, the newest first, those older than ``before``."""
        statement = _SELECTION.where(*_conditions(wanted))
        if before is not None:
            statement = statement.where(DELIVERY.c.id < before)
        statement = statement.order_by(DELIVERY.c.id.desc()).limit(limit)
        return [_delivery(row) for row in await self._connection.execute(statement)]

    async def count(self, wanted: DeliveryFilter) -> int:
        """Return how many there are."""
        statement = select(func.count()).select_from(_JOINED).where(*_conditions(wanted))
        found: int = (await self._connection.execute(statement)).scalar_one()
        return found

    async def find(self, delivery_id: int, provider: str | None) -> Delivery | None:
        """Return a delivery with what is sent; of a subscription limited to a provider, or any."""
        statement = _SELECTION.add_columns(EVENT.c.document).where(DELIVERY.c.id == delivery_id)
        if provider is not None:
            statement = statement.where(PROVIDER.c.slug == provider)
        row = (await self._connection.execute(statement)).first()
        return None if row is None else _delivery(row, row.document)

    async def replay(self, delivery_id: int, now: datetime) -> None:
        """Have a delivery tried at once, whatever became of it."""
        await self._connection.execute(
            update(DELIVERY).where(DELIVERY.c.id == delivery_id).values(_anew(now))
        )

    async def replay_dead(self, webhook_id: int, now: datetime) -> int:
        """Have all deliveries of a subscription tried that were given up; return how many."""
        result = await self._connection.execute(
            update(DELIVERY)
            .where(DELIVERY.c.webhook_id == webhook_id, DELIVERY.c.state == DeliveryState.DEAD.value)
            .values(_anew(now))
        )
        return result.rowcount

    async def due_webhooks(self, now: datetime) -> list[int]:
        """Return the subscriptions that have something to be sent."""
        may_send, is_of = _may_send(now), DELIVERY.c.webhook_id == WEBHOOK.c.id
        due = exists().where(is_of, DELIVERY.c.next_attempt_at <= now, *_ready(now)).correlate(WEBHOOK)
        # Much may wait for one that rests or is off, and only a test is sent, which has a lane of its own.
        lane = literal(News(type=EventType.PING, kind="webhook", subject="").lane, String())
        is_test = DELIVERY.c.lane == lane + WEBHOOK.c.public_id
        # Without its moment, which has come: with it another index would seem as good as that of lanes.
        asked_for = exists().where(is_of, is_test, *_ready(now)).correlate(WEBHOOK)
        found = await self._connection.execute(
            union_all(
                select(WEBHOOK.c.id).where(may_send, due), select(WEBHOOK.c.id).where(~may_send, asked_for)
            )
        )
        return list(found.scalars())

    async def lease(
        self, webhook_id: int, lease: str, now: datetime, until: datetime, limit: int
    ) -> list[LeasedDelivery]:
        """Take deliveries that are due, for this process alone until a moment.

        Of what is told in order the first only; what others hold is passed over.
        """
        joined = DELIVERY.join(WEBHOOK, DELIVERY.c.webhook_id == WEBHOOK.c.id)
        statement = (
            select(DELIVERY.c.id)
            .select_from(joined)
            .where(WEBHOOK.c.id == webhook_id, *_due(now))
            .order_by(DELIVERY.c.next_attempt_at, DELIVERY.c.id)
            .limit(limit)
            .with_for_update(of=DELIVERY, skip_locked=True)
        )
        ids = list((await self._connection.execute(statement)).scalars())
        if not ids:
            return []
        is_taken = DELIVERY.c.id.in_(ids)
        await self._connection.execute(
            update(DELIVERY).where(is_taken).values(lease=lease, leased_until=until)
        )
        selection = select(
            DELIVERY.c.id.label("delivery_id"),
            DELIVERY.c.attempts,
            DELIVERY.c.type,
            EVENT.c.id.label("event_id"),
            EVENT.c.document,
            WEBHOOK,
            PROVIDER.c.slug,
        )
        rows = await self._connection.execute(
            selection.select_from(_JOINED).where(is_taken).order_by(DELIVERY.c.id)
        )
        return [_leased(row, lease) for row in rows]

    async def is_leased(self, delivery: LeasedDelivery) -> bool:
        """Tell whether a delivery is still this process's own."""
        statement = select(DELIVERY.c.id).where(*_is_own(delivery))
        return (await self._connection.execute(statement)).first() is not None

    async def finish(self, delivery: LeasedDelivery, attempt: Attempt) -> bool:
        """Write how an attempt ended and let go of the delivery; False where it is somebody else's."""
        values = {
            "state": attempt.state.value,
            "attempts": delivery.attempts + 1,
            "next_attempt_at": attempt.next_attempt_at,
            "lease": None,
            "leased_until": None,
            "last_attempt_at": attempt.at,
            "last_status": attempt.status,
            "last_error": attempt.error,
            "delivered_at": attempt.at if attempt.state is DeliveryState.DELIVERED else None,
        }
        result = await self._connection.execute(update(DELIVERY).where(*_is_own(delivery)).values(values))
        return result.rowcount == 1

    async def release(self, delivery: LeasedDelivery) -> None:
        """Let go of a delivery as it was."""
        await self._connection.execute(
            update(DELIVERY).where(*_is_own(delivery)).values(lease=None, leased_until=None)
        )

    async def forget(self, before: datetime, limit: int) -> int:
        """Remove events from before a moment that are on their way to nobody; return how many."""
        is_pending = exists().where(DELIVERY.c.event_id == EVENT.c.id, DELIVERY.c.state == _PENDING)
        old = select(EVENT.c.id).where(EVENT.c.at < before, ~is_pending.correlate(EVENT)).limit(limit)
        result = await self._connection.execute(delete(EVENT).where(EVENT.c.id.in_(old.scalar_subquery())))
        return result.rowcount


def _due(now: datetime) -> list[ColumnElement[bool]]:
    """Return what holds for deliveries that can be sent; WEBHOOK is joined."""
    # Somebody asked for it and waits for the outcome, which may be why nothing else is sent.
    is_test = DELIVERY.c.type == EventType.PING.value
    return [DELIVERY.c.next_attempt_at <= now, *_ready(now), or_(_may_send(now), is_test)]


def _may_send(now: datetime) -> ColumnElement[bool]:
    resting = WEBHOOK.c.resting_until
    return and_(WEBHOOK.c.is_active, or_(resting.is_(None), resting <= now))


def _ready(now: datetime) -> list[ColumnElement[bool]]:
    """Return what holds for deliveries whose turn it is, once their moment has come."""
    is_blocked = exists().where(
        _EARLIER.c.webhook_id == DELIVERY.c.webhook_id,
        _EARLIER.c.lane == DELIVERY.c.lane,
        _EARLIER.c.state == _PENDING,
        _EARLIER.c.id < DELIVERY.c.id,
    )
    return [
        DELIVERY.c.state == _PENDING,
        or_(DELIVERY.c.leased_until.is_(None), DELIVERY.c.leased_until <= now),
        ~is_blocked.correlate(DELIVERY),
    ]


def _is_own(delivery: LeasedDelivery) -> list[ColumnElement[bool]]:
    return [DELIVERY.c.id == delivery.id, DELIVERY.c.lease == delivery.lease]


def _anew(now: datetime) -> dict[str, Any]:
    return {"state": _PENDING, "attempts": 0, "next_attempt_at": now, "delivered_at": None}


def _conditions(wanted: DeliveryFilter) -> list[ColumnElement[bool]]:
    pairs = (
        (DELIVERY.c.state, wanted.state),
        (DELIVERY.c.type, wanted.type),
        (DELIVERY.c.event_id, wanted.event_id),
        (WEBHOOK.c.public_id, wanted.webhook),
        (PROVIDER.c.slug, wanted.provider),
    )
    return [column == value for column, value in pairs if value is not None]


def _delivery(row: Any, document: str = "") -> Delivery:  # noqa: ANN401 - a row of the selection
    return Delivery(
        id=row.id,
        webhook=row.public_id,
        event_id=row.event_id,
        type=EventType(row.type),
        subject=row.subject,
        at=row.at,
        state=DeliveryState(row.state),
        attempts=row.attempts,
        next_attempt_at=row.next_attempt_at,
        last_attempt_at=row.last_attempt_at,
        last_status=row.last_status,
        last_error=row.last_error,
        delivered_at=row.delivered_at,
        document=document,
    )


def _leased(row: Any, lease: str) -> LeasedDelivery:  # noqa: ANN401 - as above
    return LeasedDelivery(
        id=row.delivery_id,
        lease=lease,
        webhook_id=row.id,
        webhook=webhook_from_row(row),
        event_id=row.event_id,
        type=EventType(row.type),
        document=row.document,
        attempts=row.attempts,
    )
