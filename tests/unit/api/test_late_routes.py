"""Mail clients are answered while the other routes are being loaded."""

from __future__ import annotations

import asyncio
import threading
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx
import structlog
from app.api.application import create_discovery
from app.api.late_routes import LateRoutes
from app.api.management import add_management
from app.main import create_service, wrap
from app.settings import Settings

from databases import opened, stored_domain, stored_provider

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from fastapi import FastAPI

DOCUMENT = "/mail/config-v1.1.xml?emailaddress=jane@customer.example"
MANAGED = "/api/v1/providers"
NOWHERE = "/no-such-page"


class Loading:
    """Loads when it is let, and counts how often it was asked to."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.go_on = threading.Event()
        self.count = 0
        self.completed = 0
        self._fault = fault

    def __call__(self) -> Callable[[FastAPI], None]:
        self.count += 1
        assert self.go_on.wait(30)
        if self._fault is not None:
            raise self._fault
        return add_management

    def note(self) -> None:
        self.completed += 1


@asynccontextmanager
async def started(database_url: str, loading: Loading) -> AsyncIterator[httpx.AsyncClient]:
    settings = Settings(database_url=database_url, verify="never")
    async with opened(database_url) as store:
        await stored_provider(store)
        await stored_domain(store)
    api = create_discovery(settings)
    LateRoutes(api, loading, loading.note)
    transport = httpx.ASGITransport(app=wrap(api, settings), raise_app_exceptions=False)
    async with (
        api.router.lifespan_context(api),
        httpx.AsyncClient(transport=transport, base_url="http://signpost.example") as client,
    ):
        try:
            yield client
        finally:
            loading.go_on.set()


async def test_mail_clients_and_load_balancers_do_not_wait(database_url: str) -> None:
    async with started(database_url, Loading()) as client:
        answers = [await client.get(path) for path in (DOCUMENT, "/health/live", "/health/ready")]
    assert [answer.status_code for answer in answers] == [200, 200, 200]


async def test_who_asks_for_what_is_not_there_yet_waits_and_is_answered(database_url: str) -> None:
    loading = Loading()
    async with started(database_url, loading) as client:
        asked = [asyncio.create_task(client.get(path)) for path in (MANAGED, "/openapi.json", NOWHERE)]
        done, _ = await asyncio.wait(asked, timeout=0.2)
        assert not done
        loading.go_on.set()
        managed, document, nowhere = await asyncio.gather(*asked)
    assert (managed.status_code, nowhere.status_code) == (401, 404)
    assert MANAGED in document.json()["paths"]
    assert (loading.count, loading.completed) == (1, 1)


async def test_who_gives_up_does_not_stop_it_for_others(database_url: str) -> None:
    loading = Loading()
    async with started(database_url, loading) as client:
        impatient, patient = (asyncio.create_task(client.get(MANAGED)) for _ in range(2))
        await asyncio.sleep(0.1)
        impatient.cancel()
        await asyncio.gather(impatient, return_exceptions=True)
        loading.go_on.set()
        answer = await patient
    assert answer.status_code == 401


async def test_routes_that_cannot_be_loaded_are_told_and_do_not_end_discovery(database_url: str) -> None:
    loading = Loading(fault=ImportError("a file is missing"))
    loading.go_on.set()
    with structlog.testing.capture_logs() as logs:
        async with started(database_url, loading) as client:
            managed, document = await client.get(MANAGED), await client.get(DOCUMENT)
    assert (managed.status_code, document.status_code) == (500, 200)
    assert [entry["event"] for entry in logs].count("routes_not_loaded") == 1


async def test_the_service_that_starts_has_the_routes_of_the_whole_one(database_url: str) -> None:
    settings = Settings(database_url=database_url)
    whole, late = create_service(settings), create_discovery(settings)
    missing = {route.path for route in whole.routes} - {route.path for route in late.routes}  # type: ignore[attr-defined]
    assert MANAGED in missing
    assert DOCUMENT.partition("?")[0] not in missing
