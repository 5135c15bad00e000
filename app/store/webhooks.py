"""Subscriptions to events, by their public id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, func, insert, literal, select, update

from app.core.errors import ConcurrentChange
from app.core.events import EventType
from app.core.stored import Stored
from app.core.webhooks import Health, Webhook
from app.store.conflicts import conflicts
from app.store.rows import PROVIDER, WEBHOOK

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from sqlalchemy import Select
    from sqlalchemy.ext.asyncio import AsyncConnection


_JOINED: Final = WEBHOOK.outerjoin(PROVIDER, WEBHOOK.c.provider_id == PROVIDER.c.id)
_SELECTION: Final = select(WEBHOOK, PROVIDER.c.slug).select_from(_JOINED)


@dataclass(frozen=True, slots=True)
class Listener:
    """What decides whether an active subscription hears of an event."""

    id: int
    provider: str | None
    event_types: frozenset[str]


class Webhooks:
    """Subscriptions, within one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Take the transaction's connection."""
        self._connection = connection
        self._is_unheard = False

    async def listeners(self) -> list[Listener]:
        """Return what is active.

        That there is none is asked once in a transaction: one that changes many things has no more to
        pay where nobody listens.
        """
        if self._is_unheard:
            return []
        columns = (WEBHOOK.c.id, PROVIDER.c.slug, WEBHOOK.c.event_types)
        statement = select(*columns).select_from(_JOINED).where(WEBHOOK.c.is_active).order_by(WEBHOOK.c.id)
        rows = await self._connection.execute(statement)
        found = [Listener(row.id, row.slug, frozenset(row.event_types)) for row in rows]
        self._is_unheard = not found
        return found

    async def find(self, public_id: str) -> Stored[Webhook] | None:
        """Return a subscription."""
        row = (await self._connection.execute(_SELECTION.where(WEBHOOK.c.public_id == public_id))).first()
        return None if row is None else stored_webhook(row)

    async def health(self, webhook_id: int) -> Health | None:
        """Return how deliveries to a subscription go; None where it is gone."""
        columns = (WEBHOOK.c.failures, WEBHOOK.c.failing_since, WEBHOOK.c.resting_until)
        statement = select(*columns).where(WEBHOOK.c.id == webhook_id)
        row = (await self._connection.execute(statement)).mappings().first()
        return None if row is None else Health(**row)

    async def page(self, *, after: str, limit: int, provider: str | None) -> list[Stored[Webhook]]:
        """Return subscriptions by public id, those behind ``after``; of one provider, or all."""
        statement = _SELECTION.where(WEBHOOK.c.public_id > after).order_by(WEBHOOK.c.public_id).limit(limit)
        rows = await self._connection.execute(_narrowed(statement, provider))
        return [stored_webhook(row) for row in rows]

    async def count(self, provider: str | None = None) -> int:
        """Return how many there are; of one provider, or in all."""
        statement = _narrowed(select(func.count()).select_from(_JOINED), provider)
        found: int = (await self._connection.execute(statement)).scalar_one()
        return found

    async def of_provider(self, provider_id: int) -> list[Stored[Webhook]]:
        """Return the subscriptions that are limited to a provider."""
        statement = _SELECTION.where(WEBHOOK.c.provider_id == provider_id).order_by(WEBHOOK.c.id)
        return [stored_webhook(row) for row in await self._connection.execute(statement)]

    async def insert(self, webhook: Webhook, provider_id: int | None, now: datetime) -> Stored[Webhook]:
        """Store a subscription.

        Raises:
            ConcurrentChange: When the provider that it is limited to is gone.
        """
        self._is_unheard = False
        times = {"created_at": now, "updated_at": now}
        row = {**_columns(webhook), "provider_id": provider_id, "failures": 0, "version": 1, **times}
        with conflicts("The provider of the webhook"):
            result = await self._connection.execute(insert(WEBHOOK).values(row).returning(WEBHOOK.c.id))
        return Stored(id=result.scalar_one(), value=webhook, version=1, **times)

    async def replace(self, stored: Stored[Webhook], webhook: Webhook, now: datetime) -> Stored[Webhook]:
        """Store a subscription in place of what was read; its failures are forgotten where it is new.

        Raises:
            ConcurrentChange: When it is no longer what was read.
        """
        self._is_unheard = False
        version = stored.version + 1
        values = {**_columns(webhook), "version": version, "updated_at": now}
        is_woken = webhook.is_active and not stored.value.is_active
        if is_woken or webhook.url != stored.value.url:
            values |= {"failures": 0, "failing_since": None, "resting_until": None}
        result = await self._connection.execute(
            update(WEBHOOK)
            .where(WEBHOOK.c.id == stored.id, WEBHOOK.c.version == stored.version)
            .values(values)
        )
        if result.rowcount != 1:
            raise ConcurrentChange(f"The webhook {webhook.public_id}")
        return Stored(
            id=stored.id, value=webhook, version=version, created_at=stored.created_at, updated_at=now
        )

    async def delete(self, stored: Stored[Webhook]) -> None:
        """Remove a subscription with its deliveries.

        Raises:
            ConcurrentChange: When it is no longer what was read.
        """
        statement = delete(WEBHOOK).where(WEBHOOK.c.id == stored.id, WEBHOOK.c.version == stored.version)
        if (await self._connection.execute(statement)).rowcount != 1:
            raise ConcurrentChange(f"The webhook {stored.value.public_id}")

    async def note_success(self, webhook_id: int) -> None:
        """Forget failures."""
        await self._connection.execute(
            update(WEBHOOK)
            .where(WEBHOOK.c.id == webhook_id, WEBHOOK.c.failures > 0)
            .values(failures=0, failing_since=None, resting_until=None)
        )

    async def note_failure(self, webhook_id: int, now: datetime, rest: timedelta) -> None:
        """Count a failure, and leave the receiver alone for a while."""
        since = WEBHOOK.c.failing_since
        await self._connection.execute(
            update(WEBHOOK)
            .where(WEBHOOK.c.id == webhook_id)
            .values(
                failures=WEBHOOK.c.failures + 1,
                failing_since=func.coalesce(since, literal(now, since.type)),
                resting_until=now + rest,
            )
        )


def _narrowed(statement: Select[Any], provider: str | None) -> Select[Any]:
    return statement if provider is None else statement.where(PROVIDER.c.slug == provider)


def _columns(webhook: Webhook) -> dict[str, Any]:
    return {
        "public_id": webhook.public_id,
        "name": webhook.name,
        "url": webhook.url,
        "event_types": sorted(webhook.event_types),
        "is_active": webhook.is_active,
        "disabled_reason": webhook.disabled_reason,
        "secret": webhook.secret,
        "previous_secret": webhook.previous_secret,
        "previous_ends_at": webhook.previous_ends_at,
    }


def webhook_from_row(row: Any) -> Webhook:  # noqa: ANN401 - a row with these columns
    """Build a subscription from its columns and its provider's ``slug``."""
    return Webhook(
        public_id=row.public_id,
        name=row.name,
        url=row.url,
        event_types=frozenset(map(EventType, row.event_types)),
        provider=row.slug,
        is_active=row.is_active,
        disabled_reason=row.disabled_reason,
        secret=row.secret,
        previous_secret=row.previous_secret,
        previous_ends_at=row.previous_ends_at,
    )


def stored_webhook(row: Any) -> Stored[Webhook]:  # noqa: ANN401 - as above
    """Build a subscription with what the store knows of it."""
    return Stored(
        id=row.id,
        value=webhook_from_row(row),
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
