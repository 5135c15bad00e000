"""A person with a browser on the operator pages, and a service with two tenants to look at."""

from __future__ import annotations

import html
import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
from app.main import create_service, wrap
from app.services.callers import Scope
from app.settings import Settings

from management import a_provider_body

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from app.wiring import Services
    from fastapi import FastAPI
    from starlette.types import ASGIApp

SAME_SITE = {"Sec-Fetch-Site": "same-origin"}
MINE, THEIRS = "mine", "theirs"


class Person:
    """Somebody with a browser: cookies are kept, redirects are looked at."""

    def __init__(self, app: ASGIApp, services: Services, url: str, address: str = "127.0.0.1") -> None:
        self._app, self.services, self.url = app, services, url
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False, client=(address, 50000))
        self.http = httpx.AsyncClient(transport=transport, base_url=url)

    def another(self, address: str = "127.0.0.1") -> Person:
        """Return somebody with a browser of their own."""
        return Person(self._app, self.services, self.url, address)

    async def token(self, *scopes: str, provider: str | None = None) -> str:
        chosen = frozenset(scopes or {Scope.ADMIN.value})
        return await self.services.access.create_token("ops", chosen, provider=provider)

    async def log_in(self, *scopes: str, provider: str | None = None) -> Person:
        """Log in with a token made for it."""
        sent = await self.send_token(await self.token(*scopes, provider=provider))
        assert sent.status_code == 303, sent.text
        return self

    async def send_token(self, token: str, **fields: str) -> httpx.Response:
        data = {"token": token, **fields}
        return await self.http.post("/admin/login", data=data, headers=SAME_SITE)

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.http.get(path, **options)

    async def form_key(self) -> str:
        page = await self.get("/admin")
        found = re.search(r'name="form_key" value="([0-9a-f]{64})"', page.text)
        assert found is not None, page.text
        return found[1]

    async def post(self, path: str, headers: Mapping[str, str] = SAME_SITE, **fields: str) -> httpx.Response:
        """Send a form of the session's own."""
        data = {"form_key": await self.form_key(), **fields}
        return await self.http.post(path, data=data, headers=dict(headers))


@asynccontextmanager
async def operating(database_url: str, **settings: Any) -> AsyncIterator[Person]:
    """Serve a database; give somebody who is not in yet."""
    offline = {"resolver": "127.0.0.1:9", "discover_seconds": 0.5}
    values: dict[str, Any] = {
        "public_url": "http://signpost.example",
        "verify": "never",
        **offline,
        **settings,
    }
    chosen = Settings(database_url=database_url, **values)
    api: FastAPI = create_service(chosen)
    services: Services = api.state.services
    person = Person(wrap(api, chosen), services, str(chosen.public_url))
    try:
        yield person
    finally:
        await services.close()


async def fill(person: Person) -> None:
    """Make two providers, each with a domain, an alias, endpoints, a verification and changes."""
    headers = {"Authorization": f"Bearer {await person.token()}"}

    async def send(method: str, path: str, body: Any = None) -> httpx.Response:
        sent = await person.http.request(method, f"/api/v1/{path}", json=body, headers=headers)
        assert sent.is_success, sent.text
        return sent

    for slug in (MINE, THEIRS):
        body = a_provider_body(display_name=f"Host {slug}")
        for server in body["servers"]:
            server["hostname"] = f"{server['key']}.{slug}.example"
        await send("PUT", f"providers/{slug}", body)
        domain = {
            "provider": slug,
            "reference": f"reference-of-{slug}",
            "variables": {"NODE": f"node-{slug}"},
        }
        await send("PUT", f"domains/{slug}.example", domain)
        await send("PUT", f"domains/alias-{slug}.example", {"provider": slug, "alias_of": f"{slug}.example"})
        await send("POST", f"domains/{slug}.example/verifications")
    await person.services.verification.assigning.catch_up()


def shown(response: httpx.Response) -> str:
    """Return a page's text without its tags, white space made one."""
    text = re.sub(r"<(script|style)\b.*?</\1>|<[^>]+>", " ", response.text, flags=re.DOTALL)
    return " ".join(html.unescape(text).split())
