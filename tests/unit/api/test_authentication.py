"""Callers without a token that holds learn nothing else, whatever else is wrong with what they send."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from app.main import wrap
from app.settings import Settings

from api_client import opened_api, problem, with_tenants

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from api_client import ApiClient

OUTSIDE = "192.0.2.9"
UNKNOWN = "/api/v1/no-such-path"


def operations(client: ApiClient) -> list[tuple[str, str]]:
    document: dict[str, Any] = client.app.openapi()
    return [
        (method.upper(), path)
        for path, methods in document["paths"].items()
        if path.startswith("/api/")
        for method in methods
    ]


@pytest.fixture
async def limited(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[ApiClient]:
    """An API that is asked from outside, with two requests a minute for each token and each address."""
    url = f"sqlite+aiosqlite:///{shutil.copy(sqlite_template, tmp_path / 'limited.db')}"
    limits: dict[str, Any] = {"requests_per_minute_per_token": 2, "requests_per_minute_per_address": 2}
    async with opened_api(url, **limits) as client:
        await with_tenants(client)
        application = wrap(client.app, Settings(database_url=url, **limits))
        transport = httpx.ASGITransport(app=application, client=(OUTSIDE, 50000))
        async with httpx.AsyncClient(transport=transport, base_url="http://signpost.example") as http:
            client.http = http
            yield client


@pytest.mark.parametrize(
    ("body", "media_type"),
    [(b"", ""), (b"{", "application/json"), (b"\xff", "text/plain"), (b"{}", "application/merge-patch+json")],
)
async def test_no_operation_says_anything_else_before_it_asks_for_a_token(
    api: ApiClient, body: bytes, media_type: str
) -> None:
    found = operations(api)
    assert len(found) > 40
    for method, path in found:
        # Names that are none: a route that reads its path first would refuse those.
        filled = re.sub(r"\{\w+\}", "-..-", path) + "?limit=x&dry_run=x"
        answer = await api.http.request(method, filled, content=body, headers={"Content-Type": media_type})
        problem(answer, 401, "not-authenticated")
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_path_or_method_that_is_none_is_told_to_callers_with_a_token_only(api: ApiClient) -> None:
    for method, path, status in (("GET", UNKNOWN, 404), ("PUT", "/api/v1/domains", 405)):
        problem(await api.send(method, path, token=None), 401, "not-authenticated")
        problem(await api.send(method, path, token="sp_wrong"), 401, "not-authenticated")
        problem(await api.send(method, path), status, None)
    # What is outside the management API asks nobody.
    assert (await api.http.get("/nothing", headers={"Authorization": "Bearer x"})).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", UNKNOWN, 404), ("PUT", "/api/v1/domains", 405)]
)
async def test_a_path_or_method_that_is_none_counts_like_any_other(
    limited: ApiClient, method: str, path: str, status: int
) -> None:
    assert [(await limited.send(method, path)).status_code for _ in range(2)] == [status] * 2
    problem(await limited.send(method, path), 429, "quota-exceeded")


@pytest.mark.parametrize(
    "fields",
    [
        [],
        [("Authorization", "Bearer")],
        [("Authorization", "Bearer  ")],
        [("Authorization", "Basic eDp5"), ("Authorization", "Bearer sp_wrong")],
    ],
)
async def test_a_request_that_bears_nothing_counts_for_its_address(
    limited: ApiClient, fields: list[tuple[str, str]]
) -> None:
    answers = [await limited.http.get(UNKNOWN, headers=fields) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [401, 401, 429]


async def test_a_path_of_its_own_takes_its_methods_only(api: ApiClient) -> None:
    for path, methods in (
        ("/api/v1/domains/bulk", "POST"),
        ("/api/v1/domains/export", "GET"),
        ("/api/v1/domains/customer.example", "DELETE, GET, PATCH, PUT"),
    ):
        answer = await api.send("OPTIONS", path)
        assert (answer.status_code, answer.headers["allow"]) == (405, methods)
