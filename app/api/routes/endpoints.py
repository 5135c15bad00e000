"""Endpoints, their history, what was found at them, and the same as metrics."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from app.api.authentication import AuthenticatedRoute
from app.api.dependencies import CallerDependency, ServicesDependency, problems
from app.api.lists import ListDependency, page_response
from app.api.schemas.shapes import NO_CONTROL_CHARACTERS
from app.api.schemas.verification import (
    CheckPage,
    CheckRead,
    EndpointDetail,
    EndpointPage,
    EndpointRead,
    FoundPage,
    FoundRead,
    check_to_read,
    endpoint_to_detail,
    endpoint_to_read,
    found_to_read,
)
from app.core.findings import Severity
from app.core.reports import State
from app.core.verified import EndpointFilter, FindingFilter
from app.services.metrics import MEDIA_TYPE, endpoint_metrics
from app.services.process_metrics import shared_metrics

router = APIRouter(prefix="/api/v1", tags=["verification"], route_class=AuthenticatedRoute)

_ORDER, _NEWEST = "id", "-id"
EndpointId = Annotated[int, Path(ge=0, lt=2**63)]
ProviderQuery = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=63,
        pattern=NO_CONTROL_CHARACTERS,
        description="Only what this provider's domains list.",
    ),
]
HostnameQuery = Annotated[
    str | None, Query(max_length=253, pattern=NO_CONTROL_CHARACTERS, description="Only of this host.")
]


def _endpoint_filter(
    provider: ProviderQuery = None,
    hostname: HostnameQuery = None,
    state: Annotated[State | None, Query(description="Only in this state.")] = None,
    alarmed: Annotated[
        bool | None, Query(description="Only those that are, or are not, told to be bad.")
    ] = None,
    given: Annotated[
        bool | None, Query(description="Only those that clients are, or are not, given by any domain.")
    ] = None,
) -> EndpointFilter:
    return EndpointFilter(
        provider=provider, hostname=hostname, state=state, is_alarmed=alarmed, is_given=given
    )


def _finding_filter(
    provider: ProviderQuery = None,
    hostname: HostnameQuery = None,
    severity: Annotated[Severity | None, Query(description="Only of this severity.")] = None,
    code: Annotated[
        str | None, Query(max_length=80, pattern=NO_CONTROL_CHARACTERS, description="Only of this code.")
    ] = None,
) -> FindingFilter:
    return FindingFilter(provider=provider, hostname=hostname, severity=severity, code=code)


@router.get("/endpoints", operation_id="list_endpoints", response_model=EndpointPage, responses=problems())
async def list_endpoints(
    services: ServicesDependency,
    caller: CallerDependency,
    wanted: Annotated[EndpointFilter, Depends(_endpoint_filter)],
    request: ListDependency,
) -> Response:
    """List endpoints."""
    request.check_fields(EndpointRead)
    position = request.position(_ORDER, (int,))
    reading = services.verification.endpoints
    after = position[0] if position else 0
    found = await reading.page(caller, wanted, after=after, limit=request.limit + 1)
    total = await reading.count(caller, wanted) if request.total else None
    return page_response(request, found, endpoint_to_read, lambda one: (_ORDER, one.id), total)


@router.get("/endpoints/{endpoint_id}", operation_id="get_endpoint", responses=problems(404))
async def get_endpoint(
    endpoint_id: EndpointId, services: ServicesDependency, caller: CallerDependency
) -> EndpointDetail:
    """Read an endpoint with what was seen and found there."""
    return endpoint_to_detail(*await services.verification.endpoints.get(caller, endpoint_id))


@router.get(
    "/endpoints/{endpoint_id}/history",
    operation_id="list_endpoint_history",
    response_model=CheckPage,
    responses=problems(404),
)
async def list_endpoint_history(
    endpoint_id: EndpointId,
    services: ServicesDependency,
    caller: CallerDependency,
    request: ListDependency,
) -> Response:
    """List an endpoint's runs, the newest first."""
    request.check_fields(CheckRead)
    position = request.position(_NEWEST, (int,))
    reading = services.verification.endpoints
    before = position[0] if position else None
    found = await reading.history(caller, endpoint_id, before=before, limit=request.limit + 1)
    total = await reading.count_history(caller, endpoint_id) if request.total else None
    return page_response(request, found, check_to_read, lambda one: (_NEWEST, one.id), total)


@router.get("/findings", operation_id="list_findings", response_model=FoundPage, responses=problems())
async def list_findings(
    services: ServicesDependency,
    caller: CallerDependency,
    wanted: Annotated[FindingFilter, Depends(_finding_filter)],
    request: ListDependency,
) -> Response:
    """List what the last runs found at endpoints."""
    request.check_fields(FoundRead)
    position = request.position(_ORDER, (int,))
    reading = services.verification.endpoints
    after = position[0] if position else 0
    found = await reading.findings(caller, wanted, after=after, limit=request.limit + 1)
    total = await reading.count_findings(caller, wanted) if request.total else None
    return page_response(request, found, found_to_read, lambda one: (_ORDER, one.id), total)


@router.get(
    "/verification/metrics",
    operation_id="get_verification_metrics",
    response_class=Response,
    responses={
        200: {
            "description": "For Prometheus: endpoints by state, durations by protocol, the worst by name; "
            "for tokens of no single provider also what waits to be done, and what mail clients asked of all "
            "processes that serve together",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        },
        **problems(),
    },
)
async def get_verification_metrics(services: ServicesDependency, caller: CallerDependency) -> Response:
    """Write how endpoints stand, and what mail clients asked, in Prometheus's text format."""
    now = services.verification.clock()
    text = await endpoint_metrics(services.verification.endpoints, caller, now)
    if caller.provider is None:
        text += await services.crew.metrics() + await shared_metrics(services.store, now, services.signer)
    return Response(text, media_type=MEDIA_TYPE)
