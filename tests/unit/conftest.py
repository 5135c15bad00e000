"""Stores and clocks; every test that asks for a store runs on each kind of database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from databases import opened
from fakes.clock import FixedClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.store.unit_of_work import Store


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    """A store on a migrated, empty database."""
    async with opened(database_url) as found:
        yield found
