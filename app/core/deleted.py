"""Domains that were deleted and can be brought back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from app.core.domains import Domain
    from app.core.stored import Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletedDomain:
    """A domain as it was when it was deleted."""

    id: int
    domain: Stored[Domain]
    provider_id: int
    mailbox_count: int
    deleted_at: datetime
    deleted_by: str
    """The public half of the token that deleted it."""
