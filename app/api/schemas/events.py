"""The documents that webhooks carry."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from app.api.schemas.shapes import Shape


class ChangeData(Shape):
    """A resource before and after its change, as in the audit, each with its version."""

    before: dict[str, Any] | None = Field(
        description="Null where it was not there, or not this webhook's provider's."
    )
    after: dict[str, Any] | None = Field(
        description="Null where it is gone, or no longer this webhook's provider's."
    )


class Event(Shape):
    """What happened."""

    timestamp: datetime = Field(description="When it happened, not when it was sent.")
    subject: str = Field(description="What it happened to.")


class DomainEvent(Event):
    """A domain's change."""

    type: Literal[
        "domain.created", "domain.changed", "domain.suspended", "domain.resumed", "domain.moved",
        "domain.deleted", "domain.restored",
    ]  # fmt: skip
    subject: str = Field(description="The domain's name.", examples=["customer.example"])
    data: ChangeData


class ProviderEvent(Event):
    """A provider's change, its coming and its going among them."""

    type: Literal["provider.changed"]
    subject: str = Field(description="The provider's slug.", examples=["demo"])
    data: ChangeData


class VerificationEvent(Event):
    """What verification found out about a host."""

    type: Literal["host.bad", "host.good", "certificate.expiring"]
    subject: str = Field(description="The host's name.", examples=["srv12.hosting.example"])
    data: dict[str, Any]


class PingEvent(Event):
    """A test that somebody asked for."""

    type: Literal["webhook.ping"]
    subject: str = Field(description="The webhook's id.", examples=["0123456789ab"])
    data: dict[str, Any] = Field(description="Empty.")
