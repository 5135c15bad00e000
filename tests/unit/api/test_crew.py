"""What one of several processes does for all of them, and what each does."""

from __future__ import annotations

import asyncio

import pytest
from app.api.application import create_api
from app.core.errors import NotAvailable
from app.services.crew import Crew
from app.settings import Settings

from databases import ON_SQLITE


async def running_in(database_url: str, crew: Crew) -> set[str]:
    """Return what runs in the background of an application that has begun."""
    api = create_api(Settings(database_url=database_url), crew)
    before = asyncio.all_tasks()
    async with api.router.lifespan_context(api):
        # Verification begins its loops as tasks of their own.
        await asyncio.sleep(0.05)
        return {str(task.get_coro().__qualname__) for task in asyncio.all_tasks() - before}  # type: ignore[union-attr]


@ON_SQLITE
async def test_webhooks_and_verification_run_in_the_first_process_alone(database_url: str) -> None:
    first = await running_in(database_url, Crew(is_first=True))
    other = await running_in(database_url, Crew(is_first=False))
    assert first - other >= {"Delivering.run", "VerificationServices.run", "Checking.run"}
    assert other - first == set()
    assert other >= {"keep_up", "Services.watch", "Load.watch"}


async def test_alone_the_metrics_of_all_are_its_own() -> None:
    crew = Crew()
    crew.describe = lambda: "a 1\n"
    assert await crew.metrics() == "a 1\n"


class Silent:
    """A way to the others on which nothing comes back."""

    async def add_up(self, metrics: str) -> str:
        raise NotAvailable("supervisor")


async def test_a_part_does_not_pass_for_the_whole() -> None:
    crew = Crew()
    crew.join(Silent())
    with pytest.raises(NotAvailable):
        await crew.metrics()
