"""What the audit keeps: who changed what, when, and from what to what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One change of one resource."""

    id: int = 0
    """Grows from entry to entry; 0 before it is stored."""
    at: datetime
    token_id: str
    """The public half of the token that made the change; ``console`` for the command line."""
    token_name: str
    request_id: str | None
    action: str
    """Kind and verb, such as ``domain.put``."""
    kind: str
    resource: str
    """The resource's own key: a domain's name, a provider's slug, an address, a token's public half."""
    provider: str | None
    """Whose resource it is; None for what belongs to no provider."""
    before: Mapping[str, Any] | None
    """None where it was not there, or not this provider's."""
    after: Mapping[str, Any] | None
    """None where it is gone, or no longer this provider's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which entries are wanted; None for any."""

    kind: str | None = None
    resource: str | None = None
    provider: str | None = None
    token_id: str | None = None
    action: str | None = None
    request_id: str | None = None
    since: datetime | None = None
    """At or after this moment."""
    until: datetime | None = None
    """Before this moment."""
