"""API tokens, by their public half."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select

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


class Tokens:
    """API tokens, within one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Take the transaction's connection."""
        self._connection = connection

    async def find(self, public_id: str) -> StoredToken | None:
        """Return a token."""
        joined = TOKEN.outerjoin(PROVIDER, TOKEN.c.provider_id == PROVIDER.c.id)
        statement = select(TOKEN, PROVIDER.c.slug).select_from(joined).where(TOKEN.c.public_id == public_id)
        row = (await self._connection.execute(statement)).first()
        if row is None:
            return None
        return StoredToken(
            public_id=row.public_id,
            digest=row.digest,
            name=row.name,
            scopes=frozenset(row.scopes),
            provider=row.slug,
            expires_at=row.expires_at,
        )

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
