"""Tokens do not travel in clear, whatever the proxy lets through."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import pytest
from app.main import create_service, wrap
from app.settings import Settings

from asgi import ask
from databases import ON_SQLITE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.wiring import Services
    from starlette.types import ASGIApp

    from asgi import Answer

pytestmark = ON_SQLITE

PROXY: Final = "10.1.2.3"
PUBLIC: Final = "https://signpost.host.example"
CONFIDENTIAL: Final = (
    "/api/v1/domains",
    "/api/v1/domains/bulk",
    "/api/",
    "/admin",
    "/admin/",
    "/admin/login",
)


@asynccontextmanager
async def serving(database_url: str, **settings: Any) -> AsyncIterator[ASGIApp]:
    chosen = Settings(
        **{"database_url": database_url, "public_url": PUBLIC, "trusted_proxies": PROXY, **settings}
    )
    api = create_service(chosen)
    services: Services = api.state.services
    try:
        yield wrap(api, chosen)
    finally:
        await services.close()


async def told(
    app: ASGIApp, path: str, proto: str | None, *, peer: str = PROXY, method: str = "GET"
) -> Answer:
    """Ask as a proxy does that says, or does not, how it was asked."""
    headers = [(b"host", b"signpost.host.example"), (b"authorization", b"Bearer wrong")]
    if proto is not None:
        headers.append((b"x-forwarded-proto", proto.encode()))
    return await ask(app, method, path, headers=headers, body=(b"{}",), client=(peer, 1))


@pytest.mark.parametrize("path", CONFIDENTIAL)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_what_a_proxy_says_came_over_http_is_refused_unread(
    database_url: str, path: str, method: str
) -> None:
    async with serving(database_url) as app:
        for proto in ("http", "https, http"):
            answer = await told(app, path, proto, method=method)
            assert (answer.status, answer.chunks_read) == (403, 0)
            assert len(answer.headers["x-request-id"]) == 36


async def test_programs_get_a_problem_and_people_a_sentence(database_url: str) -> None:
    async with serving(database_url) as app:
        answer = await told(app, "/api/v1/domains", "http")
        found = json.loads(answer.body)
        assert answer.media_type == "application/problem+json"
        assert (found["type"], found["status"]) == (f"{PUBLIC}/problems/https-required", 403)
        page = await told(app, "/admin", "http")
        assert page.media_type == "text/plain"
        assert page.body.decode() == f"{found['detail']}\n"
        assert "https" in found["detail"]


@pytest.mark.parametrize("path", CONFIDENTIAL)
async def test_over_https_it_is_answered(database_url: str, path: str) -> None:
    async with serving(database_url) as app:
        for proto in ("https", "http, https"):
            assert (await told(app, path, proto)).status != 403


@pytest.mark.parametrize(
    "path", ["/administration", "/setup", "/mail/config-v1.1.xml", "/health/live", "/apiary"]
)
async def test_everything_else_is_answered_over_http(database_url: str, path: str) -> None:
    async with serving(database_url) as app:
        assert (await told(app, path, "http")).status != 403


@pytest.mark.parametrize(
    ("settings", "proto", "peer"),
    [
        # Nobody who is believed says so.
        ({}, None, PROXY),
        ({}, "gopher", PROXY),
        ({}, "http", "192.0.2.9"),
        ({"trusted_proxies": ""}, "http", PROXY),
        # A closed network without https.
        ({"public_url": "http://signpost.host.example"}, "http", PROXY),
    ],
)
async def test_elsewhere_nothing_changes(
    database_url: str, settings: dict[str, str], proto: str | None, peer: str
) -> None:
    async with serving(database_url, **settings) as app:
        assert (await told(app, "/api/v1/domains", proto, peer=peer)).status == 401
        assert (await told(app, "/admin/login", proto, peer=peer)).status == 200
