"""Webhooks and their deliveries in JSON."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field

from app.api.schemas.rules import HookUrl, Line100, Slug
from app.api.schemas.shapes import Boolean, Integer, Listing, Shape, StoredShape, without_required
from app.core.events import SUBSCRIBABLE, EventType
from app.core.webhooks import DeliveryState
from app.services.webhooks import MAX_OVERLAP_SECONDS, WebhookWish

if TYPE_CHECKING:
    from app.core.stored import Stored
    from app.core.webhooks import Delivery, Webhook


def _subscribable(event_type: EventType) -> EventType:
    if event_type not in SUBSCRIBABLE:
        message = f"must be one of {', '.join(SUBSCRIBABLE)}"
        raise ValueError(message)
    return event_type


Subscribable = Annotated[
    EventType,
    AfterValidator(_subscribable),
    Field(json_schema_extra={"enum": [one.value for one in SUBSCRIBABLE]}),
]


class WebhookBody(Shape):
    """What can be changed of a webhook."""

    name: Line100 = Field(description="What it is for.", examples=["Billing"])
    url: HookUrl = Field(
        description="Where events are posted to: `https`, and `http` where the operator allows it. "
        "With a token that is limited to a provider at port 443, 8080 or 8443 (80 with `http`). "
        "Redirects are not followed.",
    )
    event_types: list[Subscribable] = Field(
        description="Which events. Those of hosts and certificates come from verification.", min_length=1
    )
    active: Boolean = Field(
        default=True,
        description="Whether events are sent. What happens while it is not is never told; what was on its "
        "way before waits.",
    )


class WebhookCreate(WebhookBody):
    """A webhook to be made."""

    provider: Slug | None = Field(
        default=None,
        description="The only provider that it hears of. Null for all; for the one that your token is "
        "limited to, if it is.",
        examples=["demo"],
    )


class WebhookRotate(Shape):
    """How a webhook's secret is replaced."""

    overlap_seconds: Integer = Field(
        default=3600,
        ge=0,
        le=MAX_OVERLAP_SECONDS,
        description="For how long events are signed with the present secret too.",
    )


class WebhookRead(StoredShape):
    """A webhook without its secret."""

    id: str = Field(examples=["0123456789ab"])
    name: str
    url: str
    event_types: list[EventType]
    provider: str | None
    active: bool
    disabled_reason: str | None = Field(
        description="Why the service itself turned it off; null where it did not. `active: true` turns it on."
    )
    previous_secret_ends_at: datetime | None = Field(
        description="Until when events are signed with the secret before the last rotation too."
    )


class WebhookCreated(WebhookRead):
    """A webhook with its secret."""

    secret: str | None = Field(
        description="What signatures are checked with, shown this once: null in a dry run, and when the "
        "answer is replayed for an `Idempotency-Key`. Who lost it rotates it."
    )


class WebhookItem(WebhookRead):
    """A webhook, or those fields of it that were asked for."""

    model_config = ConfigDict(json_schema_extra=without_required)


class WebhookPage(Listing[WebhookItem]):
    """Some of the webhooks, by id."""


class DeliveryRead(Shape):
    """One event on its way to one webhook."""

    id: int
    webhook: str = Field(description="The webhook's id.", examples=["0123456789ab"])
    event: str = Field(
        description="The event's id, in `webhook-id`: the same in each attempt and after a replay.",
        examples=["evt_5f2b7d3c9e1a4b6d8f0a2c4e6b8d0f1a"],
    )
    type: EventType
    subject: str = Field(description="What it happened to.", examples=["customer.example"])
    at: datetime = Field(description="When it happened.")
    state: DeliveryState = Field(
        description="`pending`: not tried yet, or to be tried again; `dead`: given up, and can be replayed."
    )
    attempts: int
    next_attempt_at: datetime | None
    last_attempt_at: datetime | None
    last_status: int | None = Field(description="The receiver's HTTP status, where there was an answer.")
    last_error: str | None = Field(
        description="What was wrong, as the end of a sentence about the receiver.", examples=["answered 500"]
    )
    delivered_at: datetime | None


class DeliveryDetail(DeliveryRead):
    """A delivery with what is sent."""

    document: dict[str, Any] = Field(description="The body of the request.")


class DeliveryItem(DeliveryRead):
    """A delivery, or those fields of it that were asked for."""

    model_config = ConfigDict(json_schema_extra=without_required)


class DeliveryPage(Listing[DeliveryItem]):
    """Some of the deliveries, the newest first."""


class ReplayRead(Shape):
    """What is sent once more."""

    replayed: int = Field(description="How many deliveries that were given up.")


def webhook_to_wish(body: WebhookBody, provider: str | None = None) -> WebhookWish:
    """Read what is wanted."""
    return WebhookWish(
        name=body.name,
        url=body.url,
        event_types=frozenset(body.event_types),
        provider=provider,
        is_active=body.active,
    )


def webhook_to_read(stored: Stored[Webhook]) -> WebhookRead:
    """Write a webhook as JSON has it."""
    webhook = stored.value
    return WebhookRead(
        id=webhook.public_id,
        name=webhook.name,
        url=webhook.url,
        event_types=sorted(webhook.event_types),
        provider=webhook.provider,
        active=webhook.is_active,
        disabled_reason=webhook.disabled_reason,
        previous_secret_ends_at=webhook.previous_ends_at,
        version=stored.version,
        created_at=stored.created_at,
        updated_at=stored.updated_at,
    )


def _members(delivery: Delivery) -> dict[str, Any]:
    names = (
        "id", "webhook", "type", "subject", "at", "state", "attempts", "next_attempt_at",
        "last_attempt_at", "last_status", "last_error", "delivered_at",
    )  # fmt: skip
    return {"event": delivery.event_id, **{name: getattr(delivery, name) for name in names}}


def delivery_to_read(delivery: Delivery) -> DeliveryRead:
    """Write a delivery as JSON has it."""
    return DeliveryRead(**_members(delivery))


def delivery_to_detail(delivery: Delivery) -> DeliveryDetail:
    """Write a delivery with its document as JSON has it."""
    return DeliveryDetail(**_members(delivery), document=json.loads(delivery.document))
