"""The FastAPI application: routes in their order, handlers, what runs beside requests."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from fastapi import FastAPI
from starlette.middleware import Middleware

from app import __version__
from app.api import clients, problems, well_known
from app.api.authentication import refuse_path
from app.api.chores import keep_up
from app.api.guard import RequestGuard
from app.api.routes import health, tls_ask
from app.renderers import FORMATS
from app.wiring import build_services

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.services.crew import Crew
    from app.settings import Settings
    from app.wiring import Services

_DISCOVERY: Final = clients.build_router(FORMATS)


def create_api(settings: Settings, crew: Crew | None = None) -> FastAPI:
    """Build the FastAPI application, of one process among those of a crew; connects to nothing yet."""
    api = create_discovery(settings, crew)
    # A start loads what answering mail clients takes, and this afterwards.
    from app.api.management import add_management  # noqa: PLC0415

    add_management(api)
    return api


def create_discovery(settings: Settings, crew: Crew | None = None) -> FastAPI:
    """Build the application with what mail clients, proxies and load balancers ask, and no more."""
    api = FastAPI(
        title="Signpost",
        summary="Mail account auto-configuration",
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=_running,
        redirect_slashes=False,
        # FastAPI's own limit answers in plain text.
        middleware=[Middleware(RequestGuard, settings=settings)],
        # Left on, it asks three providers about every request.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    api.state.settings = settings
    services = api.state.services = build_services(settings, crew)
    services.crew.describe = services.own_metrics
    # Put in flat and in this order: routes are matched one after the other, discovery is the
    # product's traffic, and an included router would match each request twice.
    routers = (_DISCOVERY, well_known.build_router(), tls_ask.router, health.router)
    api.router.routes.extend(route for router in routers for route in router.routes)
    api.router.default = refuse_path
    problems.install(api)
    return api


@asynccontextmanager
async def _running(app: FastAPI) -> AsyncIterator[None]:
    services: Services = app.state.services
    if services.signer is not None:
        services.signer.load()
    services.webhooks.poster.check()
    services.discovering.check()
    running = [asyncio.create_task(keep_up(services)), asyncio.create_task(services.watch())]
    running.append(asyncio.create_task(services.load.watch()))
    # One of several is enough for these, and what they may take of the network is meant for one.
    is_first = services.crew.is_first
    if is_first and app.state.settings.deliver_webhooks:
        running.append(asyncio.create_task(services.webhooks.delivering.run()))
    if is_first and app.state.settings.serve_verifies:
        services.verification.trust.check()
        running.append(asyncio.create_task(services.verification.run()))
    yield
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    await services.close()
