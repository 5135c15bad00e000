"""The way in, with a token, and the way out."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import structlog
from starlette.responses import RedirectResponse

from app.core.errors import NotAuthenticated, TooManyRequests
from app.web.admin.gate import (
    HOME,
    LOGIN,
    check_form,
    check_site,
    cookie_name,
    drop_cookie,
    find_session,
    rooted,
    set_cookie,
)
from app.web.admin.showing import show
from app.web.forms import read_form

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from app.wiring import Services

_ELSEWHERE: Final = ("cross-site", "same-site")

_log = structlog.get_logger(__name__)


async def ask(request: Request) -> Response:
    """Ask for a token; who is in already is led on."""
    wanted = _own_page(request.query_params.get("next", ""))
    if await find_session(request) is not None:
        return RedirectResponse(rooted(request, wanted), HTTPStatus.SEE_OTHER)
    # With a link from elsewhere browsers keep the cookie back; asked by the page itself they send it.
    is_from_elsewhere = request.headers.get("sec-fetch-site") in _ELSEWHERE
    return _form(request, wanted, is_from_elsewhere=is_from_elsewhere)


async def log_in(request: Request) -> Response:
    """Exchange a token for a session of its own; one that the browser had ends."""
    check_site(request)
    form = await read_form(request)
    wanted = _own_page(form.get("next", ""))
    services: Services = request.app.state.services
    address = request.client.host if request.client else None
    try:
        secret, session = await services.operators.sessions.open(form.get("token", "").strip(), address)
    except NotAuthenticated:
        _log.warning("login_refused", request_id=request.state.request_id)
        problem = "This is no token, or it holds no longer."
        return _form(request, wanted, HTTPStatus.UNAUTHORIZED, problem)
    except TooManyRequests as error:
        problem = f"Too many wrong tokens came from your address. Wait {error.seconds} seconds and try again."
        response = _form(request, wanted, HTTPStatus.TOO_MANY_REQUESTS, problem)
        response.headers["Retry-After"] = str(error.seconds)
        return response
    if (before := request.cookies.get(cookie_name(request))) is not None:
        await services.operators.sessions.close(before)
    _log.info("login", request_id=request.state.request_id, token=session.caller.token_id)
    response = RedirectResponse(rooted(request, wanted), HTTPStatus.SEE_OTHER)
    set_cookie(request, response, secret)
    return response


async def log_out(request: Request) -> Response:
    """End the session, if there is one."""
    session = await find_session(request)
    response = RedirectResponse(rooted(request, LOGIN), HTTPStatus.SEE_OTHER)
    if session is not None:
        check_form(request, session, await read_form(request))
        services: Services = request.app.state.services
        await services.operators.sessions.close(request.cookies[cookie_name(request)])
        _log.info("logout", request_id=request.state.request_id, token=session.caller.token_id)
    drop_cookie(request, response)
    return response


def _form(
    request: Request,
    wanted: str,
    status: int = HTTPStatus.OK,
    problem: str | None = None,
    *,
    is_from_elsewhere: bool = False,
) -> Response:
    return show(
        request,
        "login.html",
        status,
        session=None,
        next=wanted,
        problem=problem,
        is_from_elsewhere=is_from_elsewhere,
    )


def _own_page(path: str) -> str:
    """Return a page of ours to go on to; the first one for whatever else."""
    try:
        parts = urlsplit(path)
    except ValueError:
        return HOME
    if parts.scheme or parts.netloc or "\\" in path or not path.isprintable():
        return HOME
    is_own = parts.path == HOME or parts.path.startswith(f"{HOME}/")
    is_way = parts.path.startswith(LOGIN) or "/../" in parts.path or parts.path.endswith("/..")
    return path if is_own and not is_way else HOME
