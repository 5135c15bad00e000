"""Many domains in one request, in and out."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse
from starlette.exceptions import HTTPException

from app.api.authentication import AuthenticatedRoute
from app.api.bearers import find_bearer
from app.api.bulk import NDJSON, BulkRequest, EachLineResponse, whole_response
from app.api.dependencies import (
    CallerDependency,
    ProviderQuery,
    ServicesDependency,
    WriterDependency,
    problems,
)
from app.services.bulk_planning import BulkRules
from app.services.callers import Scope

router = APIRouter(prefix="/api/v1/domains", tags=["domains"], route_class=AuthenticatedRoute)

BULK_PATH: Final = "/api/v1/domains/bulk"
_encoded: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_LINES: Final = {"schema": {"type": "string", "contentMediaType": NDJSON}}


@router.post(
    "/bulk",
    operation_id="change_domains",
    response_class=StreamingResponse,
    openapi_extra={"requestBody": {"required": True, "content": {NDJSON: _LINES}}},
    responses={
        200: {
            "description": "A `LineResult` for each line, in their order, and a `BulkSummary` at the end",
            "content": {NDJSON: _LINES},
        },
        **problems(400, 404, 409, 412, 413, 415, 428),
    },
)
async def change_domains(
    request: Request,
    services: ServicesDependency,
    caller: WriterDependency,
    atomic: Annotated[  # noqa: FBT002 - a query's parameter
        bool, Query(description="All lines or none: the first that cannot be done is the answer.")
    ] = False,
) -> Response:
    """Store, change and delete domains, one a line (`DomainLine`).

    Lines are done in their order, in batches of up to 1,000, each one transaction; a line that cannot be done
    does not keep others from it. Results come as batches are done. A line of which nothing would change
    changes nothing, so that the same lines can be sent again after any failure.

    A token that is revoked or ends meanwhile holds for no further batch: `problem` of the summary says so.

    With `atomic=true`, or `dry_run=true`, all lines are one transaction, begun when the last one has come.
    """
    caller.require(Scope.DOMAINS_WRITE)
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != NDJSON:
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, headers={"Accept-Post": NDJSON})
    settings = request.app.state.settings
    rules = BulkRules(needs_if_match=settings.require_if_match, stops_at_fault=atomic)
    bulk = BulkRequest(
        request=request,
        service=services.bulk,
        caller=caller,
        rules=rules,
        settings=settings,
        holds=partial(services.access.holds, find_bearer(request.scope) or ""),
    )
    if atomic or caller.call.dry_run:
        return await whole_response(bulk)
    return EachLineResponse(bulk)


@router.get(
    "/export",
    operation_id="export_domains",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "A domain a line, with its mailboxes, as `change_domains` takes it",
            "content": {NDJSON: _LINES},
        },
        **problems(),
    },
)
async def export_domains(
    services: ServicesDependency,
    caller: CallerDependency,
    provider: ProviderQuery = None,
) -> Response:
    """Write all domains as NDJSON; as many as there may be, they are never held in memory.

    Aliases come after all others, so that the lines can be sent to `change_domains` as they are.
    """
    batches = services.domain_export.batches(caller, provider)
    # Asked for before the answer starts, so that a refusal still has a status of its own.
    first: list[dict[str, Any]] = await anext(batches, [])
    return StreamingResponse(_lines(first, batches), media_type=NDJSON)


async def _lines(
    first: list[dict[str, Any]], rest: AsyncIterator[list[dict[str, Any]]]
) -> AsyncIterator[str]:
    yield _written(first)
    async for batch in rest:
        yield _written(batch)


def _written(batch: list[dict[str, Any]]) -> str:
    return "".join([f"{_encoded(record)}\n" for record in batch])
