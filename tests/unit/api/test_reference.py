"""The pages of the reference, and that a browser needs nobody else for them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import httpx
import pytest
from app.api.application import create_api
from app.main import wrap
from app.settings import Settings

from databases import ON_SQLITE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = ON_SQLITE


@pytest.fixture
async def client(database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    settings = Settings(database_url=database_url)
    api = create_api(settings)
    transport = httpx.ASGITransport(app=wrap(api, settings))
    async with httpx.AsyncClient(transport=transport, base_url="https://signpost.example") as client:
        yield client
    await api.state.services.close()


async def test_all_that_the_page_loads_is_served_here(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs")
    assert page.status_code == 200
    loaded = re.findall(r'(?:src|href|data-document)="([^"]+)"', page.text)
    assert {path.rpartition("/")[2] for path in loaded} == {
        "swagger-ui-bundle.js", "swagger-ui.css", "start.js", "favicon-32x32.png", "openapi.json",
    }  # fmt: skip
    for path in loaded:
        assert path.startswith("/"), path
        answer = await client.get(path)
        assert answer.status_code == 200, path
        assert answer.content, path


async def test_the_page_may_load_from_nowhere_else(client: httpx.AsyncClient) -> None:
    policy = (await client.get("/docs")).headers["content-security-policy"]
    sources = {source for rule in policy.split(";") for source in rule.split()[1:]}
    assert sources == {"'none'", "'self'", "'unsafe-inline'", "data:"}
    assert "script-src 'self';" in policy


async def test_a_service_below_a_path_names_it(database_url: str) -> None:
    settings = Settings(database_url=database_url)
    api = create_api(settings)
    transport = httpx.ASGITransport(app=wrap(api, settings), root_path="/signpost")
    async with httpx.AsyncClient(transport=transport, base_url="https://host.example") as client:
        text = (await client.get("/signpost/docs")).text
    assert 'data-document="/signpost/openapi.json"' in text
    assert 'src="/signpost/docs/start.js"' in text
    await api.state.services.close()


async def test_the_reference_is_no_part_of_the_document(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    assert not [path for path in document["paths"] if path.startswith("/docs")]
