"""What became of events on their way to subscribers, and sending them once more."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from app.core.errors import DeliveryNotFound
from app.core.webhooks import DeliveryFilter
from app.services.callers import Scope
from app.services.changes import Changes
from app.services.webhooks import visible_webhook

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from app.core.webhooks import Delivery
    from app.services.callers import Caller
    from app.store.unit_of_work import Store, UnitOfWork

EVERYTHING: Final = DeliveryFilter()
MAX_ID: Final = 2**63 - 1


class DeliveryService:
    """Reads of deliveries, and their replay; every method checks what the caller may."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        """Take the database and the time."""
        self._store = store
        self._changes = Changes(store, clock)

    async def page(
        self, caller: Caller, wanted: DeliveryFilter = EVERYTHING, *, before: int | None = None, limit: int
    ) -> list[Delivery]:
        """Return deliveries that the caller sees, the newest first, those older than ``before``."""
        caller.require(Scope.WEBHOOKS_WRITE)
        async with self._store.reading() as unit:
            visible = replace(wanted, provider=caller.provider)
            return await unit.deliveries.page(visible, before=before, limit=limit)

    async def count(self, caller: Caller, wanted: DeliveryFilter = EVERYTHING) -> int:
        """Return how many deliveries the caller sees."""
        caller.require(Scope.WEBHOOKS_WRITE)
        async with self._store.reading() as unit:
            return await unit.deliveries.count(replace(wanted, provider=caller.provider))

    async def get(self, caller: Caller, delivery_id: int) -> Delivery:
        """Return one delivery with what is sent.

        Raises:
            DeliveryNotFound: When there is none or the caller may not see it.
        """
        caller.require(Scope.WEBHOOKS_WRITE)
        async with self._store.reading() as unit:
            return await _visible(unit, caller, delivery_id)

    async def replay(self, caller: Caller, delivery_id: int) -> Delivery:
        """Have a delivery tried at once, also one that was delivered; it keeps its event's id.

        Raises:
            DeliveryNotFound: When there is none or the caller may not see it.
        """
        caller.require(Scope.WEBHOOKS_WRITE)
        async with self._changes.making(caller) as change:
            delivery = await _visible(change.unit, caller, delivery_id)
            webhook = await visible_webhook(change.unit, caller, delivery.webhook)
            await change.unit.deliveries.replay(delivery.id, change.now)
            change.note("webhook.replay", webhook, webhook)
            return await _visible(change.unit, caller, delivery_id)

    async def replay_dead(self, caller: Caller, public_id: str) -> int:
        """Have all deliveries of a subscription tried that were given up; return how many.

        Raises:
            WebhookNotFound: When there is none or the caller may not see it.
        """
        caller.require(Scope.WEBHOOKS_WRITE)
        async with self._changes.making(caller) as change:
            webhook = await visible_webhook(change.unit, caller, public_id)
            count = await change.unit.deliveries.replay_dead(webhook.id, change.now)
            if count:
                change.note("webhook.replay", webhook, webhook)
            return count


async def _visible(unit: UnitOfWork, caller: Caller, delivery_id: int) -> Delivery:
    found = await unit.deliveries.find(delivery_id, caller.provider)
    if found is None:
        raise DeliveryNotFound(delivery_id)
    return found
