"""All pages and their order."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse

from app.web import assets
from app.web.admin import ROUTES as ADMIN_ROUTES
from app.web.answering import no_such_page, page_route
from app.web.setup import ROUTES as SETUP_ROUTES

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute


def add_pages(service: FastAPI) -> None:
    """Add the pages' routes, after all that are there: mail clients' requests are matched first."""
    service.router.routes.extend(_routes())


def _routes() -> list[BaseRoute]:
    return [
        page_route("/", _first_page),
        *SETUP_ROUTES,
        page_route("/setup/{rest:path}", no_such_page),
        *ADMIN_ROUTES,
        assets.ROUTE,
    ]


async def _first_page(request: Request) -> Response:
    root = request.scope.get("root_path", "").rstrip("/")
    return RedirectResponse(f"{root}/setup", HTTPStatus.SEE_OTHER)
