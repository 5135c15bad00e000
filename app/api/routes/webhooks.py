"""Webhooks: who is told of what happens."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus

from fastapi import APIRouter, Response

from app.api.authentication import AuthenticatedRoute
from app.api.dependencies import (
    CallerDependency,
    PreconditionDependency,
    PublicIdPath,
    ServicesDependency,
    WriterDependency,
    problems,
    tag_version,
)
from app.api.lists import ListDependency, page_response
from app.api.merge_patch import MergePatchDependency, patch_body
from app.api.once import PostDependency, json_answer
from app.api.schemas.webhooks import (
    DeliveryRead,
    ReplayRead,
    WebhookBody,
    WebhookCreate,
    WebhookCreated,
    WebhookPage,
    WebhookRead,
    WebhookRotate,
    delivery_to_read,
    webhook_to_read,
    webhook_to_wish,
)
from app.core.stored import Stored
from app.core.webhooks import Webhook
from app.services.callers import Caller
from app.services.idempotency import Answer
from app.services.webhooks import WebhookWish

router = APIRouter(prefix="/api/v1/webhooks", tags=["webhooks"], route_class=AuthenticatedRoute)


@router.get("", operation_id="list_webhooks", response_model=WebhookPage, responses=problems())
async def list_webhooks(
    services: ServicesDependency, caller: CallerDependency, request: ListDependency
) -> Response:
    """List webhooks by id."""
    request.check_fields(WebhookRead)
    position = request.position("id", (str,))
    after = position[0] if position else ""
    found = await services.webhooks.subscriptions.page(caller, after=after, limit=request.limit + 1)
    total = await services.webhooks.subscriptions.count(caller) if request.total else None
    return page_response(request, found, webhook_to_read, lambda one: ("id", one.value.public_id), total)


@router.post(
    "",
    operation_id="create_webhook",
    status_code=HTTPStatus.CREATED,
    response_model=WebhookCreated,
    responses=problems(400, 404, 409, 413, 415),
)
async def create_webhook(body: WebhookCreate, services: ServicesDependency, post: PostDependency) -> Response:
    """Have events posted to a URL. The secret is in this answer and nowhere else."""
    wish = webhook_to_wish(body, body.provider)

    async def work(caller: Caller) -> Answer:
        stored, secret = await services.webhooks.subscriptions.create(caller, wish)
        location = f"/api/v1/webhooks/{stored.value.public_id}"
        return _secret_answer(HTTPStatus.CREATED, stored, None if caller.call.dry_run else secret, location)

    return await post.answer(work)


@router.get("/{webhook_id}", operation_id="get_webhook", responses=problems(404))
async def get_webhook(
    webhook_id: PublicIdPath, services: ServicesDependency, caller: CallerDependency, response: Response
) -> WebhookRead:
    """Read a webhook."""
    stored = await services.webhooks.subscriptions.get(caller, webhook_id)
    tag_version(response, stored.version)
    return webhook_to_read(stored)


@router.patch(
    "/{webhook_id}",
    operation_id="patch_webhook",
    openapi_extra=patch_body(WebhookBody),
    responses=problems(400, 404, 409, 412, 413, 415, 428),
)
async def patch_webhook(
    webhook_id: PublicIdPath,
    patch: MergePatchDependency,
    services: ServicesDependency,
    caller: WriterDependency,
    precondition: PreconditionDependency,
    response: Response,
) -> WebhookRead:
    """Change some of a webhook (JSON Merge Patch)."""

    def edit(stored: Stored[Webhook]) -> WebhookWish:
        return webhook_to_wish(patch.applied(WebhookBody, webhook_to_read(stored)))

    stored = await services.webhooks.subscriptions.patch(caller, webhook_id, edit, precondition)
    tag_version(response, stored.version)
    return webhook_to_read(stored)


@router.delete(
    "/{webhook_id}",
    operation_id="delete_webhook",
    status_code=HTTPStatus.NO_CONTENT,
    response_class=Response,
    responses=problems(404, 409, 412, 428),
)
async def delete_webhook(
    webhook_id: PublicIdPath,
    services: ServicesDependency,
    caller: WriterDependency,
    precondition: PreconditionDependency,
) -> None:
    """Remove a webhook with its deliveries."""
    await services.webhooks.subscriptions.delete(caller, webhook_id, precondition)


@router.post(
    "/{webhook_id}/rotate",
    operation_id="rotate_webhook",
    response_model=WebhookCreated,
    responses=problems(400, 404, 409, 412, 413, 415, 428),
)
async def rotate_webhook(
    webhook_id: PublicIdPath,
    body: WebhookRotate,
    services: ServicesDependency,
    post: PostDependency,
    precondition: PreconditionDependency,
) -> Response:
    """Give a webhook another secret; for a while events have a signature by each of the two."""

    async def work(caller: Caller) -> Answer:
        stored, secret = await services.webhooks.subscriptions.rotate(
            caller, webhook_id, body.overlap_seconds, precondition
        )
        return _secret_answer(HTTPStatus.OK, stored, None if caller.call.dry_run else secret)

    return await post.answer(work)


@router.post(
    "/{webhook_id}/ping",
    operation_id="ping_webhook",
    status_code=HTTPStatus.ACCEPTED,
    response_model=DeliveryRead,
    responses=problems(404, 409, 413),
)
async def ping_webhook(
    webhook_id: PublicIdPath, services: ServicesDependency, post: PostDependency
) -> Response:
    """Send a test event, once, to an inactive webhook too. The delivery tells how it went."""

    async def work(caller: Caller) -> Answer:
        delivery = await services.webhooks.subscriptions.ping(caller, webhook_id)
        location = f"/api/v1/webhook-deliveries/{delivery.id}"
        return json_answer(HTTPStatus.ACCEPTED, delivery_to_read(delivery), location=location)

    return await post.answer(work)


@router.post(
    "/{webhook_id}/replay",
    operation_id="replay_webhook",
    status_code=HTTPStatus.ACCEPTED,
    response_model=ReplayRead,
    responses=problems(404, 409, 413),
)
async def replay_webhook(
    webhook_id: PublicIdPath, services: ServicesDependency, post: PostDependency
) -> Response:
    """Send all once more that was given up."""

    async def work(caller: Caller) -> Answer:
        count = await services.webhooks.deliveries.replay_dead(caller, webhook_id)
        return json_answer(HTTPStatus.ACCEPTED, ReplayRead(replayed=count))

    return await post.answer(work)


def _secret_answer(
    status: int, stored: Stored[Webhook], secret: str | None, location: str | None = None
) -> Answer:
    shown = WebhookCreated(**webhook_to_read(stored).model_dump(), secret=secret)
    kept = shown.model_copy(update={"secret": None})
    answer = json_answer(status, shown, version=stored.version, location=location)
    return replace(answer, kept_body=kept.model_dump_json())
