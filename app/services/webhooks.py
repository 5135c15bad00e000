"""Subscriptions to events, as those change them who may.

All of it needs a scope of its own, not that of reading: a subscription goes on carrying out of the house
what its provider stores, or all providers, when the token that made it is long revoked.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, replace
from datetime import timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from app.core.errors import ProviderNotFound, WebhookNotFound, refuse, within
from app.core.events import EventType, News
from app.core.provider import NAMING_RULE, is_slug
from app.core.text import single_line
from app.core.webhook_signing import SECRET_BYTES, write_secret
from app.core.webhooks import MAX_NAME, DeliveryFilter, Webhook
from app.services.announcing import new_event_id
from app.services.callers import Scope
from app.services.changes import Changes
from app.services.preconditions import ANYTHING, Precondition

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from app.core.stored import Stored
    from app.core.webhooks import Delivery
    from app.net.address_policy import AddressPolicy
    from app.services.callers import Caller
    from app.services.changes import Change
    from app.services.secret_box import SecretBox
    from app.store.unit_of_work import Store, UnitOfWork

MAX_WEBHOOKS: Final = 100
"""Of one provider; those without one are the operator's own business."""
MAX_OVERLAP_SECONDS: Final = 30 * 24 * 3600
_TENANTS_PORTS: Final = (443, 8080, 8443)
_HTTP_PORT: Final = 80
_PUBLIC_ID: Final = re.compile(r"[0-9a-f]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookWish:
    """A subscription that somebody wants."""

    name: str
    url: str
    event_types: frozenset[EventType]
    provider: str | None = None
    """None for all providers, or for the one that who wishes is limited to."""
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class Destinations:
    """Where events may be sent."""

    policy: AddressPolicy
    allow_http: bool = False

    def check(self, webhook: Webhook, caller: Caller) -> None:
        """Refuse a URL that nothing would ever be sent to; what its name stands for shows when it is.

        Raises:
            InvalidInput: For plain HTTP, an address that is not allowed, or a port that is not the caller's
                to choose.
        """
        with within("url"):
            if webhook.is_plain and not self.allow_http:
                raise refuse("must start with https://: the operator does not allow http")
            # How deliveries end would tell which ports of whichever host are open.
            ports = (*_TENANTS_PORTS, *((_HTTP_PORT,) if self.allow_http else ()))
            if caller.provider is not None and webhook.port not in ports:
                listed = ", ".join(map(str, sorted(ports)))
                raise refuse(f"must have one of the ports {listed}, as the token is limited to a provider")
            try:
                address = ip_address(urlsplit(webhook.url).hostname or "")
            except ValueError:
                return
            if reason := self.policy.refusal(address):
                raise refuse(f"must not have an address that {reason}")


class WebhookService:
    """Reads and changes of subscriptions; every method checks what the caller may."""

    def __init__(
        self, store: Store, clock: Callable[[], datetime], box: SecretBox, destinations: Destinations
    ) -> None:
        """Take the database, the time, what seals secrets, and where events may go."""
        self._store = store
        self._changes = Changes(store, clock)
        self._box = box
        self._destinations = destinations

    async def page(self, caller: Caller, *, after: str, limit: int) -> list[Stored[Webhook]]:
        """Return the subscriptions that the caller sees, by id, behind ``after``."""
        caller.require(Scope.WEBHOOKS_WRITE)
        async with self._store.reading() as unit:
            return await unit.webhooks.page(after=after, limit=limit, provider=caller.provider)

    async def count(self, caller: Caller) -> int:
        """Return how many subscriptions the caller sees."""
        caller.require(Scope.WEBHOOKS_WRITE)
        async with self._store.reading() as unit:
            return await unit.webhooks.count(caller.provider)

    async def get(self, caller: Caller, public_id: str) -> Stored[Webhook]:
        """Return one subscription.

        Raises:
            WebhookNotFound: When there is none or the caller may not see it.
        """
        caller.require(Scope.WEBHOOKS_WRITE)
        async with self._store.reading() as unit:
            return await visible_webhook(unit, caller, public_id)

    async def create(self, caller: Caller, wish: WebhookWish) -> tuple[Stored[Webhook], str]:
        """Store a subscription; return it, and its secret for the only time.

        Raises:
            InvalidInput: When it could not be sent to.
            ProviderNotFound: When its provider is not stored or the caller may not see it.
        """
        caller.require(Scope.WEBHOOKS_WRITE)
        secret = _new_secret()
        with within("name"):
            name = single_line(wish.name, MAX_NAME)
        if wish.provider == "":
            raise refuse(NAMING_RULE, "provider")
        webhook = Webhook(
            public_id=secrets.token_hex(6),
            name=name,
            url=wish.url,
            event_types=wish.event_types,
            provider=caller.provider if wish.provider is None else wish.provider,
            is_active=wish.is_active,
            secret=self._box.seal(secret),
        )
        self._destinations.check(webhook, caller)
        async with self._changes.making(caller) as change:
            provider_id = await _provider_id(change.unit, caller, webhook.provider)
            stored = await change.unit.webhooks.insert(webhook, provider_id, change.now)
            change.note("webhook.create", None, stored)
            return stored, secret

    async def patch(
        self,
        caller: Caller,
        public_id: str,
        edit: Callable[[Stored[Webhook]], WebhookWish],
        precondition: Precondition = ANYTHING,
    ) -> Stored[Webhook]:
        """Store what ``edit`` makes of a subscription; whom it hears of stays.

        Raises:
            WebhookNotFound: When there is none or the caller may not see it.
            InvalidInput: When it could not be sent to.
        """
        caller.require(Scope.WEBHOOKS_WRITE)
        async with self._changes.making(caller) as change:
            stored = await visible_webhook(change.unit, caller, public_id)
            precondition.check(stored)
            wish = edit(stored)
            with within("name"):
                name = single_line(wish.name, MAX_NAME)
            webhook = replace(
                stored.value,
                name=name,
                url=wish.url,
                event_types=wish.event_types,
                is_active=wish.is_active,
                disabled_reason=None if wish.is_active else stored.value.disabled_reason,
            )
            if webhook.url != stored.value.url:
                self._destinations.check(webhook, caller)
            return await _replace(change, stored, webhook, "webhook.patch")

    async def delete(self, caller: Caller, public_id: str, precondition: Precondition = ANYTHING) -> None:
        """Remove a subscription, and what was on its way to it.

        Raises:
            WebhookNotFound: When there is none or the caller may not see it.
        """
        caller.require(Scope.WEBHOOKS_WRITE)
        async with self._changes.making(caller) as change:
            stored = await visible_webhook(change.unit, caller, public_id)
            precondition.check(stored)
            await change.unit.webhooks.delete(stored)
            change.note("webhook.delete", stored, None)

    async def rotate(
        self, caller: Caller, public_id: str, overlap_seconds: int, precondition: Precondition = ANYTHING
    ) -> tuple[Stored[Webhook], str]:
        """Give a subscription another secret; return it, and the secret for the only time.

        Args:
            caller: Who asks.
            public_id: The subscription.
            overlap_seconds: For how long events are signed with the present one too.
            precondition: What the caller expects to find.

        Raises:
            WebhookNotFound: When there is none or the caller may not see it.
        """
        caller.require(Scope.WEBHOOKS_WRITE)
        if not 0 <= overlap_seconds <= MAX_OVERLAP_SECONDS:
            raise refuse(f"must be between 0 and {MAX_OVERLAP_SECONDS}", "overlap_seconds")
        secret = _new_secret()
        async with self._changes.making(caller) as change:
            stored = await visible_webhook(change.unit, caller, public_id)
            precondition.check(stored)
            overlap = timedelta(seconds=overlap_seconds)
            webhook = replace(
                stored.value,
                secret=self._box.seal(secret),
                previous_secret=stored.value.secret if overlap else None,
                previous_ends_at=change.now + overlap if overlap else None,
            )
            return await _replace(change, stored, webhook, "webhook.rotate"), secret

    async def ping(self, caller: Caller, public_id: str) -> Delivery:
        """Put out a test event to a subscription, active or not; return its delivery.

        Raises:
            WebhookNotFound: When there is none or the caller may not see it.
        """
        caller.require(Scope.WEBHOOKS_WRITE)
        async with self._changes.making(caller) as change:
            stored = await visible_webhook(change.unit, caller, public_id)
            event_id = new_event_id()
            news = News(type=EventType.PING, kind="webhook", subject=public_id)
            await change.unit.deliveries.put_out({event_id: (news, [stored.id])}, change.now)
            change.note("webhook.ping", stored, stored)
            (found,) = await change.unit.deliveries.page(
                DeliveryFilter(event_id=event_id), before=None, limit=1
            )
            return found


async def visible_webhook(unit: UnitOfWork, caller: Caller, public_id: str) -> Stored[Webhook]:
    """Return a subscription that the caller may see.

    Raises:
        WebhookNotFound: When there is none.
    """
    # PostgreSQL cannot even be asked for a text with a NUL in it.
    is_one = _PUBLIC_ID.fullmatch(public_id) is not None
    stored = await unit.webhooks.find(public_id) if is_one else None
    if stored is None or (caller.provider is not None and stored.value.provider != caller.provider):
        raise WebhookNotFound(public_id)
    return stored


async def _provider_id(unit: UnitOfWork, caller: Caller, provider: str | None) -> int | None:
    if provider is None:
        return None
    visible = caller.sees(provider) and is_slug(provider)
    stored = await unit.providers.find(provider) if visible else None
    if stored is None:
        raise ProviderNotFound(provider)
    if await unit.webhooks.count(provider) >= MAX_WEBHOOKS:
        raise refuse(f"must not have more than {MAX_WEBHOOKS} webhooks", "provider")
    return stored.id


async def _replace(change: Change, stored: Stored[Webhook], webhook: Webhook, action: str) -> Stored[Webhook]:
    if webhook == stored.value:
        return stored
    changed = await change.unit.webhooks.replace(stored, webhook, change.now)
    change.note(action, stored, changed)
    return changed


def _new_secret() -> str:
    return write_secret(secrets.token_bytes(SECRET_BYTES))
