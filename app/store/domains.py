"""Domains with their own servers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, func, insert, literal_column, or_, select, update

from app.core.domains import DomainStatus
from app.core.errors import ConcurrentChange, DomainTaken
from app.core.queries import ALL_DOMAINS, DomainOrder
from app.core.stored import Stored
from app.store.conflicts import conflicts
from app.store.mapping import domain_from_row, domain_to_row
from app.store.rows import COHORT, DOMAIN, PROVIDER
from app.store.servers import DOMAIN_OWNER, insert_servers, replace_servers, servers_of
from app.store.sources import FROM_API

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Column, ColumnElement, Select
    from sqlalchemy.ext.asyncio import AsyncConnection

    from app.core.domains import Domain
    from app.core.names import DomainName
    from app.core.queries import DomainQuery
    from app.core.servers import Server

TARGET = DOMAIN.alias("target")
# Written out, not a parameter, so that the index of these few is taken.
IS_SUSPENDED: Final = DOMAIN.c.status == literal_column("'suspended'")


def selection() -> Select[Any]:
    """Return the statement that reads domains with what is looked up beside them."""
    joined = DOMAIN.join(PROVIDER, DOMAIN.c.provider_id == PROVIDER.c.id).outerjoin(
        TARGET, DOMAIN.c.alias_of_id == TARGET.c.id
    )
    columns = (DOMAIN, PROVIDER.c.slug.label("provider_slug"), TARGET.c.name.label("alias_name"))
    return select(*columns).select_from(joined)


class Domains:
    """Domains, within one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Take the transaction's connection."""
        self._connection = connection

    async def find(self, name: DomainName) -> Stored[Domain] | None:
        """Return one domain."""
        found = await self._read(selection().where(DOMAIN.c.name == name.ascii))
        return found[0] if found else None

    async def named(self, names: Sequence[str]) -> list[Stored[Domain]]:
        """Return the domains that have these names, by name."""
        if not names:
            return []
        return await self._read(selection().where(DOMAIN.c.name.in_(names)).order_by(DOMAIN.c.name))

    async def page(
        self,
        *,
        after: str = "",
        behind: datetime | None = None,
        limit: int,
        query: DomainQuery = ALL_DOMAINS,
    ) -> list[Stored[Domain]]:
        """Return domains in the order asked for, those that come after a place.

        Args:
            after: The name of the place; empty for the start.
            behind: The moment of the place, where the order is one of moments.
            limit: How many at the most.
            query: Which domains, and their order.
        """
        statement = selection().where(*_conditions(query))
        name, moment = DOMAIN.c.name, None
        if query.order is not DomainOrder.NAME:
            moment = DOMAIN.c[query.order.value]
        if after:
            statement = statement.where(*_beyond(after, behind, moment, is_descending=query.is_descending))
        keys = [name] if moment is None else [moment, name]
        ordered = statement.order_by(*(key.desc() if query.is_descending else key for key in keys))
        return await self._read(ordered.limit(limit))

    async def count(self, query: DomainQuery = ALL_DOMAINS) -> int:
        """Return how many there are."""
        joined = DOMAIN.join(PROVIDER, DOMAIN.c.provider_id == PROVIDER.c.id).outerjoin(
            TARGET, DOMAIN.c.alias_of_id == TARGET.c.id
        )
        source = DOMAIN if query == ALL_DOMAINS else joined
        statement = select(func.count()).select_from(source).where(*_conditions(query))
        return (await self._connection.execute(statement)).scalar_one()

    async def _read(self, statement: Select[Any]) -> list[Stored[Domain]]:
        rows = (await self._connection.execute(statement)).mappings().all()
        servers = await servers_of(self._connection, DOMAIN_OWNER, [row["id"] for row in rows])
        return [stored_from_row(row, servers.get(row["id"], ())) for row in rows]

    async def insert(
        self, domain: Domain, provider_id: int, alias_of_id: int | None, now: datetime
    ) -> Stored[Domain]:
        """Store a domain that is not there yet.

        Raises:
            DomainTaken: When its name is.
        """
        new = Stored(id=0, value=domain, version=1, created_at=now, updated_at=now)
        return await self._insert(new, provider_id, alias_of_id)

    async def restore(
        self, deleted: Stored[Domain], provider_id: int, alias_of_id: int | None, now: datetime
    ) -> Stored[Domain]:
        """Store a domain as it was, in its next version.

        Raises:
            DomainTaken: When its name is stored.
        """
        again = replace(deleted, version=deleted.version + 1, updated_at=now)
        return await self._insert(again, provider_id, alias_of_id)

    async def _insert(
        self, stored: Stored[Domain], provider_id: int, alias_of_id: int | None
    ) -> Stored[Domain]:
        domain = stored.value
        row = {
            **domain_to_row(domain, provider_id, alias_of_id),
            "source": FROM_API,
            "version": stored.version,
            "created_at": stored.created_at,
            "updated_at": stored.updated_at,
        }
        with conflicts(f"The domain {domain.name}", DomainTaken(domain.name.ascii)):
            result = await self._connection.execute(insert(DOMAIN).values(row).returning(DOMAIN.c.id))
        domain_id: int = result.scalar_one()
        await insert_servers(self._connection, DOMAIN_OWNER, {domain_id: domain.servers})
        return replace(stored, id=domain_id)

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

    async def aliases_of(self, domain_id: int) -> list[Stored[Domain]]:
        """Return the domains that are aliases of this one, by name."""
        return await self._read(selection().where(DOMAIN.c.alias_of_id == domain_id).order_by(DOMAIN.c.name))

    async def alias_count(self, domain_id: int) -> int:
        """Return how many domains are aliases of this one."""
        statement = select(func.count()).select_from(DOMAIN).where(DOMAIN.c.alias_of_id == domain_id)
        return (await self._connection.execute(statement)).scalar_one()


def _conditions(query: DomainQuery) -> list[ColumnElement[bool]]:
    wanted = {
        PROVIDER.c.slug: query.provider,
        DOMAIN.c.reference: query.reference,
        DOMAIN.c.node: query.node,
        TARGET.c.name: None if query.alias_of is None else query.alias_of.ascii,
    }
    conditions = [column == value for column, value in wanted.items() if value is not None]
    conditions += status_conditions(query.status)
    if query.updated_since is not None:
        conditions.append(DOMAIN.c.updated_at >= query.updated_since)
    if query.verified is not None:
        in_state = select(COHORT.c.id).where(COHORT.c.state == query.verified.value)
        conditions.append(DOMAIN.c.cohort_id.in_(in_state))
    return conditions


def status_conditions(status: DomainStatus | None) -> list[ColumnElement[bool]]:
    """Return the condition for a status; none for any."""
    if status is None:
        return []
    return [IS_SUSPENDED if status is DomainStatus.SUSPENDED else DOMAIN.c.status == status.value]


def _beyond(
    name: str, moment: datetime | None, column: Column[datetime] | None, *, is_descending: bool
) -> list[ColumnElement[bool]]:
    """Return the conditions for what comes after a place, in a form that an index can follow."""
    name_beyond = DOMAIN.c.name < name if is_descending else DOMAIN.c.name > name
    if column is None:
        return [name_beyond]
    if is_descending:
        return [column <= moment, or_(column < moment, name_beyond)]
    return [column >= moment, or_(column > moment, name_beyond)]


def stored_from_row(row: Mapping[str, Any], servers: Iterable[Server]) -> Stored[Domain]:
    """Build a domain from a row of the selection and its own servers."""
    return Stored(
        id=row["id"],
        value=domain_from_row(row, servers),
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
