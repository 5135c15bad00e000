"""Verification of domains: start it, follow it, read what came of it."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import StreamingResponse

from app.api.authentication import AuthenticatedRoute
from app.api.bearers import find_bearer
from app.api.dependencies import CallerDependency, DomainNameDependency, ServicesDependency, problems
from app.api.lists import ListDependency, page_response
from app.api.once import PostDependency, json_answer
from app.api.schemas.shapes import NO_CONTROL_CHARACTERS
from app.api.schemas.verification import (
    DomainReportRead,
    VerificationDetail,
    VerificationPage,
    VerificationRead,
    verification_to_detail,
    verification_to_read,
)
from app.api.streams import EVENT_STREAM, STREAM_HEADERS, event_text
from app.services.callers import Caller
from app.services.idempotency import Answer

router = APIRouter(prefix="/api/v1/domains/{name}", tags=["verification"], route_class=AuthenticatedRoute)

_ORDER = "-id"
VerificationId = Annotated[str, Path(max_length=32, pattern=NO_CONTROL_CHARACTERS)]


@router.get("/verification", operation_id="get_verification_report", responses=problems(404))
async def get_verification_report(
    name: DomainNameDependency, services: ServicesDependency, caller: CallerDependency
) -> DomainReportRead:
    """Read how a domain stands: its endpoints as of their last runs, its own records as last verified."""
    report = await services.verification.verifying.report(caller, name)
    return DomainReportRead.model_validate(report)


@router.post(
    "/verifications",
    operation_id="start_verification",
    status_code=HTTPStatus.ACCEPTED,
    response_model=VerificationRead,
    responses=problems(404, 409, 413),
)
async def start_verification(
    name: DomainNameDependency, services: ServicesDependency, post: PostDependency
) -> Response:
    """Have a domain verified as soon as there is room; one that is under way is joined.

    What was probed within the last minute is not probed again.
    """

    async def work(caller: Caller) -> Answer:
        stored = await services.verification.verifying.start(caller, name)
        location = f"/api/v1/domains/{name}/verifications/{stored.public_id}"
        return json_answer(HTTPStatus.ACCEPTED, verification_to_read(stored), location=location)

    return await post.answer(work)


@router.get(
    "/verifications",
    operation_id="list_verifications",
    response_model=VerificationPage,
    responses=problems(404),
)
async def list_verifications(
    name: DomainNameDependency,
    services: ServicesDependency,
    caller: CallerDependency,
    request: ListDependency,
) -> Response:
    """List a domain's verifications, the newest first."""
    request.check_fields(VerificationRead)
    position = request.position(_ORDER, (int,))
    verifying = services.verification.verifying
    before = position[0] if position else None
    found = await verifying.page(caller, name, before=before, limit=request.limit + 1)
    total = await verifying.count(caller, name) if request.total else None
    return page_response(request, found, verification_to_read, lambda one: (_ORDER, one.id), total)


@router.get("/verifications/{verification_id}", operation_id="get_verification", responses=problems(404))
async def get_verification(
    name: DomainNameDependency,
    verification_id: VerificationId,
    services: ServicesDependency,
    caller: CallerDependency,
) -> VerificationDetail:
    """Read a verification with its report."""
    return verification_to_detail(await services.verification.verifying.get(caller, name, verification_id))


@router.get(
    "/verifications/{verification_id}/events",
    operation_id="follow_verification",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Server-sent events: `endpoint` for each that was looked at, `finished` with the "
            "report at the end",
            "content": {EVENT_STREAM: {"schema": {"type": "string"}}},
        },
        **problems(404),
    },
)
async def follow_verification(
    name: DomainNameDependency,
    verification_id: VerificationId,
    services: ServicesDependency,
    caller: CallerDependency,
    request: Request,
) -> Response:
    """Follow a verification live; it ends early where the token is revoked or the domain goes elsewhere."""
    # Asked for before the answer starts, so that a refusal still has a status of its own.
    await services.verification.verifying.get(caller, name, verification_id)
    holds = partial(services.access.holds, find_bearer(request.scope) or "")
    happenings = services.verification.verifying.watch(caller, name, verification_id, holds)
    return StreamingResponse(
        (event_text(event, data) async for event, data in happenings),
        media_type=EVENT_STREAM,
        headers=STREAM_HEADERS,
    )
