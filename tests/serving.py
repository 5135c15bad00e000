"""The application with its hot path, and the ordinary way alone, on one database."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.api.application import create_api
from app.api.rate_limits import AddressLimit
from app.api.requests import RequestLog
from app.main import wrap
from app.settings import Settings

from asgi import ask

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from app.core.durations import Durations
    from app.wiring import Services
    from starlette.types import ASGIApp

    from asgi import Answer

SERVICE_URL = "https://signpost.example"


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A request, as bytes."""

    method: str = "GET"
    path: str
    query: bytes = b""
    host: bytes = b"signpost.example"
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: Sequence[bytes] = (b"",)

    async def to(self, app: ASGIApp) -> Answer:
        headers = ((b"host", self.host), *self.headers)
        return await ask(app, self.method, self.path, query=self.query, headers=headers, body=self.body)


@dataclass(frozen=True)
class Serving:
    """Both ways of one service."""

    services: Services
    hot: ASGIApp
    ordinary: ASGIApp

    def answered_shortly(self) -> int:
        """Tell how many requests were answered the short way."""
        tallies: dict[tuple[str, str, str], Durations] = self.services.traffic._tallies
        return sum(sum(tally.counts) for (_, _, way), tally in tallies.items() if way == "short")

    async def warm(self, sent: Sent) -> None:
        """Ask as often as it takes for a template to be made."""
        for _ in range(3):
            await sent.to(self.hot)


@asynccontextmanager
async def serving(database_url: str, **settings: Any) -> AsyncIterator[Serving]:
    """Run both ways; changes of others are noticed from the start."""
    values = {"public_url": SERVICE_URL, "requests_per_minute_per_address": 0, **settings}
    configured = Settings(database_url=database_url, **values)
    api = create_api(configured)
    services: Services = api.state.services
    watch = asyncio.create_task(services.watch())
    async with asyncio.timeout(10):
        while not services.known.is_trusted and configured.known_domains:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)
    try:
        yield Serving(services, wrap(api, configured), RequestLog(AddressLimit(api, api)))
    finally:
        watch.cancel()
        with suppress(asyncio.CancelledError):
            await watch
        await services.close()
