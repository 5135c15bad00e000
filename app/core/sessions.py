"""Sessions of people on the operator pages: opened with a token, ended with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSpans:
    """How long sessions last."""

    idle: timedelta
    """Without a request."""
    absolute: timedelta
    """In all, however much is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSession:
    """A session without its secret."""

    digest: str
    """Of the secret that the browser keeps."""
    token_id: str
    """The public half of the token that it was opened with."""
    token_digest: str
    """Of that token's secret: a secret that holds no longer takes its sessions with it."""
    created_at: datetime
    seen_at: datetime
    """To the minute or so."""
    expires_at: datetime
