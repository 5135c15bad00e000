"""The one way to tell subscribers of something: in the transaction in which it is written."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from app.core.events import News
    from app.store.unit_of_work import UnitOfWork


async def announce(unit: UnitOfWork, news: Iterable[News], now: datetime) -> None:
    """Put out news to the active subscriptions that hear of them; they are sent once this is committed.

    What nobody hears of is not written at all, and not even made where it comes one by one.
    """
    listeners = await unit.webhooks.listeners()
    if not listeners:
        return
    heard = {}
    for one in news:
        ids = [
            listener.id
            for listener in listeners
            if one.type in listener.event_types and one.reaches(listener.provider)
        ]
        if ids:
            heard[new_event_id()] = (one, ids)
    await unit.deliveries.put_out(heard, now)


def new_event_id() -> str:
    """Return an id that no other event has; without a dot, as signatures need it."""
    return f"evt_{secrets.token_hex(16)}"
