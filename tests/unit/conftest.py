"""Stores and clocks; every test that asks for a store runs on each kind of database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from databases import opened
from fakes.clock import FixedClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from app.store.unit_of_work import Store

    from postgres import PostgresCluster


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    """A store on a migrated, empty database."""
    async with opened(database_url) as found:
        yield found


@pytest.fixture(params=["sqlite", "postgresql"])
def bare_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of each kind without a schema."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path}/bare.db"
    else:
        cluster: PostgresCluster = request.getfixturevalue("postgres")
        with cluster.database(migrated=False) as url:
            yield url
