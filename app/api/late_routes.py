"""Routes that are loaded once mail clients are being answered.

Building those of management and the pages takes as long as all else of a start does.
"""

from __future__ import annotations

import asyncio
import math
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import structlog

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from fastapi import FastAPI
    from starlette.types import Receive, Scope, Send

RETRY_SECONDS: Final = 5.0
"""After a failure, such as for want of file descriptors, whoever asks so much later has it tried again."""

_log = structlog.get_logger(__name__)


class LateRoutes:
    """Has an application's other routes loaded beside its loop when it starts; who asks for one waits."""

    def __init__(
        self,
        api: FastAPI,
        load: Callable[[], Callable[[FastAPI], None]],
        on_complete: Callable[[], None] = lambda: None,
        *,
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        """Put them behind the routes that are there.

        Args:
            api: The application, before it runs.
            load: Called in a thread; returns what adds the routes.
            on_complete: Called when they are there.
            retry_seconds: How long after a failure nothing is tried.
        """
        self._api = api
        self._load = load
        self._on_complete = on_complete
        self._retry_seconds = retry_seconds
        self._loading: asyncio.Task[None] | None = None
        self._retry_at = math.inf
        self._refuse = api.router.default
        self._running = api.router.lifespan_context
        api.router.default = self._route
        api.router.lifespan_context = self._lifespan

    async def complete(self) -> None:
        """Wait until all routes are there."""
        loop = asyncio.get_running_loop()
        if self._loading is None or loop.time() >= self._retry_at:
            self._retry_at = math.inf
            self._loading = asyncio.create_task(self._add())
        # Whoever gives up waiting must not stop it for the others.
        await asyncio.shield(self._loading)

    async def _add(self) -> None:
        try:
            add = await asyncio.to_thread(self._load)
            add(self._api)
        except Exception:
            _log.exception("routes_not_loaded")
            self._retry_at = asyncio.get_running_loop().time() + self._retry_seconds
            raise
        self._api.router.default = self._refuse
        self._on_complete()

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take a request that none of the routes that are there is for."""
        await self.complete()
        await self._api.router(scope, receive, send)

    @asynccontextmanager
    async def _lifespan(self, app: FastAPI) -> AsyncIterator[Any]:
        async with self._running(app) as state:
            loading = asyncio.create_task(self.complete())
            yield state
            await asyncio.gather(loading, return_exceptions=True)
