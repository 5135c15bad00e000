from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

import pytest
from app.core.errors import NotAvailable
from app.services.health import Health, Readiness
from app.store.migrating import migrate

from databases import UNREACHABLE_URL, opened

if TYPE_CHECKING:
    from app.store.unit_of_work import Store

    from postgres import PostgresCluster

READY = Readiness(database=True, schema=True)
WITHOUT_SCHEMA = Readiness(database=True, schema=False)
AWAY = Readiness(database=False, schema=False)


@pytest.mark.parametrize(("readiness", "ready"), [(READY, True), (WITHOUT_SCHEMA, False), (AWAY, False)])
def test_only_an_answering_database_with_the_present_schema_is_ready(
    readiness: Readiness, *, ready: bool
) -> None:
    assert readiness.is_ready is ready


async def test_a_migrated_database_is_ready(store: Store) -> None:
    assert await Health(store).readiness() == READY


async def test_a_database_is_ready_once_it_is_migrated(bare_database_url: str) -> None:
    async with opened(bare_database_url) as store:
        health = Health(store)
        assert await health.readiness() == WITHOUT_SCHEMA
        assert await health.migrate() is True
        assert await health.readiness() == READY
        assert await health.migrate() is False


async def test_an_older_schema_is_not_ready(bare_database_url: str) -> None:
    async with opened(bare_database_url) as store:
        health = Health(store)
        await health.migrate()
        await migrate(store.engine, "base")
        assert await health.readiness() == WITHOUT_SCHEMA


async def test_a_database_that_is_away_is_not_ready_and_not_migrated() -> None:
    async with opened(UNREACHABLE_URL) as store:
        assert await Health(store).readiness() == AWAY
        with pytest.raises(NotAvailable, match="database"):
            await Health(store).migrate()


async def test_a_server_without_the_database_is_not_ready_and_not_migrated(postgres: PostgresCluster) -> None:
    async with opened(postgres.url("nothing_of_this_name")) as store:
        assert await Health(store).readiness() == AWAY
        with pytest.raises(NotAvailable, match="database"):
            await Health(store).migrate()


async def test_a_database_that_keeps_silent_is_not_waited_for() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"postgresql+asyncpg://app@127.0.0.1:{silent.getsockname()[1]}/signpost"
        started = time.monotonic()
        async with opened(url) as store:
            assert await Health(store, timeout_seconds=0.1).readiness() == AWAY
        assert time.monotonic() - started < 10


async def test_what_was_ready_once_takes_requests_while_its_database_is_away(bare_database_url: str) -> None:
    async with opened(bare_database_url) as store:
        health = Health(store)
        assert await health.takes_requests() is False
        await health.migrate()
        assert await health.takes_requests() is True
        await migrate(store.engine, "base")
        assert (await health.readiness()).is_ready is False
        assert await health.takes_requests() is True
