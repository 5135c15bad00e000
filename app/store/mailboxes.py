"""Mailboxes that differ from their domain."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select, update

from app.core.errors import ConcurrentChange, MailboxTaken
from app.core.stored import Stored
from app.store.conflicts import conflicts
from app.store.mapping import mailbox_from_row, mailbox_to_row
from app.store.rows import MAILBOX
from app.store.servers import MAILBOX_OWNER, insert_servers, replace_servers, servers_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Select
    from sqlalchemy.ext.asyncio import AsyncConnection

    from app.core.domains import Domain, Mailbox
    from app.core.names import DomainName
    from app.core.servers import Server


class Mailboxes:
    """The mailboxes of one domain, within one transaction."""

    def __init__(self, connection: AsyncConnection, domain: Stored[Domain]) -> None:
        """Take the transaction's connection and the domain."""
        self._connection = connection
        self._domain_id = domain.id
        self._domain_name: DomainName = domain.value.name

    async def find(self, key: str) -> Stored[Mailbox] | None:
        """Return one mailbox by its local part in lower case."""
        found = await self._read(self._selection().where(MAILBOX.c.key == key))
        return found[0] if found else None

    async def page(self, *, after: str, limit: int) -> list[Stored[Mailbox]]:
        """Return mailboxes by key, those behind ``after``."""
        statement = self._selection().where(MAILBOX.c.key > after).order_by(MAILBOX.c.key)
        return await self._read(statement.limit(limit))

    async def count(self) -> int:
        """Return how many there are."""
        statement = select(func.count()).select_from(MAILBOX).where(MAILBOX.c.domain_id == self._domain_id)
        return (await self._connection.execute(statement)).scalar_one()

    async def all(self) -> list[Stored[Mailbox]]:
        """Return all mailboxes by key."""
        return await self._read(self._selection().order_by(MAILBOX.c.key))

    def _selection(self) -> Select[Any]:
        return select(MAILBOX).where(MAILBOX.c.domain_id == self._domain_id)

    async def _read(self, statement: Select[Any]) -> list[Stored[Mailbox]]:
        rows = (await self._connection.execute(statement)).mappings().all()
        servers = await servers_of(self._connection, MAILBOX_OWNER, [row["id"] for row in rows])
        return [mailbox_from_stored_row(row, self._domain_name, servers) for row in rows]

    async def insert(self, mailbox: Mailbox, now: datetime) -> Stored[Mailbox]:
        """Store a mailbox that is not there yet.

        Raises:
            MailboxTaken: When its address is, in whatever case.
        """
        return await self._insert(Stored(id=0, value=mailbox, version=1, created_at=now, updated_at=now))

    async def restore(self, mailbox: Stored[Mailbox]) -> Stored[Mailbox]:
        """Store a mailbox as it was, with its version and times.

        Raises:
            MailboxTaken: When its address is stored, in whatever case.
        """
        return await self._insert(mailbox)

    async def _insert(self, stored: Stored[Mailbox]) -> Stored[Mailbox]:
        mailbox = stored.value
        row = {
            **mailbox_to_row(mailbox, self._domain_id),
            "version": stored.version,
            "created_at": stored.created_at,
            "updated_at": stored.updated_at,
        }
        with conflicts("The mailbox", MailboxTaken(self._domain_name.ascii)):
            result = await self._connection.execute(insert(MAILBOX).values(row).returning(MAILBOX.c.id))
        mailbox_id: int = result.scalar_one()
        await insert_servers(self._connection, MAILBOX_OWNER, {mailbox_id: mailbox.servers})
        return replace(stored, id=mailbox_id)

    async def replace(self, stored: Stored[Mailbox], mailbox: Mailbox, now: datetime) -> Stored[Mailbox]:
        """Store a mailbox in place of what was read.

        Raises:
            ConcurrentChange: When it is no longer what was read.
            MailboxTaken: When it takes the name of another.
        """
        version = stored.version + 1
        statement = (
            update(MAILBOX)
            .where(MAILBOX.c.id == stored.id, MAILBOX.c.version == stored.version)
            .values(**mailbox_to_row(mailbox, self._domain_id), version=version, updated_at=now)
        )
        with conflicts("The mailbox", MailboxTaken(self._domain_name.ascii)):
            result = await self._connection.execute(statement)
        if result.rowcount != 1:
            raise ConcurrentChange("The mailbox")
        if mailbox.servers != stored.value.servers:
            await replace_servers(self._connection, MAILBOX_OWNER, stored.id, mailbox.servers)
        return Stored(
            id=stored.id, value=mailbox, version=version, created_at=stored.created_at, updated_at=now
        )

    async def delete(self, stored: Stored[Mailbox]) -> None:
        """Remove a mailbox.

        Raises:
            ConcurrentChange: When it is no longer what was read.
        """
        with conflicts("The mailbox"):
            result = await self._connection.execute(
                delete(MAILBOX).where(MAILBOX.c.id == stored.id, MAILBOX.c.version == stored.version)
            )
        if result.rowcount != 1:
            raise ConcurrentChange("The mailbox")


def mailbox_from_stored_row(
    row: Mapping[str, Any], domain: DomainName, servers: Mapping[int, tuple[Server, ...]]
) -> Stored[Mailbox]:
    """Build a mailbox of a domain from its row; ``servers`` are those of many, by their owner's number."""
    return Stored(
        id=row["id"],
        value=mailbox_from_row(row, domain, servers.get(row["id"], ())),
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
