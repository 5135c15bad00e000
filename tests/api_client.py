"""The whole service in process, on a database of its own, with tokens as they are needed."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
from app.main import create_service, wrap
from app.services.callers import Scope
from app.settings import Settings

from builders import a_provider
from databases import stored_provider

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.wiring import Services
    from fastapi import FastAPI

ALL_SCOPES = tuple(scope.value for scope in Scope)


@dataclass
class ApiClient:
    """Sends as an administrator unless it is told otherwise."""

    app: FastAPI
    http: httpx.AsyncClient
    token: str

    @property
    def services(self) -> Services:
        services: Services = self.app.state.services
        return services

    async def token_with(self, *scopes: str, provider: str | None = None) -> str:
        return await self.services.access.create_token("t", frozenset(scopes), provider=provider)

    async def send(
        self, method: str, path: str, body: Any = None, *, token: str | None = "", **headers: str
    ) -> httpx.Response:
        """Send a request; ``token=None`` sends none, underscores in names of headers are hyphens."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            sent["Authorization"] = f"Bearer {token or self.token}"
        return await self.http.request(method, path, json=body, headers=sent)

    async def ok(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Send a request that has to succeed, and return its JSON."""
        response = await self.send(method, path, body, **headers)
        assert response.is_success, response.text
        return response.json() if response.content else None


@asynccontextmanager
async def opened_api(database_url: str, **settings: Any) -> AsyncIterator[ApiClient]:
    # Nobody is asked anything unless a test says whom.
    offline = {"resolver": "127.0.0.1:9", "discover_seconds": 0.5}
    configured = Settings(database_url=database_url, **{**offline, **settings})
    api = create_service(configured)
    services: Services = api.state.services
    transport = httpx.ASGITransport(app=wrap(api, configured))
    async with httpx.AsyncClient(transport=transport, base_url="http://signpost.example") as http:
        yield ApiClient(app=api, http=http, token="")
    await services.close()


async def with_tenants(client: ApiClient) -> ApiClient:
    """Store two providers, and take a token that may do everything."""
    for slug in ("provider", "other"):
        await stored_provider(client.services.store, a_provider(slug=slug))
    client.token = await client.token_with(Scope.ADMIN.value)
    return client


def problem(response: httpx.Response, status: int, slug: str | None) -> dict[str, Any]:
    """Check a problem document (RFC 9457) and return it."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = response.json()
    assert found["type"] == ("about:blank" if slug is None else f"http://127.0.0.1:8080/problems/{slug}")
    assert found["status"] == status
    assert found["title"]
    assert found["instance"] == f"urn:uuid:{response.headers['x-request-id']}"
    assert set(found) <= {"type", "title", "status", "detail", "instance", "errors"}
    return found
