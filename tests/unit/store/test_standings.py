"""Standings over one connection to PostgreSQL: many who ask are answered by few statements."""

from __future__ import annotations

import asyncio
import time

import pytest
from app.store.standings import PostgresStandings
from sqlalchemy import text

from builders import a_domain
from databases import ON_POSTGRESQL, UNREACHABLE_URL, opened, stored_domain, stored_provider

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
