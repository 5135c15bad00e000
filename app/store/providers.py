"""Providers with their servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select, update

from app.core.errors import ConcurrentChange, ProviderTaken
from app.core.stored import Stored
from app.store.conflicts import conflicts
from app.store.mapping import provider_from_row, provider_to_row
from app.store.rows import DOMAIN, MAILBOX, PROVIDER
from app.store.servers import PROVIDER_OWNER, insert_servers, replace_servers, servers_of
from app.store.sources import FROM_API

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Select
    from sqlalchemy.ext.asyncio import AsyncConnection

    from app.core.provider import Provider


class Providers:
    """Providers, within one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Take the transaction's connection."""
        self._connection = connection

    async def find(self, slug: str) -> Stored[Provider] | None:
        """Return one provider."""
        found = await self._read(select(PROVIDER).where(PROVIDER.c.slug == slug))
        return found[0] if found else None

    async def named(self, slugs: Sequence[str]) -> dict[str, Stored[Provider]]:
        """Return those of the named providers that are stored, by slug."""
        found = await self._read(select(PROVIDER).where(PROVIDER.c.slug.in_(slugs))) if slugs else []
        return {stored.value.slug: stored for stored in found}

    async def page(self, *, after: str, limit: int, only: str | None) -> list[Stored[Provider]]:
        """Return providers by slug, those behind ``after``; only one where a caller is limited to it."""
        statement = select(PROVIDER).where(PROVIDER.c.slug > after)
        if only is not None:
            statement = statement.where(PROVIDER.c.slug == only)
        return await self._read(statement.order_by(PROVIDER.c.slug).limit(limit))

    async def from_source(self, source: str) -> list[Stored[Provider]]:
        """Return all providers that came from one source."""
        statement = select(PROVIDER).where(PROVIDER.c.source == source)
        return await self._read(statement.order_by(PROVIDER.c.slug))

    async def sources_of(self, slugs: Sequence[str]) -> dict[str, str]:
        """Return where the named providers came from, those that are stored."""
        statement = select(PROVIDER.c.slug, PROVIDER.c.source).where(PROVIDER.c.slug.in_(slugs))
        return {row.slug: row.source for row in await self._connection.execute(statement)}

    async def count(self) -> int:
        """Return how many there are."""
        return (await self._connection.execute(select(func.count()).select_from(PROVIDER))).scalar_one()

    async def _read(self, statement: Select[Any]) -> list[Stored[Provider]]:
        rows = (await self._connection.execute(statement)).mappings().all()
        servers = await servers_of(self._connection, PROVIDER_OWNER, [row["id"] for row in rows])
        return [_stored(row, provider_from_row(row, servers.get(row["id"], ()))) for row in rows]

    async def insert(self, provider: Provider, now: datetime, source: str = FROM_API) -> Stored[Provider]:
        """Store a provider that is not there yet.

        Raises:
            ProviderTaken: When its slug is.
        """
        times = {"created_at": now, "updated_at": now}
        row = {**provider_to_row(provider), "source": source, "version": 1, **times}
        with conflicts(f"The provider {provider.slug}", ProviderTaken(provider.slug)):
            result = await self._connection.execute(insert(PROVIDER).values(row).returning(PROVIDER.c.id))
        provider_id: int = result.scalar_one()
        await insert_servers(self._connection, PROVIDER_OWNER, {provider_id: provider.servers})
        return Stored(id=provider_id, value=provider, version=1, **times)

    async def replace(
        self, stored: Stored[Provider], provider: Provider, now: datetime, source: str = FROM_API
    ) -> Stored[Provider]:
        """Store a provider in place of what was read.

        Raises:
            ConcurrentChange: When it is no longer what was read.
            ProviderTaken: When it takes the slug of another.
        """
        version = stored.version + 1
        statement = (
            update(PROVIDER)
            .where(PROVIDER.c.id == stored.id, PROVIDER.c.version == stored.version)
            .values(**provider_to_row(provider), source=source, version=version, updated_at=now)
        )
        with conflicts(f"The provider {provider.slug}", ProviderTaken(provider.slug)):
            result = await self._connection.execute(statement)
        if result.rowcount != 1:
            raise ConcurrentChange(f"The provider {provider.slug}")
        if provider.servers != stored.value.servers:
            await replace_servers(self._connection, PROVIDER_OWNER, stored.id, provider.servers)
        return Stored(
            id=stored.id, value=provider, version=version, created_at=stored.created_at, updated_at=now
        )

    async def delete(self, stored: Stored[Provider]) -> None:
        """Remove a provider that has no domains.

        Raises:
            ConcurrentChange: When it is no longer what was read.
        """
        with conflicts(f"The provider {stored.value.slug}"):
            result = await self._connection.execute(
                delete(PROVIDER).where(PROVIDER.c.id == stored.id, PROVIDER.c.version == stored.version)
            )
        if result.rowcount != 1:
            raise ConcurrentChange(f"The provider {stored.value.slug}")

    async def domain_count(self, provider_id: int) -> int:
        """Return how many domains point at a provider."""
        statement = select(func.count()).select_from(DOMAIN).where(DOMAIN.c.provider_id == provider_id)
        return (await self._connection.execute(statement)).scalar_one()

    async def mailbox_count(self, provider_id: int) -> int:
        """Return how many mailboxes of a provider's domains differ from their domain."""
        joined = MAILBOX.join(DOMAIN, MAILBOX.c.domain_id == DOMAIN.c.id)
        statement = select(func.count()).select_from(joined).where(DOMAIN.c.provider_id == provider_id)
        return (await self._connection.execute(statement)).scalar_one()


def _stored(row: Mapping[str, Any], provider: Provider) -> Stored[Provider]:
    return Stored(
        id=row["id"],
        value=provider,
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
