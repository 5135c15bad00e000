"""Locks on what a write relies on beside the rows that it changes itself.

A domain is checked against its provider and its target, a mailbox against its domain, and writes neither:
no version tells that they changed. Whoever relies on one shares it until the end of the transaction,
whoever changes it has it alone, and both read what they check after that, in a statement of its own:
PostgreSQL, where it waited for a row, looks again at that row, and at no other that is joined with it.
Providers come before domains, and domains in the order of their numbers, so that no two writers wait for
each other. In SQLite one writes at a time, and nothing of this is done.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ARRAY, Integer, func, literal, or_, select

from app.store.mass_writing import SQLITE, is_among
from app.store.rows import DOMAIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncConnection

    from app.core.names import DomainName

_PROVIDERS: Final = 720_914
"""Sets the locks of providers apart from other advisory ones."""
_SLOTS: Final = 1024
"""A transaction may be about any number of providers, and the server's table of locks has an end."""


class RelationLocks:
    """Locks of providers and domains, until the end of one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Take the transaction's connection."""
        self._connection = connection
        self.are_needed = connection.dialect.name != SQLITE
        """Whether others may write at the same time."""

    async def share_providers(self, slugs: Iterable[str]) -> None:
        """Have providers stay as they are."""
        await self._lock_providers(func.pg_advisory_xact_lock_shared, slugs)

    async def lock_provider(self, slug: str) -> None:
        """Wait for those who rely on a provider, and have others who are about to wait."""
        await self._lock_providers(func.pg_advisory_xact_lock, [slug])

    async def _lock_providers(self, lock: Callable[..., Any], slugs: Iterable[str]) -> None:
        # Not their rows: whoever shares a row is let in before those who wait to change it, so that bulk
        # requests one after the other would keep a provider from being changed for as long as they last.
        slots = sorted({zlib.crc32(slug.encode()) % _SLOTS for slug in slugs})
        if self.are_needed and slots:
            slot = func.unnest(literal(slots, ARRAY(Integer))).column_valued("slot")
            await self._connection.execute(select(lock(literal(_PROVIDERS, Integer), slot)))

    async def share_domain(self, domain_id: int) -> None:
        """Have a domain stay as it is."""
        if self.are_needed:
            statement = select(DOMAIN.c.id).where(DOMAIN.c.id == domain_id)
            await self._connection.execute(statement.with_for_update(read=True))

    async def keep_named(self, names: Sequence[str]) -> list[int]:
        """Have domains neither changed nor shared by others; return the numbers of those that are stored."""
        return await self._lock(is_among(self._connection, DOMAIN.c.name, names), key_share=True)

    async def lock_domains(self, ids: Sequence[int]) -> None:
        """Have nobody so much as refer to some domains: no mailbox comes, goes or changes."""
        if ids:
            await self._lock(is_among(self._connection, DOMAIN.c.id, ids))

    async def lock_with_aliases(self, domain_id: int) -> None:
        """Have nobody refer to a domain, or change its aliases."""
        await self._lock(or_(DOMAIN.c.id == domain_id, DOMAIN.c.alias_of_id == domain_id))

    async def keep_relations(self, domain_id: int | None, target: DomainName | None) -> None:
        """Have nobody refer to a domain, and what it is to be an alias of stay as it is.

        Args:
            domain_id: The domain; None where it is not stored, or is locked later with its aliases.
            target: What it is to be an alias of.
        """
        if not self.are_needed:
            return
        target_id: int | None = None
        if target is not None:
            named = select(DOMAIN.c.id).where(DOMAIN.c.name == target.ascii)
            target_id = (await self._connection.execute(named)).scalar_one_or_none()
        for one in sorted({number for number in (domain_id, target_id) if number is not None}):
            if one == domain_id:
                await self.lock_domains([one])
            else:
                await self.share_domain(one)

    async def _lock(self, condition: ColumnElement[bool], *, key_share: bool = False) -> list[int]:
        if not self.are_needed:
            return []
        statement = select(DOMAIN.c.id).where(condition).order_by(DOMAIN.c.id)
        locked = await self._connection.execute(statement.with_for_update(key_share=key_share))
        return list(locked.scalars())
