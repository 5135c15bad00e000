"""The endpoints that mail clients ask, one for each place of each registered format."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.requests import Request

from app.api.problems import REFUSED
from app.core.documents import ClientRequest
from app.core.errors import NotAvailable
from app.core.replies import SAFE_METHODS, entity_tag, not_available, plain_refusal, reply_fields
from app.services.traffic import ORDINARY, outcome_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from fastapi.routing import APIRoute

    from app.core.documents import ClientFormat, Endpoint, Parameter, Reply
    from app.services.traffic import Traffic
    from app.wiring import Services

_FORM: Final = "application/x-www-form-urlencoded"


def build_router(formats: Sequence[ClientFormat]) -> APIRouter:
    """Build the routes of these formats."""
    router = APIRouter(tags=["clients"])
    for client_format in formats:
        for endpoint in client_format.endpoints:
            _add(router, client_format, endpoint)
    return router


def _add(router: APIRouter, client_format: ClientFormat, endpoint: Endpoint) -> None:
    handler = _handler(client_format, endpoint)
    methods = (*endpoint.methods, "HEAD") if "GET" in endpoint.methods else endpoint.methods
    for method in methods:
        router.add_api_route(
            endpoint.path,
            handler,
            methods=[method],
            name=f"{client_format.name}{endpoint.path}",
            operation_id=_free(_operation_id(client_format, endpoint, method), router),
            summary=endpoint.summary,
            description=client_format.title,
            response_class=Response,
            include_in_schema=method != "HEAD" and not _is_refused(endpoint, method),
            tags=[REFUSED] if _is_refused(endpoint, method) else None,
            responses=_responses(client_format, endpoint),
            openapi_extra=_extra(endpoint, method),
        )
        route: APIRoute = router.routes[-1]  # type: ignore[assignment]
        # A line break in a path is for the format to refuse: clients do not know the router's words.
        flags = re.DOTALL | (re.IGNORECASE if endpoint.is_any_case else 0)
        route.path_regex = re.compile(route.path_regex.pattern, flags)


def _is_refused(endpoint: Endpoint, method: str) -> bool:
    """Tell whether the method is there only to send lost clients on or away."""
    return method in SAFE_METHODS and HTTPStatus.METHOD_NOT_ALLOWED in endpoint.statuses


def _operation_id(client_format: ClientFormat, endpoint: Endpoint, method: str) -> str:
    path = f"{endpoint.path}slash" if endpoint.path.endswith("/") else endpoint.path
    places = "".join(char if char.isalnum() else "_" for char in path).strip("_")
    return f"{method.lower()}_{client_format.name.replace('-', '_')}_at_{places}"


def _free(operation_id: str, router: APIRouter) -> str:
    """Return it, or with a number where another path that differs in a dot or a slash has it already."""
    taken = {getattr(route, "operation_id", None) for route in router.routes}
    names = (operation_id, *(f"{operation_id}_{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


def _extra(endpoint: Endpoint, method: str) -> dict[str, Any]:
    if not endpoint.request_media_type or method in SAFE_METHODS:
        return {"parameters": [_parameter(p) for p in endpoint.parameters]}
    schema: dict[str, Any] = {"type": "string"}
    asked = endpoint.parameters
    if endpoint.request_media_type == _FORM:
        # What links have in their query is in the form's fields.
        schema = {
            "type": "object",
            "properties": {p.name: _schema(p) for p in asked},
            "required": [p.name for p in asked if p.is_needed],
        }
        asked = tuple(p for p in asked if p.in_path)
    # Services of XML answer a missing one too, with an error in a document of theirs.
    is_needed = endpoint.request_media_type == _FORM
    body = {"required": is_needed, "content": {endpoint.request_media_type: {"schema": schema}}}
    return {"parameters": [_parameter(p) for p in asked], "requestBody": body}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": "path" if parameter.in_path else "query",
        "required": parameter.in_path or parameter.is_needed,
        "description": parameter.description,
        "schema": {"type": "string", **parameter.rules},
        "example": parameter.example,
    }


def _schema(parameter: Parameter) -> dict[str, Any]:
    described = {"description": parameter.description, "examples": [parameter.example]}
    return {"type": "string", **parameter.rules, **described}


def _responses(client_format: ClientFormat, endpoint: Endpoint) -> dict[int | str, dict[str, Any]]:
    text = {"content": {"text/plain": {"schema": {"type": "string"}}}}
    media_type = client_format.media_type.partition(";")[0]
    schema = {"type": "object"} if media_type.endswith("json") else {"type": "string"}
    document = {"content": {media_type: {"schema": schema}}}
    responses: dict[int | str, dict[str, Any]] = {
        200: {"description": "The document", **document},
        304: {"description": "The document has the ETag that was sent"},
        400: {"description": "The request names no domain that could exist", **text},
        404: {"description": "The domain is unknown or suspended", **text},
        503: {"description": "The database does not answer", **text},
    }
    if endpoint.max_body_bytes:
        responses[413] = {"description": f"The body is over {endpoint.max_body_bytes} bytes", **text}
    for status, meaning in endpoint.statuses.items():
        content = document if status in endpoint.document_statuses else responses.get(status, text)
        responses[status] = {**content, "description": meaning}
    return dict(sorted(responses.items(), key=lambda item: int(item[0])))


def _handler(client_format: ClientFormat, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        started = time.perf_counter()
        response = await write_answer(request)
        traffic: Traffic = request.app.state.services.traffic
        outcome = outcome_of(response.status_code)
        traffic.tally(client_format.name, outcome, ORDINARY).add(time.perf_counter() - started)
        return response

    async def write_answer(request: Request) -> Response:
        services: Services = request.app.state.services
        try:
            body = await _read_body(request, endpoint.max_body_bytes)
        except HTTPException as refused:
            # In a line of text, which is all that clients can read.
            refusal = plain_refusal(refused.status_code, refused.detail, *(refused.headers or {}).items())
            return _response(replace(refusal, max_age_seconds=None), request)
        client_request = ClientRequest(
            method=request.method,
            scheme=request.scope["scheme"],
            host=request.headers.get("host"),
            query=request.scope["query_string"].decode("utf-8", "replace"),
            path_parameters=request.path_params,
            headers={name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers.raw},
            body=body,
            service_url=services.service_url,
            received_at=datetime.now(UTC),
        )
        try:
            reply = await services.publishing.reply(client_format, client_request)
        except NotAvailable as error:
            return _response(not_available(client_format, client_request, str(error)), request)
        return _response(reply, request)

    return answer


async def _read_body(request: Request, max_bytes: int) -> bytes:
    """Read the body; nothing where the endpoint takes none.

    Raises:
        HTTPException: When it is too long or too slow.
    """
    if not max_bytes or request.method in SAFE_METHODS:
        return b""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            sentence = f"The body must be at most {max_bytes} bytes long."
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, sentence)
    return bytes(body)


def _response(reply: Reply, request: Request) -> Response:
    headers = reply_fields(reply, request.method)
    if reply.status == HTTPStatus.OK and reply.max_age_seconds is not None:
        etag = entity_tag(reply.body).decode()
        headers["ETag"] = etag
        if _matches(request.headers.get("if-none-match"), etag):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    headers["Content-Type"] = reply.media_type
    return Response(reply.body, reply.status, headers)


def _matches(if_none_match: str | None, etag: str) -> bool:
    """Compare weakly, as RFC 9110 §13.1.2 asks."""
    if if_none_match is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in tags or etag in tags
