"""Which domains are wanted, and in which order."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from app.core.domains import DomainStatus
    from app.core.names import DomainName
    from app.core.reports import State


class DomainOrder(StrEnum):
    """What a list of domains is ordered by; the name decides between equals."""

    NAME = "name"
    UPDATED_AT = "updated_at"
    CREATED_AT = "created_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainQuery:
    """Which domains are wanted; None for any."""

    provider: str | None = None
    status: DomainStatus | None = None
    reference: str | None = None
    node: str | None = None
    """The domain's own value of the variable ``NODE``."""
    alias_of: DomainName | None = None
    updated_since: datetime | None = None
    """Changed at or after this moment."""
    verified: State | None = None
    """What verification says of what clients are given."""
    order: DomainOrder = DomainOrder.NAME
    is_descending: bool = False


ALL_DOMAINS = DomainQuery()
