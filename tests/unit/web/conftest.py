"""The whole service with one provider, as a browser asks it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from builders import a_provider
from databases import copy_and_fill, opened, stored_domain, stored_provider
from in_process import serving
from operators import fill, operating

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import httpx
    from app.store.unit_of_work import Store


@pytest.fixture
async def store_of_browser(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Store]:
    """What the service that the browser asks has stored."""
    path = shutil.copy(sqlite_template, tmp_path / "web.db")
    async with opened(f"sqlite+aiosqlite:///{path}") as store:
        await stored_provider(store, a_provider())
        await stored_domain(store)
        yield store


@pytest.fixture
async def browser(store_of_browser: Store, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(f"sqlite+aiosqlite:///{tmp_path / 'web.db'}") as found:
        yield found


@pytest.fixture(scope="session")
def filled_database(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite database to copy, with two providers and what they have."""

    async def run(url: str) -> None:
        async with operating(url) as person:
            await fill(person)

    return copy_and_fill(sqlite_template, tmp_path_factory.mktemp("filled"), run)
