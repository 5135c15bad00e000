"""Hypothesis profiles and databases; nothing with business in it."""

from __future__ import annotations

import asyncio
import os
import shutil
from typing import TYPE_CHECKING

import pytest
from app.store.engine import create_engine
from app.store.migrating import migrate
from hypothesis import HealthCheck, settings

from postgres import PostgresCluster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

settings.register_profile("default", deadline=None, max_examples=60)
settings.register_profile(
    "soak", deadline=None, max_examples=5000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("SIGNPOST_HYPOTHESIS_PROFILE", "default"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresCluster]:
    cluster = PostgresCluster()
    try:
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database to copy."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    asyncio.run(migrated(f"sqlite+aiosqlite:///{path}"))
    return path


DATABASES = ("sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql))


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated, empty database of each kind."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        yield f"sqlite+aiosqlite:///{shutil.copy(template, tmp_path / 'test.db')}"
    else:
        cluster: PostgresCluster = request.getfixturevalue("postgres")
        with cluster.database() as url:
            yield url


@pytest.fixture
def filled_url(request: pytest.FixtureRequest, database_url: str) -> str:
    """The same; on SQLite a copy of the ``filled_database`` near the test, which need not be filled."""
    if database_url.startswith("sqlite"):
        shutil.copy(request.getfixturevalue("filled_database"), database_url.partition("///")[2])
    return database_url


@pytest.fixture(params=DATABASES)
def bare_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of each kind without a schema."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path}/bare.db"
    else:
        cluster: PostgresCluster = request.getfixturevalue("postgres")
        with cluster.database(migrated=False) as url:
            yield url


async def migrated(url: str) -> None:
    engine = create_engine(url)
    await migrate(engine)
    await engine.dispose()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden documents")
