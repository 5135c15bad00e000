"""API tokens, by their public half."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, func, insert, or_, select, update

from app.core.errors import ConcurrentChange
from app.core.stored import Stored
from app.core.tokens import StoredToken
from app.store.conflicts import conflicts
from app.store.rows import PROVIDER, TOKEN

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection


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
        stored = await self.find_stored(public_id)
        return None if stored is None else stored.value

    async def find_stored(self, public_id: str) -> Stored[StoredToken] | None:
        """Return a token with its version and times."""
        row = (await self._connection.execute(_SELECTION.where(TOKEN.c.public_id == public_id))).first()
        return None if row is None else _stored(row)

    async def page(self, *, after: str, limit: int, provider: str | None) -> list[Stored[StoredToken]]:
        """Return tokens by public half, those behind ``after``; of one provider, or all."""
        statement = _SELECTION.where(TOKEN.c.public_id > after).order_by(TOKEN.c.public_id).limit(limit)
        if provider is not None:
            statement = statement.where(PROVIDER.c.slug == provider)
        return [_stored(row) for row in await self._connection.execute(statement)]

    async def of_provider(self, provider_id: int) -> list[Stored[StoredToken]]:
        """Return the tokens that are limited to a provider."""
        statement = _SELECTION.where(TOKEN.c.provider_id == provider_id).order_by(TOKEN.c.id)
        return [_stored(row) for row in await self._connection.execute(statement)]

    async def insert(self, token: StoredToken, provider_id: int | None, now: datetime) -> Stored[StoredToken]:
        """Store a token.

        Raises:
            ConcurrentChange: When the provider that it is limited to is gone.
        """
        statement = (
            insert(TOKEN)
            .values(
                public_id=token.public_id,
                digest=token.digest,
                name=token.name,
                scopes=sorted(token.scopes),
                provider_id=provider_id,
                expires_at=token.expires_at,
                version=1,
                created_at=now,
                updated_at=now,
            )
            .returning(TOKEN.c.id)
        )
        with conflicts("The provider of the token"):
            token_id: int = (await self._connection.execute(statement)).scalar_one()
        return Stored(id=token_id, value=token, version=1, created_at=now, updated_at=now)

    async def replace_secret(
        self, stored: Stored[StoredToken], token: StoredToken, now: datetime
    ) -> Stored[StoredToken]:
        """Store a token's digests, and when it ends, in place of what was read.

        Raises:
            ConcurrentChange: When it is no longer what was read.
        """
        version = stored.version + 1
        result = await self._connection.execute(
            update(TOKEN)
            .where(TOKEN.c.id == stored.id, TOKEN.c.version == stored.version)
            .values(
                digest=token.digest,
                expires_at=token.expires_at,
                previous_digest=token.previous_digest,
                previous_ends_at=token.previous_ends_at,
                version=version,
                updated_at=now,
            )
        )
        if result.rowcount != 1:
            raise ConcurrentChange(f"The token {token.public_id}")
        return Stored(
            id=stored.id, value=token, version=version, created_at=stored.created_at, updated_at=now
        )

    async def delete(self, stored: Stored[StoredToken]) -> None:
        """Remove a token.

        Raises:
            ConcurrentChange: When it is no longer what was read.
        """
        statement = delete(TOKEN).where(TOKEN.c.id == stored.id, TOKEN.c.version == stored.version)
        if (await self._connection.execute(statement)).rowcount != 1:
            raise ConcurrentChange(f"The token {stored.value.public_id}")

    async def note_use(self, public_id: str, at: datetime) -> None:
        """Write when a token was used last, unless a later moment is written already."""
        is_later = or_(TOKEN.c.last_used_at.is_(None), TOKEN.c.last_used_at < at)
        statement = update(TOKEN).where(TOKEN.c.public_id == public_id, is_later)
        await self._connection.execute(statement.values(last_used_at=at))

    async def count(self, provider: str | None = None) -> int:
        """Return how many there are; of one provider, or in all."""
        statement = select(func.count()).select_from(TOKEN)
        if provider is not None:
            joined = TOKEN.join(PROVIDER, TOKEN.c.provider_id == PROVIDER.c.id)
            statement = select(func.count()).select_from(joined).where(PROVIDER.c.slug == provider)
        return (await self._connection.execute(statement)).scalar_one()


def _stored(row: Any) -> Stored[StoredToken]:  # noqa: ANN401 - a row of the selection
    token = StoredToken(
        public_id=row.public_id,
        digest=row.digest,
        name=row.name,
        scopes=frozenset(row.scopes),
        provider=row.slug,
        expires_at=row.expires_at,
        previous_digest=row.previous_digest,
        previous_ends_at=row.previous_ends_at,
        last_used_at=row.last_used_at,
    )
    return Stored(
        id=row.id,
        value=token,
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at or row.created_at,
    )
