"""What became of events on their way to webhooks."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from app.api.authentication import AuthenticatedRoute
from app.api.dependencies import CallerDependency, ServicesDependency, problems
from app.api.lists import ListDependency, page_response
from app.api.once import PostDependency, json_answer
from app.api.schemas.shapes import NO_CONTROL_CHARACTERS
from app.api.schemas.webhooks import (
    DeliveryDetail,
    DeliveryPage,
    DeliveryRead,
    delivery_to_detail,
    delivery_to_read,
)
from app.core.events import EventType
from app.core.webhooks import DeliveryFilter, DeliveryState
from app.services.callers import Caller
from app.services.deliveries import MAX_ID
from app.services.idempotency import Answer

router = APIRouter(prefix="/api/v1/webhook-deliveries", tags=["webhooks"], route_class=AuthenticatedRoute)

_ORDER = "-id"
DeliveryId = Annotated[int, Path(ge=0, le=MAX_ID, description="The delivery's id, as lists have it.")]


def _filter(
    state: Annotated[
        DeliveryState | None, Query(description="Only in this state; `dead` for what was given up.")
    ] = None,
    type: Annotated[EventType | None, Query(description="Only of this type.")] = None,  # noqa: A002 - a query's parameter
    webhook: Annotated[
        str | None,
        Query(max_length=16, pattern=NO_CONTROL_CHARACTERS, description="Only to the webhook with this id."),
    ] = None,
    event: Annotated[
        str | None,
        Query(max_length=40, pattern=NO_CONTROL_CHARACTERS, description="Only of the event with this id."),
    ] = None,
) -> DeliveryFilter:
    return DeliveryFilter(state=state, type=type, webhook=webhook, event_id=event)


FilterDependency = Annotated[DeliveryFilter, Depends(_filter)]


@router.get("", operation_id="list_webhook_deliveries", response_model=DeliveryPage, responses=problems())
async def list_webhook_deliveries(
    services: ServicesDependency,
    caller: CallerDependency,
    wanted: FilterDependency,
    request: ListDependency,
) -> Response:
    """List deliveries, the newest first."""
    request.check_fields(DeliveryRead)
    position = request.position(_ORDER, (int,))
    found = await services.webhooks.deliveries.page(
        caller, wanted, before=position[0] if position else None, limit=request.limit + 1
    )
    total = await services.webhooks.deliveries.count(caller, wanted) if request.total else None
    return page_response(request, found, delivery_to_read, lambda one: (_ORDER, one.id), total)


@router.get("/{delivery_id}", operation_id="get_webhook_delivery", responses=problems(404))
async def get_webhook_delivery(
    delivery_id: DeliveryId, services: ServicesDependency, caller: CallerDependency
) -> DeliveryDetail:
    """Read a delivery with what is sent."""
    return delivery_to_detail(await services.webhooks.deliveries.get(caller, delivery_id))


@router.post(
    "/{delivery_id}/replay",
    operation_id="replay_webhook_delivery",
    status_code=HTTPStatus.ACCEPTED,
    response_model=DeliveryRead,
    responses=problems(404, 409, 413),
)
async def replay_webhook_delivery(
    delivery_id: DeliveryId, services: ServicesDependency, post: PostDependency
) -> Response:
    """Send an event once more, whether it was delivered or not. Its `webhook-id` stays."""

    async def work(caller: Caller) -> Answer:
        delivery = await services.webhooks.deliveries.replay(caller, delivery_id)
        return json_answer(HTTPStatus.ACCEPTED, delivery_to_read(delivery))

    return await post.answer(work)
