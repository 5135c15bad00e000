"""The endpoints that mail clients ask, one for each place of each registered format."""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.requests import Request

from app.core.documents import ClientRequest
from app.core.errors import DomainNotFound, InvalidInput, NotAvailable
from app.renderers import FORMATS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from app.core.documents import ClientFormat, Endpoint, Parameter
    from app.services.publishing import Publishing

# Long enough to spare us a client's second and third request, short enough for a change to be seen soon.
_MAX_AGE_SECONDS: Final = 300
_MAX_AGE_UNKNOWN_SECONDS: Final = 60
_TEXT: Final = "text/plain; charset=utf-8"


def build_router() -> APIRouter:
    """Build the routes of all formats."""
    router = APIRouter(tags=["clients"])
    for client_format in FORMATS:
        for endpoint in client_format.endpoints:
            _add(router, client_format, endpoint)
    return router


def _add(router: APIRouter, client_format: ClientFormat, endpoint: Endpoint) -> None:
    handler = _handler(client_format)
    name = f"{client_format.name}{endpoint.path}"
    for method in ("GET", "HEAD"):
        router.add_api_route(
            endpoint.path,
            handler,
            methods=[method],
            name=name,
            operation_id=_operation_id(client_format, endpoint),
            summary=endpoint.summary,
            description=client_format.title,
            response_class=Response,
            include_in_schema=method == "GET",
            responses=_responses(client_format),
            openapi_extra={"parameters": [_parameter(p) for p in endpoint.parameters]},
        )


def _operation_id(client_format: ClientFormat, endpoint: Endpoint) -> str:
    places = "".join(char if char.isalnum() else "_" for char in endpoint.path).strip("_")
    return f"get_{client_format.name.replace('-', '_')}_at_{places}"


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": "path" if parameter.in_path else "query",
        "required": parameter.in_path,
        "description": parameter.description,
        "schema": {"type": "string"},
        "example": parameter.example,
    }


def _responses(client_format: ClientFormat) -> dict[int | str, dict[str, Any]]:
    text = {"content": {"text/plain": {"schema": {"type": "string"}}}}
    media_type = client_format.media_type.partition(";")[0]
    return {
        200: {"description": "The document", "content": {media_type: {"schema": {"type": "string"}}}},
        304: {"description": "The document has the ETag that was sent"},
        400: {"description": "The request names no domain that could exist", **text},
        404: {"description": "The domain is unknown or suspended", **text},
        503: {"description": "The database does not answer", **text},
    }


def _handler(client_format: ClientFormat) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        publishing: Publishing = request.app.state.services.publishing
        client_request = ClientRequest(
            query=request.scope["query_string"].decode("utf-8", "replace"),
            host=request.headers.get("host"),
            path_parameters=request.path_params,
        )
        try:
            answered = await publishing.answer(client_format, client_request)
        except InvalidInput as error:
            return _refusal(HTTPStatus.BAD_REQUEST, str(error))
        except DomainNotFound:
            return _refusal(HTTPStatus.NOT_FOUND, "No mail settings are published for this domain.")
        except NotAvailable as error:
            return _refusal(HTTPStatus.SERVICE_UNAVAILABLE, str(error))
        document = answered.document
        etag = f'"{hashlib.blake2b(document.body, digest_size=12).hexdigest()}"'
        headers = {
            "ETag": etag,
            "Cache-Control": f"{'private' if answered.is_personal else 'public'}, max-age={_MAX_AGE_SECONDS}",
            "Access-Control-Allow-Origin": "*",
            "X-Content-Type-Options": "nosniff",
        }
        if _matches(request.headers.get("if-none-match"), etag):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        headers["Content-Type"] = document.media_type
        return Response(document.body, headers=headers)

    return answer


def _matches(if_none_match: str | None, etag: str) -> bool:
    """Compare weakly, as RFC 9110 §13.1.2 asks."""
    if if_none_match is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in tags or etag in tags


def _refusal(status: HTTPStatus, sentence: str) -> Response:
    headers = {"Access-Control-Allow-Origin": "*", "X-Content-Type-Options": "nosniff"}
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers |= {"Retry-After": "5", "Cache-Control": "no-store"}
    else:
        headers["Cache-Control"] = f"max-age={_MAX_AGE_UNKNOWN_SECONDS}"
    return Response(f"{sentence}\n", status, headers, _TEXT)
