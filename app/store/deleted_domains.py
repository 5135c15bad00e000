"""Deleted domains, kept whole for a while so that they can be brought back.

Each is one row: the tables that discovery reads hold nothing that is not there.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, func, insert, select

from app.core.deleted import DeletedDomain
from app.core.records import domain_from_record, domain_record, mailbox_from_record, mailbox_record
from app.core.stored import Stored
from app.store.conflicts import conflicts
from app.store.mass_writing import insert_rows
from app.store.rows import DELETED_DOMAIN, PROVIDER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import RowMapping, Select
    from sqlalchemy.ext.asyncio import AsyncConnection

    from app.core.domains import Domain, Mailbox
    from app.core.names import DomainName


_COLUMNS: Final = [column for column in DELETED_DOMAIN.c if column.name != "mailboxes"]
_JOINED: Final = DELETED_DOMAIN.join(PROVIDER, DELETED_DOMAIN.c.provider_id == PROVIDER.c.id)


class DeletedDomains:
    """Deleted domains, within one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Take the transaction's connection."""
        self._connection = connection

    async def insert(
        self,
        domain: Stored[Domain],
        mailboxes: Sequence[Stored[Mailbox]],
        deleted_by: str,
        now: datetime,
    ) -> None:
        """Keep a domain with its mailboxes; it is still stored when this is called.

        Raises:
            ConcurrentChange: When it went to another provider, and the one that it had is gone.
        """
        provider = select(PROVIDER.c.id).where(PROVIDER.c.slug == domain.value.provider)
        row = _row(domain, mailboxes)
        new = insert(DELETED_DOMAIN).values(
            **row, provider_id=provider.scalar_subquery(), deleted_at=now, deleted_by=deleted_by
        )
        with conflicts(f"The domain {domain.value.name}"):
            await self._connection.execute(new)

    async def insert_all(
        self,
        deleted: Sequence[tuple[Stored[Domain], int, Sequence[Stored[Mailbox]]]],
        **by: Any,  # noqa: ANN401 - two kinds
    ) -> None:
        """Keep many domains, each with its provider's number and its mailboxes.

        Args:
            deleted: What goes.
            **by: Who deletes them, ``deleted_by``, and when, ``deleted_at``.
        """
        rows = [
            {**_row(domain, mailboxes), "provider_id": provider_id, **by}
            for domain, provider_id, mailboxes in deleted
        ]
        await insert_rows(self._connection, DELETED_DOMAIN, rows)

    async def page(
        self, *, before: int | None, limit: int, provider: str | None, name: DomainName | None = None
    ) -> list[DeletedDomain]:
        """Return deleted domains, the last one first, those deleted before one with this id."""
        statement = _narrowed(select(*_COLUMNS).select_from(_JOINED), provider, name)
        if before is not None:
            statement = statement.where(DELETED_DOMAIN.c.id < before)
        statement = statement.order_by(DELETED_DOMAIN.c.id.desc()).limit(limit)
        return [_deleted(row) for row in (await self._connection.execute(statement)).mappings()]

    async def count(self, *, provider: str | None, name: DomainName | None = None) -> int:
        """Return how many there are."""
        statement = _narrowed(select(func.count()).select_from(_JOINED), provider, name)
        found: int = (await self._connection.execute(statement)).scalar_one()
        return found

    async def mailboxes_of(self, deleted: DeletedDomain) -> list[Stored[Mailbox]]:
        """Return the mailboxes of a deleted domain as they were."""
        statement = select(DELETED_DOMAIN.c.mailboxes).where(DELETED_DOMAIN.c.id == deleted.id)
        records = (await self._connection.execute(statement)).scalar_one()
        name = deleted.domain.value.name
        return [_stored(mailbox_from_record(record, name), record["version"], record) for record in records]

    async def delete(self, deleted: DeletedDomain) -> bool:
        """Let go of a deleted domain; False when somebody else did already."""
        statement = delete(DELETED_DOMAIN).where(DELETED_DOMAIN.c.id == deleted.id)
        return (await self._connection.execute(statement)).rowcount == 1

    async def forget(self, before: datetime) -> int:
        """Remove those that were deleted before a moment; return how many."""
        statement = delete(DELETED_DOMAIN).where(DELETED_DOMAIN.c.deleted_at < before)
        return (await self._connection.execute(statement)).rowcount


def _row(domain: Stored[Domain], mailboxes: Sequence[Stored[Mailbox]]) -> dict[str, Any]:
    return {
        "name": domain.value.name.ascii,
        "version": domain.version,
        "domain": {**domain_record(domain.value), **_times(domain)},
        "mailboxes": [
            {**mailbox_record(mailbox.value), **_times(mailbox), "version": mailbox.version}
            for mailbox in mailboxes
        ],
        "mailbox_count": len(mailboxes),
    }


def _narrowed(statement: Select[Any], provider: str | None, name: DomainName | None) -> Select[Any]:
    if provider is not None:
        statement = statement.where(PROVIDER.c.slug == provider)
    if name is not None:
        statement = statement.where(DELETED_DOMAIN.c.name == name.ascii)
    return statement


def _times(stored: Stored[Any]) -> dict[str, str]:
    return {"created_at": stored.created_at.isoformat(), "updated_at": stored.updated_at.isoformat()}


def _stored(value: Any, version: int, times: dict[str, Any]) -> Stored[Any]:  # noqa: ANN401 - a domain or mailbox
    return Stored(
        id=0,
        value=value,
        version=version,
        created_at=datetime.fromisoformat(times["created_at"]),
        updated_at=datetime.fromisoformat(times["updated_at"]),
    )


def _deleted(row: RowMapping) -> DeletedDomain:
    record = row["domain"]
    return DeletedDomain(
        id=row["id"],
        domain=_stored(domain_from_record(record), row["version"], record),
        provider_id=row["provider_id"],
        mailbox_count=row["mailbox_count"],
        deleted_at=row["deleted_at"],
        deleted_by=row["deleted_by"],
    )
