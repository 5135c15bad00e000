"""The gate of the operator pages: who is in, by which cookie, and which forms are ours.

The cookie is ``HttpOnly`` and ``SameSite=Strict``, and where the public URL is https ``__Host-``: no script,
no other site and no other host of the domain gets at it. A form counts only from this site's own pages and
with the session's form key. The token itself is in one form's body, once.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode, urlsplit

import structlog
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from app.core.errors import AppError
from app.services.callers import Call
from app.web.admin.showing import page_text, refusal, show
from app.web.answering import page_route, told_of
from app.web.forms import read_form

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from typing import TypeAlias

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    from app.services.callers import Caller
    from app.services.sessions import Session
    from app.wiring import Services

    Page: TypeAlias = Callable[["Visit"], Awaitable[Response]]

HOME: Final = "/admin"
LOGIN: Final = f"{HOME}/login"
FORM_KEY: Final = "form_key"
_NOT_OURS: Final = (
    "The form is of an earlier session, or of another site. Load the page again, then send it again."
)
_OWN_SITES: Final = ("same-origin", "none")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A request of somebody who is in."""

    request: Request
    session: Session
    services: Services
    form: Mapping[str, str]
    """The fields that were sent; none where nothing was."""

    @property
    def caller(self) -> Caller:
        """Who asks, as the services know them."""
        call = Call(request_id=self.request.state.request_id)
        return replace(self.session.caller, call=call)

    @property
    def query(self) -> Mapping[str, str]:
        """What is asked for; the last of equal names, without what no database can compare with."""
        return {name: value for name, value in self.request.query_params.items() if value.isprintable()}

    def path(self, name: str) -> str:
        """Return a part of the path.

        Raises:
            HTTPException: When it is nothing that anything could be called.
        """
        part: str = self.request.path_params[name]
        if not part.isprintable():
            raise HTTPException(HTTPStatus.NOT_FOUND, "There is nothing of such a name.")
        return part

    def show(self, template: str, status: int = HTTPStatus.OK, /, **values: object) -> Response:
        """Answer with a page."""
        return show(self.request, template, status, session=self.session, **values)

    def text(self, template: str, /, **values: object) -> str:
        """Return a page's text, for who sends it bit by bit."""
        return page_text(self.request, template, session=self.session, **values)

    def lead(self, path: str) -> Response:
        """Lead on to another page, below the service's own path."""
        return RedirectResponse(rooted(self.request, path), HTTPStatus.SEE_OTHER)


def admin_page(path: str, page: Page, method: str = "GET") -> Route:
    """Build a route that only those who are in get an answer from; errors are pages too."""

    async def answer(request: Request) -> Response:
        services: Services = request.app.state.services
        session = await find_session(request)
        if session is None:
            return lead_to_login(request)
        services.rates.count_token(session.caller.token_id)
        form: Mapping[str, str] = {}
        if method == "POST":
            form = await read_form(request)
            check_form(request, session, form)
        return await page(Visit(request=request, session=session, services=services, form=form))

    return guarded(path, answer, method)


def guarded(path: str, answer: Callable[[Request], Awaitable[Response]], method: str = "GET") -> Route:
    """Build a route whose errors are pages, and whose answers are protected."""

    async def answer_safely(request: Request) -> Response:
        try:
            response = await answer(request)
        except AppError as error:
            status, headers = told_of(error)
            response = refusal(request, status, str(error), session=await _session_or_none(request))
            response.headers.update(headers)
        except HTTPException as error:
            session = await _session_or_none(request)
            response = refusal(request, error.status_code, error.detail, session=session)
            response.headers.update(error.headers or {})
        # With "no-referrer" browsers hide the origin of our own forms too.
        response.headers["Referrer-Policy"] = "same-origin"
        return response

    return page_route(path, answer_safely, [method])


async def _session_or_none(request: Request) -> Session | None:
    try:
        return await find_session(request)
    except AppError:
        return None


async def find_session(request: Request) -> Session | None:
    """Return the session of a request's cookie; None for who is not in."""
    services: Services = request.app.state.services
    secret = request.cookies.get(cookie_name(request))
    return None if secret is None else await services.operators.sessions.find(secret)


def lead_to_login(request: Request) -> Response:
    """Ask for a token first; a page that was asked for is shown afterwards."""
    wanted = request.url.path.removeprefix(request.scope.get("root_path", "").rstrip("/"))
    if request.url.query:
        wanted += f"?{request.url.query}"
    query = f"?{urlencode({'next': wanted})}" if request.method == "GET" and wanted != HOME else ""
    return RedirectResponse(rooted(request, LOGIN + query), HTTPStatus.SEE_OTHER)


def check_form(request: Request, session: Session, form: Mapping[str, str]) -> None:
    """Check that a form was sent by a page of this session.

    Raises:
        HTTPException: When it was not.
    """
    check_site(request)
    if not hmac.compare_digest(form.get(FORM_KEY, "").encode(), session.form_key.encode()):
        _log.warning("form_refused", request_id=request.state.request_id, reason="form key")
        raise HTTPException(HTTPStatus.FORBIDDEN, _NOT_OURS)


def check_site(request: Request) -> None:
    """Check that a form comes from a page of this site.

    Raises:
        HTTPException: When a browser says that it does not.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        is_own = site in _OWN_SITES
    else:
        services: Services = request.app.state.services
        hosts = (request.headers.get("host"), urlsplit(services.service_url).netloc)
        is_own = origin is None or origin.partition("://")[2] in hosts
    if not is_own:
        _log.warning("form_refused", request_id=request.state.request_id, reason="site")
        raise HTTPException(HTTPStatus.FORBIDDEN, _NOT_OURS)


def rooted(request: Request, path: str) -> str:
    """Return a path of ours below the service's own."""
    return f"{request.scope.get('root_path', '').rstrip('/')}{path}"


def cookie_name(request: Request) -> str:
    """Return the name of the session's cookie."""
    return "__Host-signpost" if _is_secure(request) else "signpost"


def set_cookie(request: Request, response: Response, secret: str) -> None:
    """Give the browser a session's secret, until the browser is closed or the session is over."""
    is_secure = _is_secure(request)
    response.set_cookie(
        cookie_name(request), secret, path="/", secure=is_secure, httponly=True, samesite="strict"
    )


def drop_cookie(request: Request, response: Response) -> None:
    """Have the browser forget a session."""
    is_secure = _is_secure(request)
    response.delete_cookie(cookie_name(request), path="/", secure=is_secure, httponly=True, samesite="strict")


def _is_secure(request: Request) -> bool:
    services: Services = request.app.state.services
    return services.service_url.startswith("https:")
