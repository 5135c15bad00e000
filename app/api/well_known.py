"""Well-known paths of domains' own hosts: where DAV and JMAP are, and the policy for mail servers.

No formats: a redirect says where a service is and an MTA-STS policy is no client's settings, so neither
resolves an address nor renders an account.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.requests import Request
from starlette.routing import Route

from app.core.documents import NAME_RULES
from app.core.errors import RETRY_SECONDS, NotAvailable
from app.core.replies import MAX_AGE_SECONDS, MAX_AGE_UNKNOWN_SECONDS
from app.services.well_known import SERVICES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import Receive, Scope, Send

    from app.wiring import Services

_TEXT: Final = {"content": {"text/plain": {"schema": {"type": "string"}}}}
# Keeps the method, which 301 and 302 may change, and is not kept for ever, as 308 is: a provider's
# servers move. RFC 6764 §5 asks for a lifetime.
_REDIRECT: Final = 307
# What DAV and JMAP clients send (RFC 4918, 3253, 3744, 4791, 5323, 5842, 8620).
_METHODS: Final = (
    "GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH", "PROPFIND", "PROPPATCH", "REPORT",
    "MKCALENDAR", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "ACL", "SEARCH", "BIND", "UNBIND", "REBIND",
)  # fmt: skip
_ALLOW: Final = ", ".join(_METHODS)
_CORS: Final = {"Access-Control-Allow-Origin": "*"}
_DOMAIN: Final = {
    "name": "domain",
    "in": "query",
    "required": False,
    "description": "The domain, where the host is not its own: for web servers that send clients on.",
    "schema": {"type": "string", **NAME_RULES},
    "example": "demo.example",
}


def build_router() -> APIRouter:
    """Build the routes: each service's path for every method of its clients, the policy for GET and HEAD."""
    router = APIRouter(tags=["well-known"])
    for name in SERVICES:
        path = f"/.well-known/{name}"
        redirect = _redirect_to(name)
        router.add_api_route(
            path,
            redirect,
            methods=["GET"],
            operation_id=f"get_well_known_{name}",
            summary=f"Where {name} is for the domain that is the request's host",
            description="Each method of WebDAV and HTTP, PROPFIND and HEAD too, is sent to the stored URL.",
            response_class=Response,
            status_code=_REDIRECT,
            openapi_extra={"parameters": [_DOMAIN]},
            responses={
                307: {"description": "To the URL in Location, with the same method"},
                404: {"description": "The domain is unknown or suspended, or has no such service", **_TEXT},
                503: {"description": "The database does not answer", **_TEXT},
            },
        )
        # Matched after the one above, for all other methods: OpenAPI has no word for PROPFIND.
        router.routes.append(Route(path, _AnyMethod(redirect), include_in_schema=False))
    for method in ("GET", "HEAD"):
        router.add_api_route(
            "/.well-known/mta-sts.txt",
            _mta_sts_policy,
            methods=[method],
            operation_id="get_mta_sts_policy",
            summary="The MTA-STS policy of the domain, at its host mta-sts.DOMAIN",
            response_class=Response,
            include_in_schema=method == "GET",
            responses={
                200: {"description": "The policy (RFC 8461 §3.2)", **_TEXT},
                404: {"description": "No policy, or another host", **_TEXT},
                503: {"description": "The database does not answer", **_TEXT},
            },
        )
    return router


class _AnyMethod:
    """A route for all methods that there may be: routers match no list of methods for what is no function."""

    def __init__(self, answer: Callable[[Request], Awaitable[Response]]) -> None:
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # What TRACE and CONNECT are about is this service itself (RFC 9110 §9.3.6, §9.3.8); what nobody there
        # could understand is not sent on.
        if scope["method"] not in _METHODS:
            response = Response("Not for this path.\n", 405, {"Allow": _ALLOW}, "text/plain")
        else:
            response = await self._answer(Request(scope, receive))
        await response(scope, receive, send)


def _redirect_to(name: str) -> Callable[[Request], Awaitable[Response]]:
    async def redirect(request: Request) -> Response:
        services: Services = request.app.state.services
        try:
            query = request.scope["query_string"].decode("utf-8", "replace")
            url = await services.well_known.find_service_url(name, request.headers.get("host"), query)
        except NotAvailable as error:
            return _unavailable(error)
        if url is None:
            return _unknown(f"No {name} server is published for this domain.")
        headers = {"Location": url, "Cache-Control": f"public, max-age={MAX_AGE_SECONDS}", **_CORS}
        return Response(status_code=_REDIRECT, headers=headers)

    return redirect


async def _mta_sts_policy(request: Request) -> Response:
    services: Services = request.app.state.services
    try:
        policy = await services.well_known.find_mta_sts(request.headers.get("host"))
    except NotAvailable as error:
        return _unavailable(error)
    if policy is None:
        return _unknown("No MTA-STS policy is published for this host.")
    # Senders must not cache by HTTP (RFC 8461 §3.3), and the type has no parameters there.
    headers = {"Content-Type": "text/plain", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return Response(policy.policy, headers=headers)


def _unknown(sentence: str) -> Response:
    headers = {"Cache-Control": f"max-age={MAX_AGE_UNKNOWN_SECONDS}", "X-Content-Type-Options": "nosniff"}
    return Response(f"{sentence}\n", 404, {**headers, **_CORS}, "text/plain")


def _unavailable(error: NotAvailable) -> Response:
    headers = {"Retry-After": str(RETRY_SECONDS), "Cache-Control": "no-store"}
    return Response(f"{error}\n", 503, headers, "text/plain")
