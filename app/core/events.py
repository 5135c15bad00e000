"""What is told to subscribers: types with stable names, who hears of what, and the document that is sent.

The document has the members that Standard Webhooks recommends: ``type``, ``timestamp`` (of the event,
not of the attempt) and ``data``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from app.core.domains import DomainStatus

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from app.core.records import Record


class EventType(StrEnum):
    """What can happen; the names are part of the API and never change."""

    DOMAIN_CREATED = "domain.created"
    DOMAIN_CHANGED = "domain.changed"
    DOMAIN_SUSPENDED = "domain.suspended"
    DOMAIN_RESUMED = "domain.resumed"
    DOMAIN_MOVED = "domain.moved"
    DOMAIN_DELETED = "domain.deleted"
    DOMAIN_RESTORED = "domain.restored"
    PROVIDER_CHANGED = "provider.changed"
    HOST_BAD = "host.bad"
    HOST_GOOD = "host.good"
    HOST_CHOSEN = "host.chosen"
    """Of a server's own and its shared host name, the other one is published from here on."""
    CERTIFICATE_EXPIRING = "certificate.expiring"
    PING = "webhook.ping"
    """A test that somebody asked for; nobody subscribes to it."""


# Made once: json.dumps would make an encoder for each event.
_encoded: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
SUBSCRIBABLE: Final = tuple(one for one in EventType if one is not EventType.PING)


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """Something that happened, and who may hear of it."""

    type: EventType
    kind: str
    """Of what it happened to, as in the audit: ``domain``, ``provider``."""
    subject: str
    """The key of what it happened to: a name, a slug."""
    data: Mapping[str, Any] = field(default_factory=dict)
    providers: frozenset[str] = frozenset()
    """Whose it is: subscriptions that are limited to one of these hear of it."""
    is_for_all: bool = True
    """Whether subscriptions without a limit hear of it."""

    def reaches(self, provider: str | None) -> bool:
        """Tell whether a subscription with this limit may hear of it."""
        return self.is_for_all if provider is None else provider in self.providers

    @property
    def lane(self) -> str:
        """What is told to a subscriber in the order in which it happened."""
        return f"{self.kind}:{self.subject}"

    def document(self, at: datetime) -> str:
        """Return what is sent: JSON without white space, the same for every attempt."""
        content = {
            "type": self.type.value,
            "timestamp": at.isoformat().replace("+00:00", "Z"),
            "subject": self.subject,
            "data": dict(self.data),
        }
        return _encoded(content)


def domain_news(action: str, before: Record | None, after: Record | None) -> tuple[News, ...]:
    """Return the news of a domain's change.

    A change of hands is told three times: whole to those who see all providers, and to each of the two
    providers without what is the other's.

    Args:
        action: The audit's word for the change.
        before: The domain as it was; None where it was not there.
        after: The domain as it is; None where it is gone.
    """
    present = after or before
    assert present is not None, "a change of nothing"  # noqa: S101
    subject = present["name"]
    event_type = _domain_event(action, before, after)

    def news(old: Record | None, new: Record | None, *providers: str, is_for_all: bool = True) -> News:
        return News(
            type=event_type,
            kind="domain",
            subject=subject,
            data={"before": old, "after": new},
            providers=frozenset(providers),
            is_for_all=is_for_all,
        )

    if before is None or after is None or before["provider"] == after["provider"]:
        return (news(before, after, present["provider"]),)
    return (
        news(before, after),
        news(before, None, before["provider"], is_for_all=False),
        news(None, after, after["provider"], is_for_all=False),
    )


def _domain_event(action: str, before: Record | None, after: Record | None) -> EventType:
    if before is None:
        return EventType.DOMAIN_RESTORED if action == "domain.restore" else EventType.DOMAIN_CREATED
    if after is None:
        return EventType.DOMAIN_DELETED
    if before["provider"] != after["provider"] or action == "domain.move":
        return EventType.DOMAIN_MOVED
    if before["status"] == after["status"]:
        return EventType.DOMAIN_CHANGED
    is_suspended = after["status"] == DomainStatus.SUSPENDED.value
    return EventType.DOMAIN_SUSPENDED if is_suspended else EventType.DOMAIN_RESUMED


def provider_news(before: Record | None, after: Record | None) -> tuple[News, ...]:
    """Return the news of a provider's change, its coming and its going among them."""
    present = after or before
    assert present is not None, "a change of nothing"  # noqa: S101
    slug = present["slug"]
    data = {"before": before, "after": after}
    return (
        News(
            type=EventType.PROVIDER_CHANGED,
            kind="provider",
            subject=slug,
            data=data,
            providers=frozenset({slug}),
        ),
    )
