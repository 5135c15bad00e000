"""API tokens in JSON."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import ConfigDict, Field

from app.api.schemas.rules import Line100, Slug
from app.api.schemas.shapes import Integer, Listing, Shape, StoredShape, without_required
from app.services.callers import Scope
from app.services.tokens import MAX_EXPIRES_DAYS, MAX_OVERLAP_SECONDS

if TYPE_CHECKING:
    from app.core.stored import Stored
    from app.core.tokens import StoredToken


class TokenCreate(Shape):
    """A token to be made."""

    name: Line100 = Field(description="What it is for.", examples=["Billing"])
    scopes: list[Scope] = Field(description="What it may do; only what your own token may.", min_length=1)
    provider: Slug | None = Field(
        default=None,
        description="The only provider that it sees. Null for all; for the one that your own token is "
        "limited to, if it is.",
        examples=["demo"],
    )
    expires_days: Integer | None = Field(
        default=None,
        ge=1,
        le=MAX_EXPIRES_DAYS,
        description="After how many days it ends; null for never. It ends with your own token at the latest, "
        "as `expires_at` of the answer shows.",
    )


class TokenRotate(Shape):
    """How a token's secret is replaced."""

    overlap_seconds: Integer = Field(
        default=3600,
        ge=0,
        le=MAX_OVERLAP_SECONDS,
        description="For how long the present secret holds beside the next one.",
    )


class TokenRead(StoredShape):
    """A token without its secret."""

    id: str = Field(examples=["0123456789ab"])
    name: str
    scopes: list[Scope]
    provider: str | None
    expires_at: datetime | None
    previous_ends_at: datetime | None = Field(
        description="Until when the secret before the last rotation holds too."
    )
    last_used_at: datetime | None = Field(description="To the minute or so; null where it never was.")


class TokenCreated(TokenRead):
    """A token with its secret."""

    token: str | None = Field(
        description="What to send as bearer, shown this once: null in a dry run, and when the answer is "
        "replayed for an `Idempotency-Key`. Who lost it rotates the token."
    )


class TokenItem(TokenRead):
    """A token, or those fields of it that were asked for."""

    model_config = ConfigDict(json_schema_extra=without_required)


class TokenPage(Listing[TokenItem]):
    """Some of the tokens, by id."""


def token_to_read(stored: Stored[StoredToken]) -> TokenRead:
    """Write a token as JSON has it."""
    token = stored.value
    return TokenRead(
        id=token.public_id,
        name=token.name,
        scopes=sorted(map(Scope, token.scopes)),
        provider=token.provider,
        expires_at=token.expires_at,
        previous_ends_at=token.previous_ends_at,
        last_used_at=token.last_used_at,
        version=stored.version,
        created_at=stored.created_at,
        updated_at=stored.updated_at,
    )
