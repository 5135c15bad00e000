"""One Chromium and one service for all visits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from browsing import chromium_path, launched
from setup_pages import serving_setup

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from playwright.async_api import Browser


@pytest.fixture(scope="session")
def setup_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a service with something to set up is."""
    chromium_path()
    with serving_setup(tmp_path_factory.mktemp("setup")) as service:
        yield service.url


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    async with launched() as browser:
        yield browser
