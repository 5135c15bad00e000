"""Standings over one connection to PostgreSQL: many who ask are answered by few statements."""

from __future__ import annotations

import asyncio
import gc
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg
import pytest
from app.store.detached import open_detached
from app.store.standings import PostgresStandings
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from builders import a_domain
from databases import ON_POSTGRESQL, UNREACHABLE_URL, opened, stored_domain, stored_provider

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

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
async def one_connection_only(database_url: str) -> AsyncIterator[str]:
    """Give the database's URL for somebody whom it lets have one connection."""
    role = "frugal"
    superuser = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    await superuser.execute(f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 1 IN ROLE pg_read_all_data")
    try:
        yield database_url.replace("app@", f"{role}@")
    finally:
        await superuser.execute(
            f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = '{role}'"  # noqa: S608
        )
        await superuser.execute(f"DROP ROLE {role}")
        await superuser.close()


@ON_POSTGRESQL
@pytest.mark.postgresql
async def test_where_there_are_no_more_connections_an_idle_one_of_the_pool_is_taken(
    database_url: str,
) -> None:
    async with one_connection_only(database_url) as url, opened(url) as store:
        async with store.engine.connect() as connection:
            process = await connection.scalar(text("SELECT pg_backend_pid()"))
        taken = await open_detached(store.engine)
        try:
            assert await taken.fetchval("SELECT pg_backend_pid()") == process
            # It is the pool's no more, which therefore finds none left either.
            with pytest.raises(DBAPIError, match="too many connections"):
                await store.engine.connect()
            gc.collect()
            assert await taken.fetchval("SELECT 1") == 1
        finally:
            await taken.close()
        async with store.engine.connect() as connection:
            assert await connection.scalar(text("SELECT 1")) == 1


@ON_POSTGRESQL
@pytest.mark.postgresql
async def test_a_connection_that_the_pool_is_using_stays_with_it(database_url: str) -> None:
    async with one_connection_only(database_url) as url, opened(url) as store, store.engine.connect() as used:
        await used.scalar(text("SELECT 1"))
        with pytest.raises(asyncpg.TooManyConnectionsError):
            await open_detached(store.engine)
        assert await used.scalar(text("SELECT 1")) == 1


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
