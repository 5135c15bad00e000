"""Domains with their own servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select, update

from app.core.errors import ConcurrentChange, DomainTaken
from app.core.stored import Stored
from app.store.conflicts import conflicts
from app.store.mapping import domain_from_row, domain_to_row
from app.store.rows import DOMAIN, PROVIDER
from app.store.servers import DOMAIN_OWNER, insert_servers, replace_servers, servers_of
from app.store.sources import FROM_API

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Select
    from sqlalchemy.ext.asyncio import AsyncConnection

    from app.core.domains import Domain
    from app.core.names import DomainName

_TARGET = DOMAIN.alias("target")


def _selection() -> Select[Any]:
    joined = DOMAIN.join(PROVIDER, DOMAIN.c.provider_id == PROVIDER.c.id).outerjoin(
        _TARGET, DOMAIN.c.alias_of_id == _TARGET.c.id
    )
    columns = (DOMAIN, PROVIDER.c.slug.label("provider_slug"), _TARGET.c.name.label("alias_name"))
    return select(*columns).select_from(joined)


class Domains:
    """Domains, within one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Take the transaction's connection."""
        self._connection = connection

    async def find(self, name: DomainName) -> Stored[Domain] | None:
        """Return one domain."""
        found = await self._read(_selection().where(DOMAIN.c.name == name.ascii))
        return found[0] if found else None

    async def page(self, *, after: str, limit: int, provider: str | None) -> list[Stored[Domain]]:
        """Return domains by name, those behind ``after``; of one provider, or of all."""
        statement = _selection().where(DOMAIN.c.name > after).order_by(DOMAIN.c.name).limit(limit)
        if provider is not None:
            statement = statement.where(PROVIDER.c.slug == provider)
        return await self._read(statement)

    async def count(self) -> int:
        """Return how many there are."""
        return (await self._connection.execute(select(func.count()).select_from(DOMAIN))).scalar_one()

    async def _read(self, statement: Select[Any]) -> list[Stored[Domain]]:
        rows = (await self._connection.execute(statement)).mappings().all()
        servers = await servers_of(self._connection, DOMAIN_OWNER, [row["id"] for row in rows])
        return [_stored(row, domain_from_row(row, servers.get(row["id"], ()))) for row in rows]

    async def insert(
        self, domain: Domain, provider_id: int, alias_of_id: int | None, now: datetime
    ) -> Stored[Domain]:
        """Store a domain that is not there yet.

        Raises:
            DomainTaken: When its name is.
        """
        times = {"created_at": now, "updated_at": now}
        row = {
            **domain_to_row(domain, provider_id, alias_of_id),
            "source": FROM_API,
            "version": 1,
            **times,
        }
        with conflicts(f"The domain {domain.name}", DomainTaken(domain.name.ascii)):
            result = await self._connection.execute(insert(DOMAIN).values(row).returning(DOMAIN.c.id))
        domain_id: int = result.scalar_one()
        await insert_servers(self._connection, DOMAIN_OWNER, {domain_id: domain.servers})
        return Stored(id=domain_id, value=domain, version=1, **times)

    async def replace(
        self,
        stored: Stored[Domain],
        domain: Domain,
        provider_id: int,
        alias_of_id: int | None,
        now: datetime,
    ) -> Stored[Domain]:
        """Store a domain in place of what was read.

        Raises:
            ConcurrentChange: When it is no longer what was read, or what it refers to is gone.
            DomainTaken: When it takes the name of another.
        """
        version = stored.version + 1
        statement = (
            update(DOMAIN)
            .where(DOMAIN.c.id == stored.id, DOMAIN.c.version == stored.version)
            .values(
                **domain_to_row(domain, provider_id, alias_of_id),
                source=FROM_API,
                version=version,
                updated_at=now,
            )
        )
        with conflicts(f"The domain {domain.name}", DomainTaken(domain.name.ascii)):
            result = await self._connection.execute(statement)
        if result.rowcount != 1:
            raise ConcurrentChange(f"The domain {domain.name}")
        if domain.servers != stored.value.servers:
            await replace_servers(self._connection, DOMAIN_OWNER, stored.id, domain.servers)
        return Stored(
            id=stored.id, value=domain, version=version, created_at=stored.created_at, updated_at=now
        )

    async def delete(self, stored: Stored[Domain]) -> None:
        """Remove a domain that no other is an alias of, with its mailboxes and servers.

        Raises:
            ConcurrentChange: When it is no longer what was read.
        """
        with conflicts(f"The domain {stored.value.name}"):
            result = await self._connection.execute(
                delete(DOMAIN).where(DOMAIN.c.id == stored.id, DOMAIN.c.version == stored.version)
            )
        if result.rowcount != 1:
            raise ConcurrentChange(f"The domain {stored.value.name}")

    async def alias_count(self, domain_id: int) -> int:
        """Return how many domains are aliases of this one."""
        statement = select(func.count()).select_from(DOMAIN).where(DOMAIN.c.alias_of_id == domain_id)
        return (await self._connection.execute(statement)).scalar_one()


def _stored(row: Mapping[str, Any], domain: Domain) -> Stored[Domain]:
    return Stored(
        id=row["id"],
        value=domain,
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
