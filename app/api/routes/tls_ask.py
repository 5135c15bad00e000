"""May a reverse proxy obtain a certificate for a host name? Caddy's on-demand TLS asks this."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.api.dependencies import ServicesDependency
from app.core.errors import RETRY_SECONDS, InvalidInput, NotAvailable
from app.core.networks import is_in_networks

router = APIRouter(tags=["certificates"])

_TEXT: Final = {"content": {"text/plain": {"schema": {"type": "string"}}}}
_MAX_NAME_LENGTH: Final = 300
# Read by hand: what is no name is told in a line of text, as the proxy writes it to its log.
_PARAMETER: Final[dict[str, Any]] = {
    "name": "domain",
    "in": "query",
    "required": True,
    "description": "The host name.",
    "schema": {"type": "string"},
    "example": "autoconfig.customer.example",
}


async def ask(request: Request, services: ServicesDependency) -> Response:
    """Tell whether a host name is one that this service answers under.

    For the reverse proxy alone, which asks before it obtains a certificate: its address must be in
    `SIGNPOST_TLS_ASK_NETWORKS` or `SIGNPOST_TRUSTED_PROXIES`. Nothing is obtained or looked up elsewhere
    because of the question.
    """
    settings = request.app.state.settings
    peer = request.client.host if request.client else None
    if not is_in_networks(peer, (*settings.tls_ask_networks, *settings.trusted_proxies)):
        return _answer(HTTPStatus.FORBIDDEN, "Only the reverse proxy may ask.")
    domain = request.query_params.get("domain", "")
    try:
        if len(domain) > _MAX_NAME_LENGTH:
            return _answer(HTTPStatus.BAD_REQUEST, "domain: must be a host name.")
        is_served = await services.certificate_names.is_served(domain)
    except InvalidInput as error:
        return _answer(HTTPStatus.BAD_REQUEST, str(error))
    except NotAvailable as error:
        return _answer(HTTPStatus.SERVICE_UNAVAILABLE, str(error), {"Retry-After": str(RETRY_SECONDS)})
    if not is_served:
        return _answer(HTTPStatus.NOT_FOUND, "Not a name of this service.")
    return _answer(HTTPStatus.OK, "A name of this service.")


def _answer(status: HTTPStatus, sentence: str, headers: dict[str, str] | None = None) -> Response:
    return Response(f"{sentence}\n", status, {"Cache-Control": "no-store", **(headers or {})}, "text/plain")


for _method in ("GET", "HEAD"):
    router.add_api_route(
        "/tls/ask",
        ask,
        methods=[_method],
        operation_id="ask_for_certificate",
        summary="May a certificate be obtained for a host name?",
        response_class=Response,
        include_in_schema=_method == "GET",
        openapi_extra={"parameters": [_PARAMETER]},
        responses={
            200: {"description": "Yes: a name of this service", **_TEXT},
            400: {"description": "No host name", **_TEXT},
            403: {"description": "The asker is not the reverse proxy", **_TEXT},
            404: {"description": "No", **_TEXT},
            503: {"description": "The database does not answer", **_TEXT},
        },
    )
