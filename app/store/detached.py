"""Connections to PostgreSQL that no pool has: for what lasts as long as the process, spoken to in asyncpg."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import asyncpg

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

LOST: Final = (
    OSError, asyncpg.InterfaceError, asyncpg.InternalClientError, asyncpg.PostgresConnectionError,
)  # fmt: skip
"""What a connection raises that was ended; the driver may take that for a fault of its own."""
_CONNECT_SECONDS: Final = 3
# What SQLAlchemy's own layer takes from a URL, and no driver knows.
_NOT_FOR_THE_DRIVER: Final = (
    "async_creator_fn", "async_fallback", "prepared_statement_cache_size", "prepared_statement_name_func",
)  # fmt: skip


async def open_detached(engine: AsyncEngine) -> asyncpg.Connection[Any]:
    """Open a connection to the engine's database; the caller has to end it.

    Raises:
        OSError: When the database cannot be reached.
        asyncpg.PostgresError: When it refuses.
    """
    _, options = engine.dialect.create_connect_args(engine.url)
    for name in _NOT_FOR_THE_DRIVER:
        options.pop(name, None)
    connection: asyncpg.Connection[Any] = await asyncpg.connect(
        **options, timeout=_CONNECT_SECONDS, server_settings={"application_name": "signpost"}
    )
    return connection
