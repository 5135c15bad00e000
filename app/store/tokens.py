"""API tokens, by their public half."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, insert, select

from app.core.stored import Stored
from app.store.conflicts import conflicts
from app.store.rows import PROVIDER, TOKEN

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredToken:
    """A token without its secret."""

    public_id: str
    digest: str
    name: str
    scopes: frozenset[str]
    provider: str | None
    expires_at: datetime | None

    def record(self) -> dict[str, Any]:
        """Return what may be told of it, as JSON data."""
        return {
            "name": self.name,
            "scopes": sorted(self.scopes),
            "provider": self.provider,
            "expires_at": None if self.expires_at is None else self.expires_at.isoformat(),
        }


_SELECTION: Final = select(TOKEN, PROVIDER.c.slug).select_from(
    TOKEN.outerjoin(PROVIDER, TOKEN.c.provider_id == PROVIDER.c.id)
)


class Tokens:
    """API tokens, within one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Take the transaction's connection."""
        self._connection = connection

    async def find(self, public_id: str) -> StoredToken | None:
        """Return a token."""
        row = (await self._connection.execute(_SELECTION.where(TOKEN.c.public_id == public_id))).first()
        return None if row is None else _stored(row).value

    async def of_provider(self, provider_id: int) -> list[Stored[StoredToken]]:
        """Return the tokens that are limited to a provider."""
        statement = _SELECTION.where(TOKEN.c.provider_id == provider_id).order_by(TOKEN.c.id)
        return [_stored(row) for row in await self._connection.execute(statement)]

    async def insert(self, token: StoredToken, provider_id: int | None, now: datetime) -> None:
        """Store a token.

        Raises:
            ConcurrentChange: When the provider that it is limited to is gone.
        """
        statement = insert(TOKEN).values(
            public_id=token.public_id,
            digest=token.digest,
            name=token.name,
            scopes=sorted(token.scopes),
            provider_id=provider_id,
            expires_at=token.expires_at,
            created_at=now,
        )
        with conflicts("The provider of the token"):
            await self._connection.execute(statement)

    async def count(self) -> int:
        """Return how many there are."""
        return (await self._connection.execute(select(func.count()).select_from(TOKEN))).scalar_one()


def _stored(row: Any) -> Stored[StoredToken]:  # noqa: ANN401 - a row of the selection
    token = StoredToken(
        public_id=row.public_id,
        digest=row.digest,
        name=row.name,
        scopes=frozenset(row.scopes),
        provider=row.slug,
        expires_at=row.expires_at,
    )
    return Stored(id=row.id, value=token, version=1, created_at=row.created_at, updated_at=row.created_at)
