"""A write that is given up in its middle is whole or not there, and leaves nothing locked."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from api_client import opened_api, problem, with_tenants

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from api_client import ApiClient

DOMAIN = "/api/v1/domains/late.example"


@pytest.fixture
async def hurried(database_url: str) -> AsyncIterator[ApiClient]:
    async with opened_api(database_url, request_seconds=1) as client:
        yield await with_tenants(client)


async def test_a_write_that_waits_for_another_is_given_up_and_can_be_sent_again(hurried: ApiClient) -> None:
    engine = hurried.services.store.engine
    async with engine.connect() as other, other.begin():
        # On SQLite the transaction alone keeps all other writers out.
        if engine.dialect.name == "postgresql":
            await other.execute(text("LOCK TABLE domain IN EXCLUSIVE MODE"))
        given_up = await hurried.send("PUT", DOMAIN, {"provider": "provider"})
    assert "after 1 seconds" in problem(given_up, 503, "took-too-long")["detail"]
    assert given_up.headers["retry-after"] == "5"

    stored = await hurried.send("GET", DOMAIN)
    audited = await hurried.ok("GET", "/api/v1/audit?resource=late.example")
    assert len(audited["items"]) == (1 if stored.status_code == 200 else 0)
    again = await hurried.send("PUT", DOMAIN, {"provider": "provider"})
    assert again.status_code in {200, 201}
    assert (await hurried.send("GET", DOMAIN)).status_code == 200


async def test_requests_given_up_one_after_the_other_use_up_no_connections(hurried: ApiClient) -> None:
    engine = hurried.services.store.engine
    async with engine.connect() as other, other.begin():
        if engine.dialect.name == "postgresql":
            await other.execute(text("LOCK TABLE domain IN EXCLUSIVE MODE"))
        paths = [f"/api/v1/domains/late{number}.example" for number in range(12)]
        given_up = [
            asyncio.create_task(hurried.send("PUT", path, {"provider": "provider"})) for path in paths
        ]
        for task in given_up:
            problem(await task, 503, "took-too-long")
    for path in paths:
        assert (await hurried.send("PUT", path, {"provider": "provider"})).is_success
