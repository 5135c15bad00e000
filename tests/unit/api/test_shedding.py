"""What is refused when there is too much to do, and in which form."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from app.api.allowances import OWN_ALLOWANCES
from app.main import create_service, wrap
from app.settings import Settings

from asgi import ask
from databases import ON_SQLITE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.services.load import Load
    from app.wiring import Services
    from fastapi import FastAPI
    from starlette.types import ASGIApp, Message

pytestmark = ON_SQLITE


@dataclass(frozen=True)
class Served:
    """An application, and its parts."""

    app: ASGIApp
    api: FastAPI
    load: Load


@asynccontextmanager
async def serving(database_url: str, **settings: Any) -> AsyncIterator[Served]:
    chosen = Settings(database_url=database_url, **settings)
    api = create_service(chosen)
    services: Services = api.state.services
    try:
        yield Served(wrap(api, chosen), api, services.load)
    finally:
        await services.close()


@pytest.fixture
async def busy(database_url: str) -> AsyncIterator[Served]:
    """An application in which nothing has room."""
    async with serving(database_url) as served:
        for _ in range(3):
            served.load.note(60)
        yield served


@pytest.fixture
async def quiet(database_url: str) -> AsyncIterator[Served]:
    """One in which there is room for a single request of management."""
    async with serving(database_url, requests_at_once=1, max_lag_milliseconds=0) as served:
        yield served


@pytest.mark.parametrize("path", ["/api/v1/domains", *OWN_ALLOWANCES])
async def test_programs_get_a_problem_and_the_time_to_wait(busy: Served, path: str) -> None:
    answer = await ask(busy.app, "GET", path)
    assert answer.status == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"] == "5"
    assert b"/problems/overloaded" in answer.body
    assert answer.headers["x-request-id"] in answer.body.decode()


async def test_mail_clients_get_nothing_that_could_be_a_document(busy: Served) -> None:
    answer = await ask(busy.app, "GET", "/v1.1/demo.example")
    assert answer.status == 503
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["retry-after"] == "5"


@pytest.mark.parametrize("path", ["/setup", "/admin/login"])
async def test_people_get_a_page(busy: Served, path: str) -> None:
    answer = await ask(busy.app, "GET", path)
    assert answer.status == 503
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["retry-after"] == "5"


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
async def test_whoever_looks_after_us_is_answered_always(busy: Served, path: str) -> None:
    assert (await ask(busy.app, "GET", path)).status == 200


async def test_what_is_done_is_counted_while_it_is_and_not_after(quiet: Served) -> None:
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def wait() -> str:
        arrived.set()
        await go_on.wait()
        return "done"

    quiet.api.add_api_route("/api/wait", wait)
    first = asyncio.create_task(ask(quiet.app, "GET", "/api/wait"))
    await arrived.wait()
    assert (await ask(quiet.app, "GET", "/api/v1/domains")).status == 503
    # Discovery has room of its own.
    assert (await ask(quiet.app, "GET", "/v1.1/nobody.example")).status == 404
    go_on.set()
    assert (await first).status == 200
    assert (await ask(quiet.app, "GET", "/api/v1/domains")).status == 401


async def test_who_waits_for_a_slow_client_keeps_nobody_out(quiet: Served) -> None:
    asked, arrives = asyncio.Event(), asyncio.Event()

    async def receive() -> Message:
        asked.set()
        await arrives.wait()
        return {"type": "http.request", "body": b"<nothing/>", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    sent: list[Message] = []
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": "/autodiscover/autodiscover.xml", "raw_path": b"/autodiscover/autodiscover.xml",
        "query_string": b"", "root_path": "", "headers": [(b"host", b"x"), (b"content-length", b"10")],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2), "state": {},
    }  # fmt: skip

    async def be_slow() -> None:
        await quiet.app(dict(scope), receive, send)

    slow = [asyncio.create_task(be_slow()) for _ in range(9)]
    await asked.wait()
    assert (await ask(quiet.app, "GET", "/v1.1/nobody.example")).status == 404
    arrives.set()
    await asyncio.gather(*slow)
    statuses = {message["status"] for message in sent if message["type"] == "http.response.start"}
    assert 503 not in statuses
