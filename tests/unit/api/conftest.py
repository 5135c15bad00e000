"""An API with two providers, in process, on SQLite."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from api_client import ApiClient, opened_api, with_tenants

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def api(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[ApiClient]:
    path = shutil.copy(sqlite_template, tmp_path / "api.db")
    async with opened_api(f"sqlite+aiosqlite:///{path}") as client:
        yield await with_tenants(client)


@pytest.fixture
async def api_on_each(database_url: str) -> AsyncIterator[ApiClient]:
    """For what depends on the kind of database."""
    async with opened_api(database_url) as client:
        yield await with_tenants(client)
