"""Subscriptions to events, and what becomes of each event on its way to one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from app.core.errors import IssueCollector, refuse
from app.core.events import SUBSCRIBABLE, EventType
from app.core.text import single_line, web_url

if TYPE_CHECKING:
    from datetime import datetime

MAX_NAME: Final = 100
DISABLED_AFTER: Final = timedelta(days=5)
DISABLED_AFTER_FAILURES: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A subscription: which events are sent where."""

    public_id: str
    name: str
    url: str
    event_types: frozenset[EventType]
    provider: str | None = None
    """The only provider that it hears of; None for all."""
    is_active: bool = True
    """Whether events are sent; what happens while it is not is never told."""
    disabled_reason: str | None = None
    """Why the service itself made it inactive; None where it did not."""
    secret: str = field(repr=False)
    """As it is stored, which may be sealed."""
    previous_secret: str | None = field(default=None, repr=False)
    """The one before the last rotation."""
    previous_ends_at: datetime | None = None
    """Until when that signs too."""

    def __post_init__(self) -> None:
        """Refuse what cannot be sent to or heard."""
        issues = IssueCollector()
        with issues.at("name"):
            if single_line(self.name, MAX_NAME) != self.name:
                raise refuse("must not start or end with white space")
        with issues.at("url"):
            if "#" in web_url(self.url):
                raise refuse("must not have a fragment: it would not be sent")
        if not self.event_types or not self.event_types <= set(SUBSCRIBABLE):
            issues.add(f"must be one or more of {', '.join(SUBSCRIBABLE)}", "event_types")
        issues.close()

    @property
    def is_plain(self) -> bool:
        """Whether events would be sent without TLS."""
        return urlsplit(self.url).scheme.lower() == "http"

    @property
    def port(self) -> int:
        """The receiver's."""
        return urlsplit(self.url).port or (80 if self.is_plain else 443)

    def record(self) -> dict[str, Any]:
        """Return what may be told of it, as JSON data."""
        ends_at = self.previous_ends_at
        return {
            "name": self.name,
            "url": self.url,
            "event_types": sorted(self.event_types),
            "provider": self.provider,
            "active": self.is_active,
            "disabled_reason": self.disabled_reason,
            "previous_secret_ends_at": None if ends_at is None else ends_at.isoformat(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How deliveries to a subscription go."""

    failures: int = 0
    """Attempts that failed since one succeeded."""
    failing_since: datetime | None = None
    resting_until: datetime | None = None
    """Until when nothing is sent, because attempts failed or the receiver asked for it."""

    def is_given_up(self, now: datetime) -> bool:
        """Tell whether attempts have failed for so long, and so often, that there is no use in more."""
        return (
            self.failing_since is not None
            and now - self.failing_since >= DISABLED_AFTER
            and self.failures >= DISABLED_AFTER_FAILURES
        )


class DeliveryState(StrEnum):
    """How far an event is on its way."""

    PENDING = "pending"
    """Not tried yet, or to be tried again."""
    DELIVERED = "delivered"
    DEAD = "dead"
    """Given up; it can be replayed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event on its way to one subscription."""

    id: int
    webhook: str
    """The subscription's public id."""
    event_id: str
    type: EventType
    subject: str
    at: datetime
    """When the event happened."""
    state: DeliveryState
    attempts: int
    next_attempt_at: datetime | None
    last_attempt_at: datetime | None
    last_status: int | None
    """The receiver's HTTP status, where there was an answer."""
    last_error: str | None
    delivered_at: datetime | None
    document: str = ""
    """What is sent; empty where only the state was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFilter:
    """Which deliveries are wanted; None for any."""

    state: DeliveryState | None = None
    type: EventType | None = None
    webhook: str | None = None
    event_id: str | None = None
    provider: str | None = None
    """Only of subscriptions that are limited to this provider."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeasedDelivery:
    """A delivery that one process has for itself for a while."""

    id: int
    lease: str
    webhook_id: int
    webhook: Webhook
    event_id: str
    type: EventType
    document: str
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """How an attempt ended."""

    at: datetime
    state: DeliveryState
    next_attempt_at: datetime | None
    status: int | None
    error: str | None
