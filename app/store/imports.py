"""Domains as imports write them: by the thousand, and only those that an import wrote before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, exists, insert, or_, select, update

from app.core.errors import ConcurrentChange
from app.core.names import DomainName
from app.store.conflicts import conflicts
from app.store.rows import DOMAIN, MAILBOX, PROVIDER
from app.store.sources import FROM_ISPDB

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from app.core.account import ListedDomain

_CHUNK = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedDomain:
    """A stored domain, as far as an import looks at it."""

    name: DomainName
    provider: str
    serves_mx: bool
    source: str
    version: int


class Imports:
    """Domains in bulk, within one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Take the transaction's connection."""
        self._connection = connection

    async def domains_named(self, names: Sequence[DomainName]) -> dict[DomainName, ImportedDomain]:
        """Return those of the named domains that are stored."""
        found: dict[DomainName, ImportedDomain] = {}
        for chunk in _chunks(names):
            found.update(await self._read(DOMAIN.c.name.in_(chunk)))
        return found

    async def domains_from_source(self, source: str) -> dict[DomainName, ImportedDomain]:
        """Return all domains that came from one source."""
        return await self._read(DOMAIN.c.source == source)

    async def domains_in_use(self, names: Sequence[DomainName]) -> set[DomainName]:
        """Return those of the named domains that have aliases, or mailboxes of their own."""
        alias = DOMAIN.alias("alias")
        has_alias = exists().where(alias.c.alias_of_id == DOMAIN.c.id)
        has_mailbox = exists().where(MAILBOX.c.domain_id == DOMAIN.c.id)
        return await self._named_where(names, or_(has_alias, has_mailbox))

    async def alias_targets(self, names: Sequence[DomainName]) -> set[DomainName]:
        """Return those of the named domains that have aliases."""
        alias = DOMAIN.alias("alias")
        return await self._named_where(names, exists().where(alias.c.alias_of_id == DOMAIN.c.id))

    async def _named_where(self, names: Sequence[DomainName], condition: Any) -> set[DomainName]:  # noqa: ANN401 - SQL
        found: set[DomainName] = set()
        for chunk in _chunks(names):
            statement = select(DOMAIN.c.name).where(DOMAIN.c.name.in_(chunk), condition)
            found.update(DomainName(name) for (name,) in await self._connection.execute(statement))
        return found

    async def _read(self, condition: Any) -> dict[DomainName, ImportedDomain]:  # noqa: ANN401 - SQL
        columns = (
            DOMAIN.c.name,
            PROVIDER.c.slug,
            DOMAIN.c.serves_mx,
            DOMAIN.c.source,
            DOMAIN.c.version,
        )
        joined = DOMAIN.join(PROVIDER, DOMAIN.c.provider_id == PROVIDER.c.id)
        statement = select(*columns).select_from(joined).where(condition).order_by(DOMAIN.c.id)
        return {
            (name := DomainName(row.name)): ImportedDomain(
                name=name,
                provider=row.slug,
                serves_mx=row.serves_mx,
                source=row.source,
                version=row.version,
            )
            for row in await self._connection.execute(statement)
        }

    async def insert(self, provider_id: int, listed: Sequence[ListedDomain], now: datetime) -> None:
        """Store domains that are nothing but a provider's.

        Raises:
            ConcurrentChange: When one of them is stored already, or the provider is gone.
        """
        rows: list[dict[str, Any]] = [
            {
                "name": domain.name.ascii,
                "provider_id": provider_id,
                "alias_of_id": None,
                "variables": {},
                "status": "active",
                "published_name": "automatic",
                "reference": None,
                "serves_mx": domain.serves_mx,
                "source": FROM_ISPDB,
                "version": 1,
                "created_at": now,
                "updated_at": now,
            }
            for domain in listed
        ]
        if rows:
            with conflicts("One of the domains"):
                await self._connection.execute(insert(DOMAIN), rows)

    async def update(self, provider_id: int, domain: ListedDomain, now: datetime) -> None:
        """Point an imported domain at another provider, or change whether it serves MX look-ups.

        Raises:
            ConcurrentChange: When it is no longer an import's, or the provider is gone.
        """
        statement = (
            update(DOMAIN)
            .where(DOMAIN.c.name == domain.name.ascii, DOMAIN.c.source == FROM_ISPDB)
            .values(
                provider_id=provider_id,
                serves_mx=domain.serves_mx,
                version=DOMAIN.c.version + 1,
                updated_at=now,
            )
        )
        with conflicts(f"The domain {domain.name}"):
            result = await self._connection.execute(statement)
        if result.rowcount != 1:
            raise ConcurrentChange(f"The domain {domain.name}")

    async def keep_movable(self, names: Sequence[DomainName]) -> None:
        """Have domains that go to another provider get no aliases, which would stay behind.

        Raises:
            ConcurrentChange: When one of them has some by now.
        """
        for chunk in _chunks(names):
            statement = select(DOMAIN.c.id).where(DOMAIN.c.name.in_(chunk)).order_by(DOMAIN.c.id)
            await self._connection.execute(statement.with_for_update())
        if await self.alias_targets(names):
            raise ConcurrentChange("One of the domains")

    async def delete(self, names: Sequence[DomainName]) -> None:
        """Remove imported domains that nothing refers to.

        Raises:
            ConcurrentChange: When one of them is no longer an import's, or is in use.
        """
        for chunk in _chunks(names):
            named = DOMAIN.c.name.in_(chunk)
            # A mailbox that is being added would go with its domain: wait for it, then look.
            await self._connection.execute(
                select(DOMAIN.c.id).where(named).order_by(DOMAIN.c.id).with_for_update()
            )
            if await self.domains_in_use([DomainName(name) for name in chunk]):
                raise ConcurrentChange("One of the domains")
            statement = delete(DOMAIN).where(named, DOMAIN.c.source == FROM_ISPDB)
            if (await self._connection.execute(statement)).rowcount != len(chunk):
                raise ConcurrentChange("One of the domains")


def _chunks(names: Sequence[DomainName]) -> list[list[str]]:
    texts = [name.ascii for name in names]
    return [texts[start : start + _CHUNK] for start in range(0, len(texts), _CHUNK)]
