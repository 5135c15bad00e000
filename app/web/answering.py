"""Routes of pages, and the pages that errors become."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import structlog
from starlette.exceptions import HTTPException
from starlette.routing import Route

from app.core import errors
from app.instructions.phrases import say
from app.web.headers import protect
from app.web.templating import render

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from typing import TypeAlias

    from starlette.requests import Request
    from starlette.responses import Response

    from app.instructions.phrases import Phrase

    Handler: TypeAlias = Callable[[Request], Awaitable[Response]]

_RETRY_AFTER_SECONDS: Final = 5

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
    (errors.Conflict, HTTPStatus.CONFLICT),
    (errors.StaleVersion, HTTPStatus.CONFLICT),
    (errors.TooManyRequests, HTTPStatus.TOO_MANY_REQUESTS),
    (errors.QuotaExceeded, HTTPStatus.TOO_MANY_REQUESTS),
    (errors.NotAvailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (errors.SchemaTooNew, HTTPStatus.SERVICE_UNAVAILABLE),
    (errors.TookTooLong, HTTPStatus.SERVICE_UNAVAILABLE),
)


def page_route(path: str, handler: Handler, methods: Sequence[str] = ("GET",)) -> Route:
    """Build the route of a page: its errors are pages too, and all it answers is protected."""

    async def answer(request: Request) -> Response:
        try:
            return protect(await handler(request))
        except errors.AppError as error:
            return _refusal(request, status_of(error), retry_after=wait_of(error))
        except HTTPException as error:
            return _refusal(request, error.status_code)
        except Exception as error:  # noqa: BLE001 - answered as people can read it
            _log.error("bug", request_id=request.state.request_id, exc_info=error)
            return _refusal(request, HTTPStatus.INTERNAL_SERVER_ERROR)

    return Route(path, answer, methods=list(methods), include_in_schema=False)


async def no_such_page(_request: Request) -> Response:
    """Answer for a path below those of pages that has none.

    Raises:
        HTTPException: Always.
    """
    raise HTTPException(HTTPStatus.NOT_FOUND)


def status_of(error: errors.AppError) -> HTTPStatus:
    """Return the status of a page that tells of an error."""
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), HTTPStatus.BAD_REQUEST)


def wait_of(error: errors.AppError) -> int | None:
    """Return after how many seconds to try again; None where that is of no use."""
    if isinstance(error, errors.TooManyRequests | errors.QuotaExceeded):
        return error.seconds
    return _RETRY_AFTER_SECONDS if isinstance(error, errors.NotAvailable | errors.TookTooLong) else None


def _refusal(request: Request, status: int, *, retry_after: int | None = None) -> Response:
    meaning = _MEANINGS.get(status, _NOT_UNDERSTOOD)
    response = render(request, "error.html", status, title=meaning.title, advice=meaning.advice)
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return protect(response)
