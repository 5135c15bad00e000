"""The ASGI application: mounts the parts and puts around them what sees every request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.api.application import create_api
from app.api.rate_limits import AddressLimit
from app.api.requests import ForwardedHeaders, RequestLog
from app.log import configure_logging
from app.settings import Settings

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import ASGIApp


def create_app() -> ASGIApp:
    """Build the application for an ASGI server."""
    settings = Settings()
    configure_logging(settings)
    return wrap(create_api(settings), settings)


def wrap(api: FastAPI, settings: Settings) -> ASGIApp:
    """Put around an application what sees every request first."""
    return ForwardedHeaders(RequestLog(AddressLimit(api, api)), settings.trusted_proxies)
