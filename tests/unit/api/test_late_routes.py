"""Mail clients are answered while the other routes are being loaded."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx
import pytest
import structlog
from app.api.application import create_discovery
from app.api.late_routes import LateRoutes
from app.api.management import add_management
from app.main import create_service, load_others, wrap
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
        self.fault = fault

    def __call__(self) -> Callable[[FastAPI], None]:
        assert self.go_on.wait(30)
        fault = self.fault
        self.count += 1
        if fault is not None:
            raise fault
        return add_management

    def note(self) -> None:
        self.completed += 1


@asynccontextmanager
async def started(
    database_url: str, loading: Loading, pause: float = 3600.0
) -> AsyncIterator[httpx.AsyncClient]:
    settings = Settings(database_url=database_url, verify="never")
    async with opened(database_url) as store:
        await stored_provider(store)
        await stored_domain(store)
    api = create_discovery(settings)
    LateRoutes(api, loading, loading.note, retry_seconds=pause)
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


@pytest.mark.parametrize(("pause", "expected"), [(3600.0, [500, 500, 200]), (0.0, [401, 404, 200])])
async def test_what_failed_once_is_tried_again_after_a_while(
    database_url: str, pause: float, expected: list[int]
) -> None:
    loading = Loading(fault=OSError("too many open files"))
    loading.go_on.set()
    async with started(database_url, loading, pause) as client:
        assert (await client.get(MANAGED)).status_code == 500
        loading.fault = None
        statuses = [(await client.get(path)).status_code for path in (MANAGED, NOWHERE, DOCUMENT)]
    assert statuses == expected


async def test_the_service_that_starts_comes_to_have_the_routes_of_the_whole_one(database_url: str) -> None:
    settings = Settings(database_url=database_url)
    whole, late = create_service(settings), create_discovery(settings)
    assert paths_of(late) != paths_of(whole)
    await LateRoutes(late, load_others).complete()
    assert paths_of(late) == paths_of(whole)
    assert late.openapi() == whole.openapi()


def paths_of(service: FastAPI) -> list[str]:
    return [route.path for route in service.routes]  # type: ignore[attr-defined]


def test_a_refusal_of_mail_clients_loads_no_pages() -> None:
    """In an interpreter of its own: here they are loaded already."""
    program = """if True:
        import sys
        from app.core.errors import Overloaded
        from app.main import refuse_page
        from starlette.requests import Request
        for path in ("/mail/config-v1.1.xml", "/api/v1/domains", "/nothing"):
            assert refuse_page(Request({"type": "http", "path": path}), Overloaded()) is None
        assert "app.web.site" not in sys.modules
    """
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
