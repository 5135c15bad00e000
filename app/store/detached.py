"""Connections to PostgreSQL that no pool has: for what lasts as long as the process, spoken to in asyncpg."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import asyncpg
import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import QueuePool

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

LOST: Final = (
    OSError, asyncpg.InterfaceError, asyncpg.InternalClientError, asyncpg.PostgresConnectionError,
)  # fmt: skip
"""What a connection raises that was ended; the driver may take that for a fault of its own."""
_CONNECT_SECONDS: Final = 3

_log = structlog.get_logger(__name__)
# What SQLAlchemy's own layer takes from a URL, and no driver knows.
_NOT_FOR_THE_DRIVER: Final = (
    "async_creator_fn", "async_fallback", "prepared_statement_cache_size", "prepared_statement_name_func",
)  # fmt: skip


async def open_detached(engine: AsyncEngine) -> asyncpg.Connection[Any]:
    """Open a connection to the engine's database; the caller has to end it.

    Where the database has none left, one that is idle is taken out of the engine's pool for good: without
    these few nothing is known of changes, and the pool's other work can wait its turn.

    Raises:
        OSError: When the database cannot be reached.
        asyncpg.PostgresError: When it refuses.
    """
    _, options = engine.dialect.create_connect_args(engine.url)
    for name in _NOT_FOR_THE_DRIVER:
        options.pop(name, None)
    try:
        connection: asyncpg.Connection[Any] = await asyncpg.connect(
            **options, timeout=_CONNECT_SECONDS, server_settings={"application_name": "signpost"}
        )
    except asyncpg.TooManyConnectionsError as error:
        taken = await _take_idle(engine)
        if taken is None:
            raise
        _log.warning("connection_taken_from_pool", error=type(error).__name__)
        return taken
    return connection


async def _take_idle(engine: AsyncEngine) -> asyncpg.Connection[Any] | None:
    """Take an idle connection out of the pool; None where there is none that answers."""
    pool = engine.pool
    if not isinstance(pool, QueuePool) or not pool.checkedin():
        return None
    try:
        borrowed = await engine.connect()
    except (*LOST, asyncpg.PostgresError, SQLAlchemyError):
        # Others were quicker, or it was dead: then the pool would have opened one.
        return None
    pooled = await borrowed.get_raw_connection()
    taken: asyncpg.Connection[Any] = pooled.driver_connection
    pooled.detach()
    return taken
