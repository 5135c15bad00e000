"""API tokens as they are stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredToken:
    """A token without its secret."""

    public_id: str
    digest: str
    name: str
    scopes: frozenset[str]
    provider: str | None
    expires_at: datetime | None
    previous_digest: str | None = None
    """Of the secret before the last rotation."""
    previous_ends_at: datetime | None = None
    """Until when that holds too."""
    last_used_at: datetime | None = None
    """To the minute or so; None where it never was."""

    def digests_at(self, now: datetime) -> tuple[str, ...]:
        """Return the digests of the secrets that hold at a moment."""
        if self.expires_at is not None and self.expires_at <= now:
            return ()
        overlaps = self.previous_ends_at is not None and now < self.previous_ends_at
        if overlaps and self.previous_digest is not None:
            return (self.digest, self.previous_digest)
        return (self.digest,)

    def record(self) -> dict[str, Any]:
        """Return what may be told of it, as JSON data."""
        return {
            "name": self.name,
            "scopes": sorted(self.scopes),
            "provider": self.provider,
            "expires_at": _written(self.expires_at),
            "previous_ends_at": _written(self.previous_ends_at),
        }


def _written(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
