"""The application on each kind of database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from management import a_provider_body, served

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from management import ApiClient


@pytest.fixture
async def api(database_url: str) -> AsyncIterator[ApiClient]:
    """An admin's client of an empty service."""
    async with served(database_url) as client:
        yield client


@pytest.fixture
async def hosted(api: ApiClient) -> ApiClient:
    """An admin's client of a service with the providers ``a`` and ``b``, each with a domain of its name."""
    for slug in ("a", "b"):
        await api.put(f"/api/v1/providers/{slug}", json=a_provider_body())
        created = await api.put(f"/api/v1/domains/{slug}.example", json={"provider": slug})
        assert created.status_code == 201, created.text
    return api
