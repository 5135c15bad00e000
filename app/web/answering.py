"""Routes of pages, and the pages that errors become."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Route
from typing_extensions import override

from app.core import errors
from app.instructions.phrases import say
from app.web.headers import protect
from app.web.templating import render

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from typing import TypeAlias

    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

    from app.instructions.phrases import Phrase

    Handler: TypeAlias = Callable[[Request], Awaitable[Response]]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Meaning:
    """What a status means to a person."""

    title: Phrase
    advice: Phrase


_NOT_FOUND: Final = _Meaning(
    title=say("There is no such page"),
    advice=say("The link may be old, or a letter may be missing. Start again from the first page."),
)
_NOT_UNDERSTOOD: Final = _Meaning(
    title=say("That could not be read"),
    advice=say("Please go back, look at what you entered, and try again."),
)
_BUSY: Final = _Meaning(
    title=say("Not available at the moment"),
    advice=say("Please wait a moment and load the page again. Nothing that you set up has changed."),
)
_MEANINGS: Final[Mapping[int, _Meaning]] = {
    HTTPStatus.FORBIDDEN: _Meaning(
        title=say("You may not see this page"),
        advice=say("Ask whoever gave you access for more of it."),
    ),
    HTTPStatus.NOT_FOUND: _NOT_FOUND,
    HTTPStatus.TOO_MANY_REQUESTS: _BUSY,
    HTTPStatus.SERVICE_UNAVAILABLE: _BUSY,
    HTTPStatus.INTERNAL_SERVER_ERROR: _Meaning(
        title=say("Something went wrong here"),
        advice=say("It is not your fault. Please try again later, and tell us if it stays like this."),
    ),
}
_STATUSES: Final[tuple[tuple[type[errors.AppError], HTTPStatus], ...]] = (
    (errors.NotFound, HTTPStatus.NOT_FOUND),
    (errors.NotPermitted, HTTPStatus.FORBIDDEN),
    (errors.HttpsRequired, HTTPStatus.FORBIDDEN),
    (errors.Conflict, HTTPStatus.CONFLICT),
    (errors.StaleVersion, HTTPStatus.CONFLICT),
    (errors.TooManyRequests, HTTPStatus.TOO_MANY_REQUESTS),
    (errors.QuotaExceeded, HTTPStatus.TOO_MANY_REQUESTS),
    (errors.NotAvailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (errors.SchemaTooNew, HTTPStatus.SERVICE_UNAVAILABLE),
    (errors.TookTooLong, HTTPStatus.SERVICE_UNAVAILABLE),
    (errors.Overloaded, HTTPStatus.SERVICE_UNAVAILABLE),
)


class _PageRoute(Route):
    """A route that answers with a page to a method that its path does not take, too."""

    @override
    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] in (self.methods or ()):
            await super().handle(scope, receive, send)
            return
        routes = (route for route in scope["app"].routes if getattr(route, "path", None) == self.path)
        allowed = {method for route in routes for method in route.methods}
        headers = {"Allow": ", ".join(sorted(allowed))}
        response = _refusal(Request(scope), HTTPStatus.METHOD_NOT_ALLOWED, headers)
        await response(scope, receive, send)


def page_route(path: str, handler: Handler, methods: Sequence[str] = ("GET",)) -> Route:
    """Build the route of a page: its errors are pages too, and all it answers is protected."""

    async def answer(request: Request) -> Response:
        try:
            return protect(await handler(request))
        except errors.AppError as error:
            return refuse(request, error)
        except HTTPException as error:
            return _refusal(request, error.status_code, error.headers)
        except Exception as error:  # noqa: BLE001 - answered as people can read it
            _log.error("bug", request_id=request.state.request_id, exc_info=error)
            return _refusal(request, HTTPStatus.INTERNAL_SERVER_ERROR)

    return _PageRoute(path, answer, methods=list(methods), include_in_schema=False)


async def no_such_page(_request: Request) -> Response:
    """Answer for a path below those of pages that has none.

    Raises:
        HTTPException: Always.
    """
    raise HTTPException(HTTPStatus.NOT_FOUND)


def refuse(request: Request, error: errors.AppError) -> Response:
    """Return the page that tells of an error."""
    status, headers = told_of(error)
    return _refusal(request, status, headers)


def told_of(error: errors.AppError) -> tuple[HTTPStatus, dict[str, str]]:
    """Return the status and the header fields of a page that tells of an error."""
    if isinstance(error, errors.NotAvailable):
        _log.warning("not_available", what=error.what, cause=type(error.__cause__).__name__)
    status = next((status for kind, status in _STATUSES if isinstance(error, kind)), HTTPStatus.BAD_REQUEST)
    wait = errors.wait_seconds(error)
    return status, {} if wait is None else {"Retry-After": str(wait)}


def _refusal(request: Request, status: int, headers: Mapping[str, str] | None = None) -> Response:
    meaning = _MEANINGS.get(status, _NOT_UNDERSTOOD)
    response = render(request, "error.html", status, title=meaning.title, advice=meaning.advice)
    response.headers.update(headers or {})
    return protect(response)
