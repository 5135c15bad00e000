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


class HostData(Shape):
    """An endpoint of a host, and what was found there."""

    endpoint: str = Field(description="The endpoint's key.")
    protocol: str
    port: int
    state: str
    certificate_expires_at: datetime | None
    findings: list[dict[str, str]] = Field(
        description="Each with its `code`, `severity`, `statement` and `advice`."
    )


class VerificationEvent(Event):
    """What verification found out about a host."""

    type: Literal["host.bad", "host.good", "certificate.expiring"]
    subject: str = Field(description="The host's name.", examples=["srv12.hosting.example"])
    data: HostData


class ChoiceData(Shape):
    """Which of two names is published."""

    hostname: str
    published: Literal["own", "shared"]
    provider: str


class ChoiceEvent(Event):
    """The other of a server's own and its shared host name is published from here on."""

    type: Literal["host.chosen"]
    subject: str = Field(description="The own host name.", examples=["mail.customer.example"])
    data: ChoiceData


class PingEvent(Event):
    """A test that somebody asked for."""

    type: Literal["webhook.ping"]
    subject: str = Field(description="The webhook's id.", examples=["0123456789ab"])
    data: dict[str, Any] = Field(description="Empty.")
