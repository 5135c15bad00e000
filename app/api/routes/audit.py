"""Who changed what."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response, StreamingResponse

from app.api.authentication import AuthenticatedRoute
from app.api.dependencies import CallerDependency, ServicesDependency, problems
from app.api.lists import ListDependency, page_response
from app.api.schemas.audit import AuditPage, AuditRead, audit_to_read
from app.api.schemas.shapes import NO_CONTROL_CHARACTERS, Moment
from app.core.audit import AuditEntry, AuditFilter

router = APIRouter(prefix="/api/v1/audit", tags=["audit"], route_class=AuthenticatedRoute)

NDJSON = "application/x-ndjson"
_ORDER = "-id"


def _filter(
    kind: Annotated[
        str | None,
        Query(max_length=20, pattern=NO_CONTROL_CHARACTERS, description="Only of this kind of resource."),
    ] = None,
    resource: Annotated[
        str | None,
        Query(max_length=320, pattern=NO_CONTROL_CHARACTERS, description="Only of the resource of this key."),
    ] = None,
    provider: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=63,
            pattern=NO_CONTROL_CHARACTERS,
            description="Only what is this provider's.",
        ),
    ] = None,
    token: Annotated[
        str | None,
        Query(max_length=16, pattern=NO_CONTROL_CHARACTERS, description="Only by the token with this id."),
    ] = None,
    action: Annotated[
        str | None, Query(max_length=40, pattern=NO_CONTROL_CHARACTERS, description="Only this action.")
    ] = None,
    request_id: Annotated[
        str | None,
        Query(max_length=40, pattern=NO_CONTROL_CHARACTERS, description="Only by the request of this id."),
    ] = None,
    since: Annotated[Moment | None, Query(description="Only at or after this moment.")] = None,
    until: Annotated[Moment | None, Query(description="Only before this moment.")] = None,
) -> AuditFilter:
    return AuditFilter(
        kind=kind,
        resource=resource,
        provider=provider,
        token_id=token,
        action=action,
        request_id=request_id,
        since=since,
        until=until,
    )


FilterDependency = Annotated[AuditFilter, Depends(_filter)]


@router.get("", operation_id="list_audit", response_model=AuditPage, responses=problems())
async def list_audit(
    services: ServicesDependency,
    caller: CallerDependency,
    wanted: FilterDependency,
    request: ListDependency,
) -> Response:
    """List changes, the newest first."""
    request.check_fields(AuditRead)
    position = request.position(_ORDER, (int,))
    found = await services.auditing.page(
        caller, wanted, before=position[0] if position else None, limit=request.limit + 1
    )
    total = await services.auditing.count(caller, wanted) if request.total else None
    return page_response(request, found, audit_to_read, lambda entry: (_ORDER, entry.id), total)


@router.get(
    "/export",
    operation_id="export_audit",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "An entry a line, the oldest first",
            "content": {NDJSON: {"schema": {"type": "string"}}},
        },
        **problems(),
    },
)
async def export_audit(
    services: ServicesDependency, caller: CallerDependency, wanted: FilterDependency
) -> Response:
    """Write all changes as NDJSON, the oldest first; as long as it may be, it is never held in memory."""
    batches = services.auditing.batches(caller, wanted)
    # Asked for before the answer starts, so that a refusal still has a status of its own.
    first: list[AuditEntry] = await anext(batches, [])
    return StreamingResponse(_lines(first, batches), media_type=NDJSON)


async def _lines(first: list[AuditEntry], rest: AsyncIterator[list[AuditEntry]]) -> AsyncIterator[str]:
    yield _written(first)
    async for batch in rest:
        yield _written(batch)


def _written(batch: list[AuditEntry]) -> str:
    return "".join(f"{audit_to_read(entry).model_dump_json()}\n" for entry in batch)
