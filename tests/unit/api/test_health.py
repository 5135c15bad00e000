from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from api_client import opened_api
from databases import UNREACHABLE_URL

if TYPE_CHECKING:
    from pathlib import Path

    from api_client import ApiClient


async def test_a_service_with_its_database_is_alive_and_ready(api_on_each: ApiClient) -> None:
    alive = await api_on_each.http.get("/health/live")
    assert (alive.status_code, alive.json()) == (200, {"status": "alive"})
    ready = await api_on_each.http.get("/health/ready")
    assert ready.status_code == 200
    assert ready.json().items() >= {"status": "ready", "database": True, "schema_current": True}.items()


async def test_a_database_without_the_schema_is_not_ready(tmp_path: Path) -> None:
    async with opened_api(f"sqlite+aiosqlite:///{tmp_path}/bare.db") as client:
        ready = await client.http.get("/health/ready")
    assert ready.status_code == 503
    assert ready.json().items() >= {"status": "not ready", "database": True, "schema_current": False}.items()


@pytest.mark.parametrize("path", ["/health/ready", "/health/live"])
async def test_a_service_without_its_database_is_alive_and_not_ready(path: str) -> None:
    async with opened_api(UNREACHABLE_URL) as client:
        found = await client.http.get(path)
    if path == "/health/live":
        assert found.status_code == 200
    else:
        assert found.status_code == 503
        expected = {"status": "not ready", "database": False, "schema_current": False}
        assert found.json().items() >= expected.items()
