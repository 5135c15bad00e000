"""What of a domain decides its documents, read in one statement past SQLAlchemy, and nothing decoded.

A domain is looked up far more often than it changes, and most domains differ from their neighbours in
nothing but the name: these columns, compared as they are stored, tell whether all that follows from them is
known already.
"""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import text
from sqlalchemy.engine import make_url

from app.store.detached import LOST, open_detached
from app.store.engine import READER_PRAGMAS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import asyncpg
    from sqlalchemy import TextClause
    from sqlalchemy.ext.asyncio import AsyncEngine

MAX_MAILBOXES: Final = 256
"""Where a domain has more mailboxes that differ, which these are is not told."""
OWN_NAME: Final = "\0"
"""Stands for the domain's own name where domains are compared; no text that is stored has it."""
_KEYS_END: Final = "\n"
_MAX_BATCH: Final = 500
_PATIENCE_SECONDS: Final = 2
_REST_SECONDS: Final = 1
"""For how long after a failure all are told at once that there is no answer."""

_COLUMNS: Final = """
    d.name, t.name, d.status, t.status, d.published_name, d.serves_mx, {variables},
    {transport}, {proven}, p.id, p.version,
    CASE WHEN EXISTS (SELECT 1 FROM server s WHERE s.domain_id = coalesce(t.id, d.id))
        THEN coalesce(t.id, d.id) END,
    coalesce(t.version, d.version),
    (SELECT {join_keys} FROM (
        SELECT key FROM mailbox m WHERE m.domain_id = coalesce(t.id, d.id) LIMIT {limit}) k)
FROM domain d
JOIN provider p ON p.id = d.provider_id
LEFT JOIN domain t ON t.id = d.alias_of_id
LEFT JOIN cohort c ON c.id = d.cohort_id
"""


def _select(*, is_sqlite: bool) -> str:
    def as_text(*names: str) -> str:
        return ", ".join(names if is_sqlite else (f"{name}::text" for name in names))

    return "SELECT" + _COLUMNS.format(
        variables=as_text("d.variables", "t.variables"),
        transport=as_text("d.mta_sts", "d.tls_reporting", "t.mta_sts", "t.tls_reporting"),
        proven=as_text("c.proven"),
        join_keys="group_concat(key, char(10))" if is_sqlite else "string_agg(key, chr(10))",
        limit=MAX_MAILBOXES + 1,
    )


_SQLITE: Final = _select(is_sqlite=True)
_POSTGRES: Final = _select(is_sqlite=False)
_ONE_OF_SQLITE: Final = f"{_SQLITE} WHERE d.name = ?"
_ONE_OF_POSTGRES: Final = f"{_POSTGRES} WHERE d.name = $1"
_MANY_OF_POSTGRES: Final = f"{_POSTGRES} WHERE d.name = ANY($1::text[])"


class Standing(NamedTuple):
    """The columns of one domain, in the order of the statement; texts of JSON as they are stored."""

    name: str
    target: str | None
    """The domain that it is an alias of."""
    status: str
    target_status: str | None
    published_name: str
    serves_mx: bool
    variables: str
    target_variables: str | None
    mta_sts: str | None
    tls_reporting: str | None
    target_mta_sts: str | None
    target_tls_reporting: str | None
    proven: str | None
    provider_id: int
    provider_version: int
    own_servers_of: int | None
    """The id of the domain whose own servers count, where there are any."""
    version: int
    """Of the domain whose variables, servers and mailboxes count."""
    joined_keys: str | None

    @property
    def is_active(self) -> bool:
        """An alias of a suspended domain is suspended too."""
        return self.status == "active" and self.target_status in (None, "active")

    @property
    def kind(self) -> tuple[object, ...]:
        """What all domains have in common whose documents differ by the name alone.

        Domains that have servers of their own have nothing in common with others.
        """
        return (
            self.published_name,
            self.serves_mx,
            self.variables,
            self.target_variables,
            self.mta_sts,
            self.tls_reporting,
            self.target_mta_sts,
            self.target_tls_reporting,
            None if self.proven is None else self.proven.replace(self.name, OWN_NAME),
            self.provider_id,
            self.provider_version,
            self.target is not None,
            self.own_servers_of,
            None if self.own_servers_of is None else self.version,
        )

    @property
    def mailbox_keys(self) -> tuple[str, ...]:
        """The keys of mailboxes that differ from the domain: one more than ``MAX_MAILBOXES`` at most."""
        return () if self.joined_keys is None else tuple(self.joined_keys.split(_KEYS_END))


def standing_statement(dialect: str) -> TextClause:
    """Return the same statement for a transaction under way; it takes ``name``."""
    return text(f"{_SQLITE if dialect == 'sqlite' else _POSTGRES} WHERE d.name = :name")


def standings_statement(dialect: str) -> TextClause:
    """Return the same for many domains in the order of their names; it takes ``after`` and ``limit``."""
    statement = _SQLITE if dialect == "sqlite" else _POSTGRES
    return text(f"{statement} WHERE d.name > :after ORDER BY d.name LIMIT :limit")


class SqliteStandings:
    """Reads in the event loop's own thread: in WAL mode that waits for nobody."""

    is_immediate: Final = True
    is_connected: Final = True

    def __init__(self, database_url: str) -> None:
        """Take the database; opens nothing yet."""
        self._path = make_url(database_url).database or ""
        self._connection: sqlite3.Connection | None = None

    async def read(self, name: str) -> Standing | None:
        """Return a domain's columns; None where it is not stored.

        Raises:
            sqlite3.Error: When the database does not answer.
        """
        if self._connection is None:
            self._connection = open_sqlite(self._path)
        try:
            # All of them: a statement that is not at its end holds on to an old state.
            rows = self._connection.execute(_ONE_OF_SQLITE, (name,)).fetchall()
        except sqlite3.Error:
            await self.close()
            raise
        return Standing._make(rows[0]) if rows else None

    def retry(self) -> None:
        """Do nothing: each look-up asks."""

    async def close(self) -> None:
        """Let go of the database."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class PostgresStandings:
    """Reads over one connection; what is asked for while a statement is under way is read by the next."""

    is_immediate: Final = False

    def __init__(self, engine: AsyncEngine) -> None:
        """Take the database; opens nothing yet."""
        self._engine = engine
        self._connection: asyncpg.Connection[Any] | None = None
        self._waiting: dict[str, asyncio.Future[Standing | None]] = {}
        self._is_reading = False
        self._rest: asyncio.Task[None] | None = None
        self._rests_until = 0.0

    @property
    def is_connected(self) -> bool:
        """Whether a connection is there, as far as is known."""
        return self._connection is not None and not self._connection.is_closed()

    async def read(self, name: str) -> Standing | None:
        """Return a domain's columns; None where it is not stored.

        Who gives up takes along whoever waits for the same name.

        Raises:
            OSError: When the database cannot be reached, and what else the driver raises.
        """
        if asyncio.get_running_loop().time() < self._rests_until:
            # One request's ways ask one after the other, and must not wait once each.
            message = "the database did not answer just now"
            raise OSError(message)
        waiting = self._waiting.get(name)
        if waiting is None:
            waiting = self._waiting[name] = asyncio.get_running_loop().create_future()
            if not self._is_reading:
                # Whoever comes first reads: a task for that would be one more turn of the loop.
                self._is_reading = True
                try:
                    await self._answer_next()
                finally:
                    self._go_on()
        return await waiting

    def retry(self) -> None:
        """Ask at the next occasion, however short ago there was no answer."""
        self._rests_until = 0.0

    async def close(self) -> None:
        """Let go of the database."""
        if self._rest is not None:
            self._rest.cancel()
            await asyncio.gather(self._rest, return_exceptions=True)
        await self._drop()

    def _go_on(self) -> None:
        """Have read what was asked for meanwhile, while whoever read goes on with its own."""
        self._is_reading = bool(self._waiting)
        if self._is_reading:
            self._rest = asyncio.create_task(self._read_rest())

    async def _read_rest(self) -> None:
        try:
            while self._waiting:
                await self._answer_next()
        finally:
            self._is_reading = False

    async def _answer_next(self) -> None:
        batch = dict(list(self._waiting.items())[:_MAX_BATCH])
        for name in batch:
            del self._waiting[name]
        try:
            found = await self._fetch(list(batch))
        except BaseException as error:
            await self._drop()
            self._rests_until = asyncio.get_running_loop().time() + _REST_SECONDS
            for future in batch.values():
                if not future.done():
                    future.set_exception(error if isinstance(error, Exception) else OSError("stopped"))
                    # Those who waited may be gone.
                    future.exception()
            if not isinstance(error, Exception):
                raise
            return
        for name, future in batch.items():
            if not future.done():
                future.set_result(found.get(name))

    async def _fetch(self, names: Sequence[str]) -> dict[str, Standing]:
        connection = self._connection
        if connection is not None:
            try:
                return await _fetch(connection, names)
            except TimeoutError:
                raise
            except LOST:
                # It may have been dead for long, and the database well.
                await self._drop()
        self._connection = await open_detached(self._engine)
        return await _fetch(self._connection, names)

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()


async def _fetch(connection: asyncpg.Connection[Any], names: Sequence[str]) -> dict[str, Standing]:
    # For one name it is twice as quick without a list, and mostly it is one.
    statement, asked = (_ONE_OF_POSTGRES, names[0]) if len(names) == 1 else (_MANY_OF_POSTGRES, names)
    rows = await connection.fetch(statement, asked, timeout=_PATIENCE_SECONDS)
    return {row[0]: Standing(*row) for row in rows}


def open_sqlite(path: str) -> sqlite3.Connection:
    """Open a connection that only reads, each statement by itself.

    Raises:
        sqlite3.Error: When there is no such database.
    """
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    for pragma in READER_PRAGMAS:
        connection.execute(pragma)
    return connection
