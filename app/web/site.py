"""All pages and their order."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from starlette.responses import RedirectResponse
from starlette.routing import Match

from app.web import assets
from app.web.admin import ROUTES as ADMIN_ROUTES
from app.web.answering import no_such_page, page_route, refuse
from app.web.setup import ROUTES as SETUP_ROUTES

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from app.core.errors import AppError


def add_pages(service: FastAPI) -> None:
    """Add the pages' routes, after all that are there: mail clients' requests are matched first."""
    service.router.routes.extend((*_PAGES, assets.ROUTE))


def refuse_page(request: Request, error: AppError) -> Response | None:
    """Return what is shown to who is refused before a page is asked; None where the path is no page's."""
    is_page = any(page.matches(request.scope)[0] is not Match.NONE for page in _PAGES)
    return refuse(request, error) if is_page else None


async def _first_page(request: Request) -> Response:
    root = request.scope.get("root_path", "").rstrip("/")
    return RedirectResponse(f"{root}/setup", HTTPStatus.SEE_OTHER)


_PAGES: Final[tuple[BaseRoute, ...]] = (
    page_route("/", _first_page),
    *SETUP_ROUTES,
    page_route("/setup/{rest:path}", no_such_page),
    *ADMIN_ROUTES,
)
