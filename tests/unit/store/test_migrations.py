from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from app.core.errors import SchemaTooNew
from app.store.engine import create_engine
from app.store.migrating import alembic_config, migrate
from app.store.rows import METADATA
from app.store.schema import is_current
from sqlalchemy import Connection, inspect, text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy.ext.asyncio import AsyncEngine


@pytest.fixture
async def engine(bare_database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(bare_database_url)
    yield engine
    await engine.dispose()


def drift(connection: Connection) -> list[Any]:
    options = {"compare_type": True, "compare_server_default": True}
    found: list[Any] = compare_metadata(MigrationContext.configure(connection, opts=options), METADATA)
    return found


def shape(connection: Connection) -> dict[str, Any]:
    """Return all that a database says of its tables."""
    inspector = inspect(connection)
    return {
        table: (
            [
                (column["name"], str(column["type"]), column["nullable"])
                for column in inspector.get_columns(table)
            ],
            inspector.get_pk_constraint(table),
            sorted(inspector.get_foreign_keys(table), key=str),
            sorted(inspector.get_unique_constraints(table), key=str),
            sorted(inspector.get_check_constraints(table), key=str),
            sorted((described(index) for index in inspector.get_indexes(table)), key=str),
        )
        for table in inspector.get_table_names()
    }


def described(index: Any) -> dict[str, Any]:
    """Return an index with its options as texts: conditions are objects that equal themselves only."""
    options = index.get("dialect_options", {})
    return {**index, "dialect_options": {name: str(value) for name, value in options.items()}}


def created_from_rows(connection: Connection) -> dict[str, Any]:
    METADATA.create_all(connection)
    return shape(connection)


async def at_newest(database_url: str) -> bool:
    engine = create_engine(database_url)
    try:
        return await is_current(engine)
    finally:
        await engine.dispose()


async def test_migrations_up_down_and_up_leave_no_drift(engine: AsyncEngine) -> None:
    await migrate(engine)
    async with engine.begin() as connection:
        assert await connection.run_sync(drift) == []
        first = await connection.run_sync(shape)
    await migrate(engine, "base")
    async with engine.begin() as connection:
        assert set(await connection.run_sync(shape)) == {"alembic_version"}
    await migrate(engine)
    async with engine.begin() as connection:
        assert await connection.run_sync(drift) == []
        assert await connection.run_sync(shape) == first


async def test_migrations_build_what_the_rows_say_down_to_names_and_checks(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        wanted = await connection.run_sync(created_from_rows)
        await connection.run_sync(METADATA.drop_all)
    await migrate(engine)
    async with engine.begin() as connection:
        found = await connection.run_sync(shape)
    found.pop("alembic_version")
    assert found == wanted


async def test_a_database_is_current_only_at_the_newest_revision(engine: AsyncEngine) -> None:
    assert not await is_current(engine)
    await migrate(engine)
    assert await is_current(engine)
    await migrate(engine, "base")
    assert not await is_current(engine)


async def test_migrating_twice_changes_nothing(engine: AsyncEngine) -> None:
    await migrate(engine)
    await migrate(engine)
    assert await is_current(engine)


async def test_a_database_of_a_newer_version_is_refused_and_left_as_it_is(engine: AsyncEngine) -> None:
    await migrate(engine)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = 'newer'"))
        before = await connection.run_sync(shape)
    with pytest.raises(SchemaTooNew):
        await migrate(engine)
    assert not await is_current(engine)
    async with engine.begin() as connection:
        assert await connection.run_sync(shape) == before


def test_alembics_own_command_line_migrates_the_configured_database(
    bare_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNPOST_DATABASE_URL", bare_database_url)
    command.upgrade(alembic_config(), "head")
    assert asyncio.run(at_newest(bare_database_url))
