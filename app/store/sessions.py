"""Sessions of the operator pages, by the digests of their secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, or_, select, update

from app.core.sessions import StoredSession
from app.store.conflicts import conflicts
from app.store.rows import SESSION, TOKEN

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection


class Sessions:
    """Sessions, within one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Take the transaction's connection."""
        self._connection = connection

    async def find(self, digest: str) -> StoredSession | None:
        """Return a session; none outlives its token."""
        joined = SESSION.join(TOKEN, SESSION.c.token_id == TOKEN.c.id)
        statement = select(SESSION, TOKEN.c.public_id).select_from(joined).where(SESSION.c.digest == digest)
        row = (await self._connection.execute(statement)).first()
        if row is None:
            return None
        return StoredSession(
            digest=row.digest,
            token_id=row.public_id,
            token_digest=row.token_digest,
            created_at=row.created_at,
            seen_at=row.seen_at,
            expires_at=row.expires_at,
        )

    async def insert(self, session: StoredSession, token_id: int) -> None:
        """Store a session of a token.

        Raises:
            ConcurrentChange: When the token is gone.
        """
        statement = insert(SESSION).values(
            digest=session.digest,
            token_id=token_id,
            token_digest=session.token_digest,
            created_at=session.created_at,
            seen_at=session.seen_at,
            expires_at=session.expires_at,
        )
        with conflicts("The token"):
            await self._connection.execute(statement)

    async def note_use(self, digest: str, at: datetime) -> None:
        """Write when a session was used last, unless a later moment is written already."""
        statement = update(SESSION).where(SESSION.c.digest == digest, SESSION.c.seen_at < at)
        await self._connection.execute(statement.values(seen_at=at))

    async def delete(self, digest: str) -> None:
        """Remove a session, if it is there."""
        await self._connection.execute(delete(SESSION).where(SESSION.c.digest == digest))

    async def forget(self, now: datetime, seen_before: datetime) -> int:
        """Remove sessions whose time is up, or that nobody used since a moment; return how many."""
        is_over = or_(SESSION.c.expires_at <= now, SESSION.c.seen_at < seen_before)
        return (await self._connection.execute(delete(SESSION).where(is_over))).rowcount
