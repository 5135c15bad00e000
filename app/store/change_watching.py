"""Notices what other processes change of what discovery serves, within a fraction of a second.

SQLite: a counter of the database's commits is asked for, and behind it two numbers that triggers raise.
PostgreSQL: triggers send notifications, which arrive at once. Both are in migrations/; a watch never looks
at what changed, so that whoever writes, by whatever program, is noticed.
"""

from __future__ import annotations

import asyncio
import sqlite3
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final, Protocol

import asyncpg
import structlog
from sqlalchemy.engine import make_url

from app.store.detached import LOST, lasting_connection
from app.store.standings import open_sqlite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlalchemy.ext.asyncio import AsyncEngine

POLL_SECONDS: Final = 0.1
CHANNEL: Final = "signpost_discovery"
DOMAINS_PAYLOAD: Final = "domains"
PROVIDERS_PAYLOAD: Final = "providers"
_HEARTBEAT_SECONDS: Final = 0.25
_PATIENCE_SECONDS: Final = 2
_RETRY_SECONDS: Final = 0.5

_log = structlog.get_logger(__name__)


class Reach(IntEnum):
    """How much of what discovery knows a transaction may have made untrue."""

    NOTHING = 0
    DOMAINS = 1
    """Single domains: their own columns, their being there, their mailboxes."""
    PROVIDERS = 2
    """What many domains share: providers, any servers."""


class Audience(Protocol):
    """Who is told of changes."""

    def forget(self, reach: Reach, names: Iterable[str] = ()) -> None:
        """Take note that something changed: with names, these domains alone and their aliases."""
        ...

    def trust(self) -> None:
        """Take note that from this moment on all changes will be told, and nothing known before holds."""
        ...

    def doubt(self, *, may_change: bool) -> None:
        """Take note that changes are not told any more.

        Args:
            may_change: Whether the database is well, so that others may be changing it.
        """
        ...


class SqliteWatch:
    """Asks the database's file, some times a second."""

    def __init__(self, database_url: str) -> None:
        """Take the database; opens nothing yet."""
        self._path = make_url(database_url).database or ""

    async def run(self, audience: Audience) -> None:
        """Tell of changes until cancelled, and while the database is away of nothing."""
        while True:
            try:
                await self._watch(audience)
            except sqlite3.Error as error:
                # No fault of the path: the number says what is wrong, the text may hold a file's name.
                _log.warning("changes_not_seen", error=type(error).__name__)
            audience.doubt(may_change=False)
            await asyncio.sleep(_RETRY_SECONDS)

    async def _watch(self, audience: Audience) -> None:
        # A connection of its own: the commits of a connection itself do not raise its counter.
        connection = open_sqlite(self._path)
        try:
            commits = _data_version(connection)
            known = read_generation(connection)
            audience.trust()
            while True:
                await asyncio.sleep(POLL_SECONDS)
                seen = _data_version(connection)
                if seen == commits:
                    continue
                generation = read_generation(connection)
                commits = seen
                if generation != known:
                    audience.forget(reach_between(known, generation))
                    known = generation
        finally:
            connection.close()


def _data_version(connection: sqlite3.Connection) -> int:
    ((version,),) = connection.execute("PRAGMA data_version").fetchall()
    return int(version)


def read_generation(connection: sqlite3.Connection) -> tuple[int, int]:
    """Return the numbers that triggers raise.

    Raises:
        sqlite3.DataError: When they are missing.
    """
    rows = connection.execute("SELECT domains, providers FROM discovery_generation").fetchall()
    if not rows:
        # Nothing would be raised either.
        message = "the row of generations is missing"
        raise sqlite3.DataError(message)
    domains, providers = rows[0]
    return domains, providers


def reach_between(known: tuple[int, int], seen: tuple[int, int]) -> Reach:
    """Return what changed while the numbers rose from the ones to the others."""
    return Reach.DOMAINS if known[1] == seen[1] else Reach.PROVIDERS


class PostgresWatch:
    """Listens; a connection that is lost, or does not answer, is opened anew and all is forgotten."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Take the database; opens nothing yet."""
        self._engine = engine

    async def run(self, audience: Audience) -> None:
        """Tell of changes until cancelled, and while the database is away of nothing."""
        while True:
            may_change = False
            try:
                async with lasting_connection(self._engine) as connection:
                    await self._listen(connection, audience)
            except (*LOST, asyncpg.PostgresError) as error:
                _log.warning("changes_not_heard", error=type(error).__name__)
                may_change = isinstance(error, asyncpg.TooManyConnectionsError)
            audience.doubt(may_change=may_change)
            await asyncio.sleep(_RETRY_SECONDS)

    async def _listen(self, connection: asyncpg.Connection[Any], audience: Audience) -> None:
        lost = asyncio.Event()
        connection.add_termination_listener(lambda *_: lost.set())
        await connection.add_listener(CHANNEL, teller(audience))
        # What was told before that is gone.
        audience.trust()
        while not lost.is_set():
            # A connection may be dead without anybody saying so.
            await connection.fetchval("SELECT 1", timeout=_PATIENCE_SECONDS)
            try:
                await asyncio.wait_for(lost.wait(), _HEARTBEAT_SECONDS)
            except TimeoutError:
                continue


def teller(audience: Audience) -> Callable[..., None]:
    """Return what takes notifications and tells an audience of them."""

    def tell(_connection: object, _process: int, _channel: str, payload: object) -> None:
        if payload == PROVIDERS_PAYLOAD:
            audience.forget(Reach.PROVIDERS)
        elif payload == DOMAINS_PAYLOAD:
            audience.forget(Reach.DOMAINS)
        else:
            audience.forget(Reach.DOMAINS, str(payload).split())

    return tell
