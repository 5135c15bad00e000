"""Answers to requests that were sent with a key, kept so that a retry is answered and not done again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.store.rows import IDEMPOTENCY_RECORD

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """The answer to the first request with a key, and what that request was."""

    digest: str
    status: int
    headers: Mapping[str, str]
    body: str


class Idempotency:
    """Records of keys, within one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Take the transaction's connection."""
        self._connection = connection

    async def claim(self, token_id: str, key: str, digest: str, now: datetime) -> bool:
        """Take a key for this transaction; False when it is taken.

        While another transaction holds the key, this waits for that to end.
        """
        values = {"token_id": token_id, "key": key, "digest": digest, "created_at": now}
        # The same words on both, but SQLAlchemy has them in classes without a common parent.
        insert = postgresql.insert if self._connection.dialect.name == "postgresql" else sqlite.insert
        statement = (
            insert(IDEMPOTENCY_RECORD)
            .values(values)
            .on_conflict_do_nothing(index_elements=["token_id", "key"])
            .returning(IDEMPOTENCY_RECORD.c.id)
        )
        return (await self._connection.execute(statement)).first() is not None

    async def keep(self, token_id: str, key: str, answer: KeptAnswer) -> None:
        """Store the answer under a key that this transaction took."""
        await self._connection.execute(
            update(IDEMPOTENCY_RECORD)
            .where(IDEMPOTENCY_RECORD.c.token_id == token_id, IDEMPOTENCY_RECORD.c.key == key)
            .values(status=answer.status, headers=dict(answer.headers), body=answer.body)
        )

    async def find(self, token_id: str, key: str, since: datetime | None = None) -> KeptAnswer | None:
        """Return the answer under a key; None for one from before a moment, too."""
        record = IDEMPOTENCY_RECORD.c
        statement = select(record.digest, record.status, record.headers, record.body).where(
            record.token_id == token_id, record.key == key
        )
        if since is not None:
            statement = statement.where(record.created_at >= since)
        row = (await self._connection.execute(statement)).mappings().first()
        return None if row is None else KeptAnswer(**row)

    async def release(self, token_id: str, key: str, before: datetime) -> None:
        """Remove a record from before a moment."""
        record = IDEMPOTENCY_RECORD.c
        await self._connection.execute(
            delete(IDEMPOTENCY_RECORD).where(
                record.token_id == token_id, record.key == key, record.created_at < before
            )
        )

    async def forget(self, before: datetime) -> int:
        """Remove all records from before a moment; return how many."""
        statement = delete(IDEMPOTENCY_RECORD).where(IDEMPOTENCY_RECORD.c.created_at < before)
        return (await self._connection.execute(statement)).rowcount
