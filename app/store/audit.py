"""Audit entries: written with the change itself, read, and forgotten after their time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, func, select

from app.core.audit import AuditEntry
from app.store.mass_writing import insert_rows
from app.store.rows import AUDIT_ENTRY

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncConnection

    from app.core.audit import AuditFilter

_WRITTEN: Final = tuple(column.name for column in AUDIT_ENTRY.c if column.name != "id")
_EQUAL: Final = ("kind", "resource", "provider", "token_id", "action", "request_id")


class Audit:
    """Audit entries, within one transaction; there is no way to change one."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Take the transaction's connection."""
        self._connection = connection

    async def append(self, entries: Sequence[AuditEntry]) -> None:
        """Write entries, in this order."""
        await insert_rows(self._connection, AUDIT_ENTRY, [_row(entry) for entry in entries])

    async def newest(self, wanted: AuditFilter, *, before: int | None, limit: int) -> list[AuditEntry]:
        """Return entries, the newest first, those older than ``before``."""
        conditions = _conditions(wanted)
        if before is not None:
            conditions.append(AUDIT_ENTRY.c.id < before)
        statement = select(AUDIT_ENTRY).where(*conditions).order_by(AUDIT_ENTRY.c.id.desc()).limit(limit)
        return [_entry(row) for row in (await self._connection.execute(statement)).mappings()]

    async def oldest(self, wanted: AuditFilter, *, after: int, limit: int) -> list[AuditEntry]:
        """Return entries, the oldest first, those newer than ``after``."""
        conditions = [*_conditions(wanted), AUDIT_ENTRY.c.id > after]
        statement = select(AUDIT_ENTRY).where(*conditions).order_by(AUDIT_ENTRY.c.id).limit(limit)
        return [_entry(row) for row in (await self._connection.execute(statement)).mappings()]

    async def count(self, wanted: AuditFilter) -> int:
        """Return how many there are."""
        statement = select(func.count()).select_from(AUDIT_ENTRY).where(*_conditions(wanted))
        return (await self._connection.execute(statement)).scalar_one()

    async def forget(self, before: datetime, limit: int) -> int:
        """Remove entries from before a moment, the oldest first; return how many."""
        oldest = (
            select(AUDIT_ENTRY.c.id)
            .where(AUDIT_ENTRY.c.at < before)
            .order_by(AUDIT_ENTRY.c.at)
            .limit(limit)
            .scalar_subquery()
        )
        result = await self._connection.execute(delete(AUDIT_ENTRY).where(AUDIT_ENTRY.c.id.in_(oldest)))
        return result.rowcount


def _conditions(wanted: AuditFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    for name in _EQUAL:
        value = getattr(wanted, name)
        if value is not None:
            conditions.append(AUDIT_ENTRY.c[name] == value)
    if wanted.since is not None:
        conditions.append(AUDIT_ENTRY.c.at >= wanted.since)
    if wanted.until is not None:
        conditions.append(AUDIT_ENTRY.c.at < wanted.until)
    return conditions


def _row(entry: AuditEntry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in _WRITTEN}


def _entry(row: Any) -> AuditEntry:  # noqa: ANN401 - a row's mapping
    return AuditEntry(**row)
