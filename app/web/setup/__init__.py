"""Pages on which people set up their mail programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.web.answering import page_route
from app.web.templating import render

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute


async def _ask(request: Request) -> Response:
    return render(request, "setup/start.html")


ROUTES: Final[tuple[BaseRoute, ...]] = (page_route("/setup", _ask),)
