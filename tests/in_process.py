"""The whole application in this process, asked over ASGI as a reverse proxy would."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
from app.main import create_service, wrap
from app.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LOCAL_PEER = "127.0.0.1"


@asynccontextmanager
async def serving(
    database_url: str, *, peer: str = LOCAL_PEER, **settings: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """Open a client of the application on a database; it follows no redirects."""
    values: dict[str, Any] = {
        "public_url": "https://signpost.host.example",
        # Nothing beyond this machine is asked for.
        "verify": "never",
        **settings,
    }
    chosen = Settings(database_url=database_url, **values)
    api = create_service(chosen)
    transport = httpx.ASGITransport(app=wrap(api, chosen), client=(peer, 50000))
    async with (
        api.router.lifespan_context(api),
        httpx.AsyncClient(transport=transport, base_url="https://signpost.host.example") as client,
    ):
        yield client
