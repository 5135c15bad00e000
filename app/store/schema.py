"""The schema's version: whether the database has this program's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import inspect, text

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncEngine

REVISION: Final = "0014"
"""The last of migrations/, said here so that nobody has to read them all to begin to serve."""
_VERSION_TABLE: Final = "alembic_version"


async def is_current(engine: AsyncEngine) -> bool:
    """Tell whether the schema is at this program's revision.

    Raises:
        SQLAlchemyError: When the database does not answer.
    """
    async with engine.connect() as connection:
        return await connection.run_sync(_read_revisions) == [REVISION]


def _read_revisions(connection: Connection) -> list[str]:
    if not inspect(connection).has_table(_VERSION_TABLE):
        return []
    return list(connection.scalars(text(f"SELECT version_num FROM {_VERSION_TABLE}")))  # noqa: S608 - our own name


async def takes_changes(engine: AsyncEngine) -> bool:
    """Tell whether the database lets itself be written to; of SQLite only an attempt would tell.

    Raises:
        SQLAlchemyError: When the database does not answer.
    """
    if engine.dialect.name == "sqlite":
        return True
    async with engine.connect() as connection:
        found = await connection.scalar(text("SELECT current_setting('transaction_read_only')"))
    return bool(found == "off")
