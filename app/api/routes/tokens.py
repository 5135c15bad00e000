"""API tokens: made, rotated and revoked by those who may."""

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
from app.api.once import PostDependency, json_answer
from app.api.schemas.tokens import (
    TokenCreate,
    TokenCreated,
    TokenPage,
    TokenRead,
    TokenRotate,
    token_to_read,
)
from app.core.stored import Stored
from app.core.tokens import StoredToken
from app.services.callers import Caller
from app.services.idempotency import Answer
from app.services.tokens import TokenWish

router = APIRouter(prefix="/api/v1/tokens", tags=["tokens"], route_class=AuthenticatedRoute)


@router.get("", operation_id="list_tokens", response_model=TokenPage, responses=problems())
async def list_tokens(
    services: ServicesDependency, caller: CallerDependency, request: ListDependency
) -> Response:
    """List tokens by id."""
    request.check_fields(TokenRead)
    position = request.position("id", (str,))
    after = position[0] if position else ""
    found = await services.tokens.page(caller, after=after, limit=request.limit + 1)
    total = await services.tokens.count(caller) if request.total else None
    return page_response(request, found, token_to_read, lambda one: ("id", one.value.public_id), total)


@router.post(
    "",
    operation_id="create_token",
    status_code=HTTPStatus.CREATED,
    response_model=TokenCreated,
    responses=problems(400, 404, 409, 413, 415),
)
async def create_token(body: TokenCreate, services: ServicesDependency, post: PostDependency) -> Response:
    """Make a token. Its text is in this answer and nowhere else.

    It ends with your own token at the latest, as `expires_at` shows.
    """
    wish = TokenWish(
        name=body.name,
        scopes=frozenset(scope.value for scope in body.scopes),
        provider=body.provider,
        expires_days=body.expires_days,
    )

    async def work(caller: Caller) -> Answer:
        stored, text = await services.tokens.create(caller, wish)
        location = f"/api/v1/tokens/{stored.value.public_id}"
        return _secret_answer(HTTPStatus.CREATED, stored, None if caller.call.dry_run else text, location)

    return await post.answer(work)


@router.get("/{token_id}", operation_id="get_token", responses=problems(404))
async def get_token(
    token_id: PublicIdPath, services: ServicesDependency, caller: CallerDependency, response: Response
) -> TokenRead:
    """Read a token; its secret is not stored."""
    stored = await services.tokens.get(caller, token_id)
    tag_version(response, stored.version)
    return token_to_read(stored)


@router.post(
    "/{token_id}/rotate",
    operation_id="rotate_token",
    response_model=TokenCreated,
    responses=problems(400, 404, 409, 412, 413, 415, 428),
)
async def rotate_token(
    token_id: PublicIdPath,
    body: TokenRotate,
    services: ServicesDependency,
    post: PostDependency,
    precondition: PreconditionDependency,
) -> Response:
    """Give a token another secret; the present one holds for a while beside it.

    From then on it ends with your own token at the latest, as `expires_at` shows.
    """

    async def work(caller: Caller) -> Answer:
        stored, text = await services.tokens.rotate(caller, token_id, body.overlap_seconds, precondition)
        return _secret_answer(HTTPStatus.OK, stored, None if caller.call.dry_run else text)

    return await post.answer(work)


@router.delete(
    "/{token_id}",
    operation_id="revoke_token",
    status_code=HTTPStatus.NO_CONTENT,
    response_class=Response,
    responses=problems(404, 409, 412, 428),
)
async def revoke_token(
    token_id: PublicIdPath,
    services: ServicesDependency,
    caller: WriterDependency,
    precondition: PreconditionDependency,
) -> None:
    """Revoke a token; it holds nowhere any more from this moment on.

    A bulk request that is under way with it keeps what has a result; the rest of its lines is not done.
    """
    await services.tokens.revoke(caller, token_id, precondition)


def _secret_answer(
    status: int, stored: Stored[StoredToken], text: str | None, location: str | None = None
) -> Answer:
    shown = TokenCreated(**token_to_read(stored).model_dump(), token=text)
    kept = shown.model_copy(update={"token": None})
    answer = json_answer(status, shown, version=stored.version, location=location)
    return replace(answer, kept_body=kept.model_dump_json())
