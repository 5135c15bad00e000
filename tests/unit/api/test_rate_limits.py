"""Quotas of addresses and tokens, as clients meet them."""

from __future__ import annotations

import re
import shutil
from contextlib import asynccontextmanager
from itertools import count
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import structlog
from app.main import wrap
from app.settings import Settings

from api_client import opened_api, problem, with_tenants
from databases import stored_domain

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from api_client import ApiClient

    Open = Callable[..., AbstractAsyncContextManager[ApiClient]]

AUTOCONFIG = "/mail/config-v1.1.xml?emailaddress=jane%40customer.example"
OUTSIDE = "192.0.2.9"


@pytest.fixture
def opened(sqlite_template: Path, tmp_path: Path) -> Open:
    copies = count()

    @asynccontextmanager
    async def open_with(peer: str = OUTSIDE, **settings: Any) -> AsyncIterator[ApiClient]:
        path = shutil.copy(sqlite_template, tmp_path / f"{next(copies)}.db")
        url = f"sqlite+aiosqlite:///{path}"
        async with opened_api(url, **settings) as client:
            await with_tenants(client)
            await stored_domain(client.services.store)
            configured = Settings(database_url=url, **settings)
            transport = httpx.ASGITransport(app=wrap(client.app, configured), client=(peer, 50000))
            async with httpx.AsyncClient(transport=transport, base_url="http://signpost.example") as http:
                client.http = http
                yield client

    return open_with


async def test_a_mail_client_over_its_addresss_quota_gets_a_short_text(opened: Open) -> None:
    async with opened(requests_per_minute_per_address=2) as client:
        for _ in range(2):
            answer = await client.http.get(AUTOCONFIG)
            assert answer.status_code == 200
            # Caches keep it, and it would tell of others behind the same address.
            assert "ratelimit" not in answer.headers
        refused = await client.http.get(AUTOCONFIG)
        assert refused.status_code == 429
        assert refused.text == "Too many requests from this address; try again in 30 seconds.\n"
        assert refused.headers["content-type"].startswith("text/plain")
        assert refused.headers["retry-after"] == "30"
        assert refused.headers["cache-control"] == "no-store"
        assert refused.headers["ratelimit-policy"] == '"address";q=2;w=60'
        assert refused.headers["ratelimit"] == '"address";r=0;t=30'
        assert refused.headers["x-request-id"]


async def test_health_is_always_told(opened: Open) -> None:
    async with opened(requests_per_minute_per_address=1) as client:
        for path in ("/health/live", "/health/ready"):
            assert [(await client.http.get(path)).status_code for _ in range(5)] == [200] * 5
        assert [(await client.http.get("/nothing")).status_code for _ in range(2)] == [404, 429]


async def test_the_proxy_that_asks_for_certificates_is_not_limited(opened: Open) -> None:
    options: dict[str, Any] = {"requests_per_minute_per_address": 1, "unlimited_networks": "203.0.113.0/24"}
    path = "/tls/ask?domain=customer.example"
    async with opened("192.168.0.2", **options) as client:
        assert [(await client.http.get(path)).status_code for _ in range(5)] == [200] * 5
        assert [(await client.http.get("/nothing")).status_code for _ in range(2)] == [404, 429]
    async with opened(**options) as client:
        assert [(await client.http.get(path)).status_code for _ in range(2)] == [403, 429]


@pytest.mark.parametrize("peer", ["127.0.0.1", "10.9.8.7", "::1"])
async def test_without_settings_what_is_near_is_not_limited(opened: Open, peer: str) -> None:
    async with opened(peer, requests_per_minute_per_address=1) as client:
        assert [(await client.http.get(AUTOCONFIG)).status_code for _ in range(5)] == [200] * 5


async def test_behind_a_trusted_proxy_each_client_has_its_own_quota(opened: Open) -> None:
    async with opened(trusted_proxies=OUTSIDE, requests_per_minute_per_address=1) as client:

        async def status(forwarded: str) -> int:
            answer = await client.http.get(AUTOCONFIG, headers={"X-Forwarded-For": forwarded})
            return answer.status_code

        assert [await status("198.51.100.1"), await status("198.51.100.2")] == [200, 200]
        # What a client claims of itself stands further left.
        assert await status("203.0.113.5, 198.51.100.1") == 429
        assert [await status("2001:db8:1:2::1"), await status("2001:db8:1:2::2")] == [200, 429]
        # The proxy's own requests are no client's.
        assert [(await client.http.get(AUTOCONFIG)).status_code for _ in range(3)] == [200] * 3


async def test_management_without_a_token_is_counted_by_address_and_refused_with_a_problem(
    opened: Open,
) -> None:
    async with opened(requests_per_minute_per_address=2) as client:
        problem(await client.send("GET", "/api/v1/domains", token=None), 401, "not-authenticated")
        basic = {"Authorization": "Basic eDp5"}
        assert (await client.http.get("/api/v1/domains", headers=basic)).status_code == 401
        refused = await client.send("GET", "/api/v1/domains", token=None)
        found = problem(refused, 429, "quota-exceeded")
        assert found["detail"] == "Too many requests from this address; try again in 30 seconds."
        assert refused.headers["retry-after"] == "30"
        assert refused.headers["ratelimit"] == '"address";r=0;t=30'
        # Whoever has a token is not held up by those who have none.
        assert (await client.send("GET", "/api/v1/domains")).status_code == 200


async def test_each_answer_tells_a_token_what_is_left(opened: Open) -> None:
    async with opened(requests_per_minute_per_token=3) as client:
        for left, path, status in (
            (2, "/api/v1/domains", 200),
            (1, "/api/v1/domains/unknown.example", 404),
            (0, "/api/v1/domains?limit=x", 422),
        ):
            answer = await client.send("GET", path)
            assert answer.status_code == status
            assert answer.headers["ratelimit-policy"] == '"token";q=3;w=60'
            assert answer.headers["ratelimit"] == f'"token";r={left};t=20'
        refused = await client.send("DELETE", "/api/v1/domains/customer.example")
        found = problem(refused, 429, "quota-exceeded")
        assert found["detail"] == "Too many requests from this token; try again in 20 seconds."
        assert refused.headers["retry-after"] == "20"
        assert refused.headers["ratelimit"] == '"token";r=0;t=20'
        other = await client.token_with("domains:read")
        assert (await client.send("GET", "/api/v1/domains/customer.example", token=other)).is_success


async def test_a_wrong_token_uses_nobodys_quota(opened: Open) -> None:
    async with opened(requests_per_minute_per_token=1) as client:
        wrong = re.sub(".{43}$", "A" * 43, client.token)
        for _ in range(3):
            answer = await client.send("GET", "/api/v1/domains", token=wrong)
            assert (answer.status_code, answer.headers.get("ratelimit")) == (401, None)
        assert (await client.send("GET", "/api/v1/domains")).status_code == 200


async def test_where_there_are_no_limits_nothing_is_told_of_them(opened: Open) -> None:
    async with opened(requests_per_minute_per_token=0, requests_per_minute_per_address=0) as client:
        answer = await client.send("GET", "/api/v1/domains")
        assert (answer.status_code, answer.headers.get("ratelimit")) == (200, None)
        assert (await client.http.get(AUTOCONFIG)).status_code == 200


async def test_a_flood_is_one_line_a_minute_without_an_address(opened: Open) -> None:
    async with opened(requests_per_minute_per_address=1) as client:
        with structlog.testing.capture_logs() as events:
            for _ in range(20):
                await client.http.get(AUTOCONFIG)
        assert [(line["event"], line["count"]) for line in events] == [("requests_refused", 1)]
        assert OUTSIDE not in str(events)
