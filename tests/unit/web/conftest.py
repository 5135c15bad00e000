"""The whole service with one provider, as a browser asks it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from builders import a_provider
from databases import opened, stored_domain, stored_provider
from in_process import serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import httpx


@pytest.fixture
async def browser(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    database_url = f"sqlite+aiosqlite:///{shutil.copy(sqlite_template, tmp_path / 'web.db')}"
    async with opened(database_url) as store:
        await stored_provider(store, a_provider())
        await stored_domain(store)
    async with serving(database_url) as found:
        yield found
