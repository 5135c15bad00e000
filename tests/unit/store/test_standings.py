"""Standings over one connection to PostgreSQL: many who ask are answered by few statements."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg
import pytest
from app.store.change_watching import PostgresWatch
from app.store.detached import lasting_connection
from app.store.standings import PostgresStandings
from sqlalchemy import text

from builders import a_domain
from databases import ON_POSTGRESQL, UNREACHABLE_URL, opened, stored_domain, stored_provider

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from app.store.change_watching import Reach
    from app.store.unit_of_work import Store

NAMES = [f"d{number}.example" for number in range(40)]


@ON_POSTGRESQL
@pytest.mark.postgresql
async def test_all_who_ask_at_once_are_given_their_own(database_url: str) -> None:
    async with opened(database_url) as store:
        await stored_provider(store)
        for name in NAMES:
            await stored_domain(store, a_domain(name))
        standings = PostgresStandings(store.engine)
        try:
            for _ in range(3):
                asked = [*NAMES, "nobody.example", *NAMES]
                found = await asyncio.gather(*(standings.read(name) for name in asked))
                assert [None if one is None else one.name for one in found] == [*NAMES, None, *NAMES]
        finally:
            await standings.close()


@ON_POSTGRESQL
@pytest.mark.postgresql
async def test_a_connection_that_was_cut_is_opened_anew(database_url: str) -> None:
    async with opened(database_url) as store:
        await stored_provider(store)
        await stored_domain(store, a_domain(NAMES[0]))
        standings = PostgresStandings(store.engine)
        try:
            assert await standings.read(NAMES[0]) is not None
            async with store.engine.connect() as connection:
                await connection.execute(
                    text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    )
                )
            assert await standings.read(NAMES[0]) is not None
        finally:
            await standings.close()


@asynccontextmanager
async def few_connections(database_url: str, limit: int) -> AsyncIterator[str]:
    """Give the database's URL for somebody whom it lets have so many connections."""
    role = f"frugal_{limit}"
    superuser = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    await superuser.execute(f"CREATE ROLE {role} LOGIN CONNECTION LIMIT {limit} IN ROLE pg_read_all_data")
    try:
        yield database_url.replace("app@", f"{role}@")
    finally:
        await superuser.execute(
            f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = '{role}'"  # noqa: S608
        )
        await superuser.execute(f"DROP ROLE {role}")
        await superuser.close()


async def hold_at_once(store: Store, count: int) -> None:
    """Have so many connections of the pool open, and idle afterwards."""
    async with AsyncExitStack() as stack:
        for _ in range(count):
            await stack.enter_async_context(store.engine.connect())


@ON_POSTGRESQL
@pytest.mark.postgresql
async def test_where_there_are_no_more_connections_one_of_the_pool_is_held(database_url: str) -> None:
    async with few_connections(database_url, 3) as url, opened(url) as store:
        await hold_at_once(store, 3)
        async with lasting_connection(store.engine) as held:
            own = await held.fetchval("SELECT pg_backend_pid()")
            for _ in range(6):
                async with store.engine.connect() as connection:
                    assert await connection.scalar(text("SELECT pg_backend_pid()")) != own
            await held.fetchval("LISTEN something")
        # It is nobody's afterwards, and what takes its place does not listen.
        await hold_at_once(store, 3)
        async with store.engine.connect() as connection:
            assert await connection.scalar(text("SELECT count(*) FROM pg_listening_channels()")) == 0


@ON_POSTGRESQL
@pytest.mark.postgresql
async def test_without_any_connection_a_watch_says_that_changes_are_not_told_until_they_are(
    database_url: str,
) -> None:
    told: asyncio.Queue[str] = asyncio.Queue()

    class Told:
        def forget(self, reach: Reach, names: Iterable[str] = ()) -> None: ...

        def trust(self) -> None:
            told.put_nowait("trust")

        def doubt(self, *, may_change: bool) -> None:
            told.put_nowait("may change" if may_change else "away")

    async with few_connections(database_url, 1) as url, opened(url) as store:
        taken = await asyncpg.connect(url.replace("+asyncpg", ""))
        watch = asyncio.create_task(PostgresWatch(store.engine).run(Told()))
        assert await asyncio.wait_for(told.get(), 10) == "may change"
        await taken.close()
        while (word := await asyncio.wait_for(told.get(), 10)) == "may change":
            pass
        assert word == "trust"
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)


async def test_all_who_ask_are_told_that_there_is_no_answer_and_for_a_while_at_once() -> None:
    async with opened(UNREACHABLE_URL) as store:
        standings = PostgresStandings(store.engine)
        refused = await asyncio.gather(*(standings.read(name) for name in NAMES), return_exceptions=True)
        assert all(isinstance(error, OSError) for error in refused)
        began = time.monotonic()
        with pytest.raises(OSError, match="just now"):
            await standings.read(NAMES[0])
        assert time.monotonic() - began < 0.1
        # Until it is known that the database answers.
        standings.retry()
        with pytest.raises(OSError, match="Connect call failed"):
            await standings.read(NAMES[0])
        await standings.close()
