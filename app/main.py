"""The ASGI application: mounts the parts and puts around them what sees every request."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Final

from app.api.application import create_discovery
from app.api.late_routes import LateRoutes
from app.api.observing import ObservedRequests
from app.api.plain_http import PlainHttp
from app.api.rate_limits import AddressLimit
from app.api.refusals import Refusals
from app.api.requests import ForwardedHeaders, RequestLog
from app.api.shedding import Shedding
from app.log import configure_logging
from app.serving.hot_path import HotPath
from app.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp

    from app.core.errors import AppError
    from app.services.crew import Crew


_OBJECTS_BETWEEN_COLLECTIONS: Final = 20_000
_PAGES: Final = ("/setup", "/admin")
"""Where pages are. To ask them would load them, while mail clients wait to be refused."""


def create_app(crew: Crew | None = None) -> ASGIApp:
    """Build the application for an ASGI server, or for one of several that serve together.

    It answers mail clients at once; the management API and the pages are loaded when it runs.
    """
    settings = Settings()
    configure_logging(settings)
    service = create_discovery(settings, crew)
    LateRoutes(service, load_others, on_complete=_spare_the_collector)
    return wrap(service, settings)


def create_service(settings: Settings, crew: Crew | None = None) -> FastAPI:
    """Put the API and the pages into one application; connects to nothing yet."""
    service = create_discovery(settings, crew)
    load_others()(service)
    return service


def load_others() -> Callable[[FastAPI], None]:
    """Load what mail clients do not ask for, and return what adds it."""
    from app.api.management import add_management  # noqa: PLC0415
    from app.web.site import add_pages  # noqa: PLC0415

    def add(service: FastAPI) -> None:
        add_management(service)
        add_pages(service)

    return add


def refuse_page(request: Request, error: AppError) -> Response | None:
    """Return what is shown to who is refused before a page is asked; None where the path is no page's."""
    path: str = request.scope["path"]
    if path != "/" and not path.startswith(_PAGES):
        return None
    from app.web import site  # noqa: PLC0415

    return site.refuse_page(request, error)


def _spare_the_collector() -> None:
    """Leave alone what is there to stay, and look for cycles less often: nearly nothing here has any.

    What loading left behind stays, too: a thousand objects, and finding them takes a tenth of the start.
    """
    gc.freeze()
    gc.enable()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)


def wrap(api: FastAPI, settings: Settings) -> ASGIApp:
    """Put around an application what sees every request first."""
    services = api.state.services
    ordinary, counted = (_observed(api, one, settings) for one in (AddressLimit(api, api, refuse_page), api))
    hot = HotPath(services, ordinary=ordinary, counted=counted)
    app: ASGIApp = Shedding(hot, services.load, Refusals(api, refuse_page))
    if settings.otel_endpoint is not None:
        # Libraries that only those have who want traces.
        from app.tracing import trace  # noqa: PLC0415

        app = trace(app, settings)
    return _behind_proxies(api, app, settings) if settings.trusted_proxies else app


def _behind_proxies(api: FastAPI, app: ASGIApp, settings: Settings) -> ASGIApp:
    # In a closed network there may be no https at all.
    is_public = settings.public_url.scheme == "https"
    plain = RequestLog(PlainHttp(Refusals(api))) if is_public else None
    return ForwardedHeaders(app, settings.trusted_proxies, plain)


def _observed(api: FastAPI, app: ASGIApp, settings: Settings) -> ASGIApp:
    metrics = api.state.services.process_metrics
    return RequestLog(ObservedRequests(app, metrics, settings.slow_request_milliseconds))
