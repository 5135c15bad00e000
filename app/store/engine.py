"""Engines for SQLite and PostgreSQL with the guarantees that we rely on.

SQLite: WAL with ``synchronous=FULL``, so that an acknowledged write survives kill -9 and power loss;
writing transactions begin with ``BEGIN IMMEDIATE``, so that they wait for each other at their start and
never fail in their middle.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiosqlite
from sqlalchemy import Engine, event
from sqlalchemy import create_engine as create_sync_engine
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from app.core.errors import NotAvailable

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncEngine

_READ_ONLY = "signpost_read_only"

_KEPT_CONNECTIONS = 5
_POOL_SECONDS = 10
_BUSY_TIMEOUT_MS = 10_000
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}",
)
READER_PRAGMAS = ("PRAGMA query_only=ON", "PRAGMA busy_timeout=100", "PRAGMA mmap_size=2147418112")


def create_engine(database_url: str, connections: int = 10) -> AsyncEngine:
    """Create an engine for ``sqlite+aiosqlite:`` or ``postgresql+asyncpg:``; connects to nothing yet.

    Args:
        database_url: Where the database is.
        connections: How many connections to PostgreSQL there may be at a time.

    Raises:
        NotAvailable: When the folder of an SQLite file can be neither found nor made.
    """
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite":
        if url.database and url.database != ":memory:":
            _make_folder(Path(url.database).parent)
        engine = create_async_engine(
            url, hide_parameters=True, connect_args={"async_creator_fn": _open_sqlite}
        )
        _govern_sqlite(engine.sync_engine, _PRAGMAS)
        return engine
    return create_async_engine(
        url,
        pool_size=min(_KEPT_CONNECTIONS, connections),
        max_overflow=max(0, connections - _KEPT_CONNECTIONS),
        # Whoever waits longer hears of it while there is time left to try again.
        pool_timeout=_POOL_SECONDS,
        pool_pre_ping=True,
        # Statements are shown in errors and logs, addresses are not.
        hide_parameters=True,
        connect_args={
            "timeout": 5,
            "server_settings": {"application_name": "signpost", "lock_timeout": "10s"},
        },
    )


async def _open_sqlite(*arguments: Any, **options: Any) -> aiosqlite.Connection:  # noqa: ANN401 - the driver's
    connection = aiosqlite.connect(*arguments, **options)
    thread = connection._thread  # noqa: SLF001 - SQLAlchemy does the same, for want of a public way
    thread.daemon = True
    try:
        return await connection
    except sqlite3.Error:
        # It still tells the loop that it stops, and writes a traceback when the loop is closed by then.
        thread.join()
        raise


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NotAvailable("database") from error


def reading_options(engine: AsyncEngine) -> dict[str, Any]:
    """Return the execution options of a connection that only reads, and sees one state throughout."""
    if engine.dialect.name == "sqlite":
        # Its transactions are snapshots by themselves.
        return {_READ_ONLY: True}
    return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


def create_reader(database_url: str) -> Engine | None:
    """Create an engine that reads SQLite in the event loop's own thread; None for PostgreSQL.

    A look-up takes some ten microseconds and in WAL mode waits for nobody, while handing each statement
    to a thread and back, as the asynchronous driver does, takes hundreds.
    """
    url = make_url(database_url)
    if url.get_backend_name() != "sqlite":
        return None
    engine = create_sync_engine(
        url.set(drivername="sqlite"), connect_args={"check_same_thread": False}, hide_parameters=True
    )
    _govern_sqlite(engine, READER_PRAGMAS, read_only=True)
    return engine


def _govern_sqlite(engine: Engine, pragmas: tuple[str, ...], *, read_only: bool = False) -> None:
    @event.listens_for(engine, "connect")
    def on_connect(dbapi_connection: Any, _record: object) -> None:  # noqa: ANN401 - any driver
        # The driver's own implicit BEGIN would come too late and be deferred.
        dbapi_connection.isolation_level = None
        cursor = dbapi_connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        only_reads = read_only or connection.get_execution_options().get(_READ_ONLY, False)
        connection.exec_driver_sql("BEGIN" if only_reads else "BEGIN IMMEDIATE")
