"""The whole application, asked over HTTP without a socket."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
from app.api.application import create_api
from app.main import wrap
from app.services.callers import Scope
from app.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.wiring import Services


class ApiClient:
    """Sends requests with one token; ``as_token`` gives one with another."""

    def __init__(self, http: httpx.AsyncClient, services: Services) -> None:
        self.http = http
        self.services = services
        self.token = ""

    async def as_token(self, *scopes: str, provider: str | None = None) -> ApiClient:
        """Make a token (of an admin if no scope is named) and a client that sends it."""
        other = ApiClient(self.http, self.services)
        chosen = frozenset(scopes or {Scope.ADMIN.value})
        other.token = await self.services.access.create_token("test", chosen, provider=provider)
        return other

    async def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        headers.update(options.pop("headers", {}))
        return await self.http.request(method, path, headers=headers, **options)

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.request("GET", path, **options)

    async def post(self, path: str, **options: Any) -> httpx.Response:
        return await self.request("POST", path, **options)

    async def put(self, path: str, **options: Any) -> httpx.Response:
        return await self.request("PUT", path, **options)

    async def patch(self, path: str, **options: Any) -> httpx.Response:
        headers = {"Content-Type": "application/merge-patch+json", **options.pop("headers", {})}
        return await self.request("PATCH", path, headers=headers, **options)

    async def delete(self, path: str, **options: Any) -> httpx.Response:
        return await self.request("DELETE", path, **options)


@asynccontextmanager
async def served(database_url: str, **settings: Any) -> AsyncIterator[ApiClient]:
    """Give a client of the application on a migrated database, with an admin's token."""
    # Discovery asks the DNS, of which tests have one only where they start it.
    offline = {"resolver": "127.0.0.1:9", "discover_seconds": 0.5}
    chosen = Settings(database_url=database_url, **{**offline, **settings})
    api = create_api(chosen)
    services: Services = api.state.services
    transport = httpx.ASGITransport(app=wrap(api, chosen), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://signpost.example") as http:
        try:
            yield await ApiClient(http, services).as_token()
        finally:
            await services.close()


def is_problem(response: httpx.Response, status: int, slug: str) -> bool:
    """Tell whether an answer is this problem, for ``assert``; its text is in the failure."""
    assert response.headers["content-type"] == "application/problem+json", response.text
    body = response.json()
    assert (body["status"], body["type"].rpartition("/")[2]) == (status, slug), response.text
    assert response.status_code == status
    return True


A_SERVER = {
    "type": "imap",
    "hostname": "imap.host.example",
    "port": 993,
    "socket_type": "tls",
    "authentication": ["password-cleartext"],
    "username": "%EMAILADDRESS%",
}


def a_provider_body(**changes: Any) -> dict[str, Any]:
    servers = [
        {**A_SERVER, "key": "imap"},
        {**A_SERVER, "key": "smtp", "type": "smtp", "hostname": "smtp.host.example", "port": 465},
    ]
    return {"display_name": "The Host", "short_name": "Host", "servers": servers, **changes}
