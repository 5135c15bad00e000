"""Connections to PostgreSQL that no pool has: for what lasts as long as the process, spoken to in asyncpg."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import asyncpg
from sqlalchemy.exc import SQLAlchemyError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

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


@asynccontextmanager
async def lasting_connection(engine: AsyncEngine) -> AsyncIterator[asyncpg.Connection[Any]]:
    """Give a connection for as long as it is needed, and end it then.

    Where the database has none left, one of the engine's pool is held meanwhile, which has one less for its
    other work: that can wait its turn.

    Raises:
        OSError: When the database cannot be reached.
        asyncpg.PostgresError: When it refuses, and the pool has none either.
    """
    try:
        connection = await open_detached(engine)
    except asyncpg.TooManyConnectionsError as error:
        async with _borrowed(engine, error) as connection:
            yield connection
        return
    try:
        yield connection
    finally:
        connection.terminate()


@asynccontextmanager
async def _borrowed(
    engine: AsyncEngine, refusal: asyncpg.TooManyConnectionsError
) -> AsyncIterator[asyncpg.Connection[Any]]:
    try:
        borrowed = await engine.connect()
    except SQLAlchemyError:
        # The pool had none that lives, and was refused another.
        raise refusal from None
    try:
        pooled = await borrowed.get_raw_connection()
        yield pooled.driver_connection
    finally:
        # Whoever had it next would have its listeners too.
        await borrowed.invalidate()
        await borrowed.close()
