from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from app.core.errors import ConcurrentChange, DomainNotFound, NotAvailable
from app.core.names import DomainName
from app.store.engine import create_engine, create_reader
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError

from builders import a_domain, a_provider
from databases import (
    ON_POSTGRESQL,
    ON_SQLITE,
    UNREACHABLE_URL,
    opened,
    stored_domain,
    stored_provider,
)
from fakes.clock import LATER, NOW

if TYPE_CHECKING:
    from pathlib import Path

    from app.store.unit_of_work import Store

    from postgres import PostgresCluster

CUSTOMER = DomainName("customer.example")


class StoppedError(Exception):
    """Stands for a bug in the middle of a transaction."""


async def insert_and_stop(store: Store) -> None:
    async with store.writing() as unit:
        await unit.providers.insert(a_provider(), NOW)
        raise StoppedError


async def test_a_transaction_that_fails_in_the_middle_leaves_nothing(store: Store) -> None:
    with pytest.raises(StoppedError):
        await insert_and_stop(store)
    async with store.reading() as unit:
        assert await unit.providers.count() == 0


async def test_a_write_is_seen_by_discovery_at_once(store: Store) -> None:
    await stored_provider(store)
    for number in range(5):
        name = f"d{number}.example"
        async with store.discovering() as accounts:
            assert await accounts.find(DomainName(name)) is None
        await stored_domain(store, a_domain(name))
        async with store.discovering() as accounts:
            assert await accounts.find(DomainName(name)) is not None


async def test_what_is_not_committed_is_not_seen(store: Store) -> None:
    async with store.writing() as unit:
        await unit.providers.insert(a_provider(), NOW)
        async with store.reading() as other:
            assert await other.providers.find("provider") is None


async def test_discovery_does_not_wait_for_a_writer(store: Store) -> None:
    await stored_provider(store)
    await stored_domain(store)
    async with store.writing() as unit:
        await unit.providers.insert(a_provider(slug="other"), NOW)
        async with asyncio.timeout(5), store.discovering() as accounts:
            assert await accounts.find(CUSTOMER) is not None


async def test_writers_wait_for_each_other(store: Store) -> None:
    provider = await stored_provider(store)

    async def raise_version(_number: int) -> None:
        async with store.writing() as unit:
            # PostgreSQL has no writers' queue of its own at the beginning of a transaction.
            await unit._connection.execute(text("UPDATE provider SET version = version + 1"))

    await asyncio.gather(*map(raise_version, range(8)))
    async with store.reading() as unit:
        found = await unit.providers.find("provider")
    assert found is not None
    assert found.version == provider.version + 8


async def test_a_reading_transaction_sees_one_state(store: Store) -> None:
    stored = await stored_provider(store)
    async with store.reading() as reader:
        before = await reader.providers.find("provider")
        async with store.writing() as writer:
            await writer.providers.replace(stored, a_provider(display_name="Other"), LATER)
        assert await reader.providers.find("provider") == before


@ON_SQLITE
async def test_discovery_cannot_write(database_url: str) -> None:
    reader = create_reader(database_url)
    assert reader is not None
    with reader.connect() as connection, pytest.raises(OperationalError, match="readonly"):
        connection.execute(text("DELETE FROM domain"))
    reader.dispose()


async def test_a_database_that_is_away_is_not_available() -> None:
    async with opened(UNREACHABLE_URL) as store:
        for opening in (store.reading, store.writing, store.discovering):
            with pytest.raises(NotAvailable, match="database"):
                await opening().__aenter__()


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO provider (slug) VALUES (NULL)",
        "SELEC 1",
        "SELECT nothing_of_this_name(1)",
    ],
)
async def test_a_faulty_statement_is_no_absence(store: Store, statement: str) -> None:
    async def fail() -> None:
        async with store.writing() as unit:
            await unit._connection.execute(text(statement))

    with pytest.raises(DBAPIError):
        await fail()


@pytest.mark.parametrize(
    "statement", ["SELECT nothing_of_this_name FROM provider", "UPDATE provider SET nothing_of_this_name = 1"]
)
async def test_a_schema_that_lacks_a_column_is_not_available(store: Store, statement: str) -> None:
    async def look() -> None:
        async with store.writing() as unit:
            await unit._connection.execute(text(statement))

    with pytest.raises(NotAvailable):
        await look()


async def test_an_error_of_our_own_passes_as_it_is(store: Store) -> None:
    error = DomainNotFound("customer.example")

    async def fail() -> None:
        async with store.reading():
            raise error

    with pytest.raises(DomainNotFound) as raised:
        await fail()
    assert raised.value is error


@ON_POSTGRESQL
async def test_a_reading_transaction_cannot_write(store: Store) -> None:
    async def write() -> None:
        async with store.reading() as unit:
            await unit._connection.execute(text("DELETE FROM domain"))

    with pytest.raises(DBAPIError, match="read-only"):
        await write()
    # The connection goes back to the pool as one that may write.
    await stored_provider(store)


@ON_POSTGRESQL
async def test_a_deadlock_is_a_race_that_one_loses(store: Store) -> None:
    for slug in ("a", "b"):
        await stored_provider(store, a_provider(slug=slug))
    touch = text("UPDATE provider SET version = version + 1 WHERE slug = :slug")
    both_began = asyncio.Barrier(2)

    async def touch_both(first: str, second: str) -> None:
        async with store.writing() as unit:
            await unit._connection.execute(text("SET LOCAL deadlock_timeout = '20ms'"))
            await unit._connection.execute(touch, {"slug": first})
            await both_began.wait()
            await unit._connection.execute(touch, {"slug": second})

    results = await asyncio.gather(touch_both("a", "b"), touch_both("b", "a"), return_exceptions=True)
    assert [type(result) for result in results if result is not None] == [ConcurrentChange]


@ON_POSTGRESQL
async def test_a_reader_that_is_given_up_is_told_to_come_again(store: Store) -> None:
    """As a standby does (40001): nobody's change was in the way of one that is not there."""

    async def be_given_up() -> None:
        async with store.reading() as unit:
            raised = "DO $$ BEGIN RAISE serialization_failure; END $$"
            await unit._connection.execute(text(raised))

    with pytest.raises(NotAvailable, match="busy"):
        await be_given_up()


async def test_a_database_without_tables_is_not_available(bare_database_url: str) -> None:
    async def look() -> None:
        async with store.discovering() as accounts:
            await accounts.find(CUSTOMER)

    async with opened(bare_database_url) as store:
        with pytest.raises(NotAvailable):
            await look()


@ON_POSTGRESQL
async def test_a_connection_cut_by_the_server_is_not_available(store: Store) -> None:
    async def cut() -> None:
        async with store.writing() as unit:
            await unit._connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(NotAvailable):
        await cut()
    # The pool finds out by itself.
    await stored_provider(store)


@ON_POSTGRESQL
async def test_a_row_that_is_locked_for_too_long_is_not_available(store: Store) -> None:
    await stored_provider(store)
    touch = text("UPDATE provider SET version = version")

    async def wait_in_vain() -> None:
        async with store.writing() as unit:
            await unit._connection.execute(text("SET LOCAL lock_timeout = '50ms'"))
            await unit._connection.execute(touch)

    async with store.writing() as holder:
        await holder._connection.execute(touch)
        with pytest.raises(NotAvailable):
            await wait_in_vain()


async def test_a_postgresql_without_the_database_is_not_available(postgres: PostgresCluster) -> None:
    async with opened(postgres.url("nothing_of_this_name")) as store:
        with pytest.raises(NotAvailable):
            await store.reading().__aenter__()


async def test_a_locked_sqlite_is_not_available(tmp_path: Path) -> None:
    async with opened(f"sqlite+aiosqlite:///{tmp_path}/test.db") as store:

        async def wait_in_vain() -> None:
            async with store.reading() as unit:
                await unit._connection.execute(text("PRAGMA busy_timeout=20"))
                await unit._connection.execute(text("CREATE TABLE t (x INTEGER)"))

        async with store.writing():
            with pytest.raises(NotAvailable):
                await wait_in_vain()


async def test_a_file_that_is_no_database_is_not_available(tmp_path: Path) -> None:
    path = tmp_path / "test.db"
    path.write_bytes(b"no database" * 1000)

    async def look() -> None:
        async with store.reading() as unit:
            await unit.providers.count()

    async with opened(f"sqlite+aiosqlite:///{path}") as store:
        with pytest.raises(NotAvailable):
            await look()


def test_the_databases_folder_is_made(tmp_path: Path) -> None:
    create_engine(f"sqlite+aiosqlite:///{tmp_path}/a/b/test.db")
    assert (tmp_path / "a" / "b").is_dir()


@pytest.mark.parametrize("url", ["sqlite+aiosqlite:///:memory:", "sqlite+aiosqlite://"])
def test_a_database_in_memory_needs_no_folder(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def use() -> None:
        engine = create_engine(url)
        async with engine.begin() as connection:
            assert (await connection.execute(text("SELECT 1"))).scalar_one() == 1
        await engine.dispose()

    monkeypatch.chdir(tmp_path)
    asyncio.run(use())
    assert list(tmp_path.iterdir()) == []


async def test_sqlite_keeps_acknowledged_writes_and_foreign_keys(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite+aiosqlite:///{tmp_path}/test.db")
    async with engine.connect() as connection:
        found = {
            name: (await connection.execute(text(f"PRAGMA {name}"))).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    await engine.dispose()
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}
