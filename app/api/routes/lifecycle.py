"""What becomes of domains: suspended, resumed, moved, restored; their aliases."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.api.authentication import AuthenticatedRoute
from app.api.dependencies import (
    CallerDependency,
    DomainNameDependency,
    PreconditionDependency,
    ProviderQuery,
    ServicesDependency,
    problems,
)
from app.api.domain_lists import aliases_of, domain_page
from app.api.lists import ListDependency, page_response
from app.api.once import PostDependency, json_answer
from app.api.schemas.domains import (
    DeletedDomainPage,
    DeletedDomainRead,
    DomainMove,
    DomainPage,
    DomainRead,
    deleted_to_read,
    domain_to_read,
)
from app.api.schemas.rules import Name
from app.core.domains import Domain
from app.core.errors import within
from app.core.names import DomainName
from app.core.stored import Stored
from app.services.callers import Caller
from app.services.idempotency import Answer
from app.services.lifecycle import Move

router = APIRouter(prefix="/api/v1", tags=["domains"], route_class=AuthenticatedRoute)

_ORDER = "-id"


def _answer(stored: Stored[Domain]) -> Answer:
    return json_answer(HTTPStatus.OK, domain_to_read(stored), version=stored.version)


@router.post(
    "/domains/{name}/suspend",
    operation_id="suspend_domain",
    response_model=DomainRead,
    responses=problems(404, 409, 412, 413, 428),
)
async def suspend_domain(
    name: DomainNameDependency,
    services: ServicesDependency,
    post: PostDependency,
    precondition: PreconditionDependency,
) -> Response:
    """Have a domain and its aliases no longer answered for; nothing is lost."""

    async def work(caller: Caller) -> Answer:
        return _answer(await services.lifecycle.suspend(caller, name, precondition))

    return await post.answer(work)


@router.post(
    "/domains/{name}/resume",
    operation_id="resume_domain",
    response_model=DomainRead,
    responses=problems(404, 409, 412, 413, 428),
)
async def resume_domain(
    name: DomainNameDependency,
    services: ServicesDependency,
    post: PostDependency,
    precondition: PreconditionDependency,
) -> Response:
    """Have a suspended domain answered for again."""

    async def work(caller: Caller) -> Answer:
        return _answer(await services.lifecycle.resume(caller, name, precondition))

    return await post.answer(work)


@router.post(
    "/domains/{name}/move",
    operation_id="move_domain",
    response_model=DomainRead,
    responses=problems(400, 404, 409, 412, 413, 415, 428),
)
async def move_domain(
    name: DomainNameDependency,
    body: DomainMove,
    services: ServicesDependency,
    post: PostDependency,
    precondition: PreconditionDependency,
) -> Response:
    """Move a domain to another provider, to another node, or both; its aliases go with it."""
    move = Move(provider=body.provider, variables=body.variables)

    async def work(caller: Caller) -> Answer:
        return _answer(await services.lifecycle.move(caller, name, move, precondition))

    return await post.answer(work)


@router.get(
    "/domains/{name}/aliases",
    operation_id="list_aliases",
    response_model=DomainPage,
    responses=problems(404),
)
async def list_aliases(
    name: DomainNameDependency,
    services: ServicesDependency,
    caller: CallerDependency,
    request: ListDependency,
) -> Response:
    """List the aliases of a domain by name. One is made by storing a domain with `alias_of`."""
    await services.domains.get(caller, name)
    return await domain_page(services, caller, aliases_of(name), request)


@router.post(
    "/domains/{name}/restore",
    operation_id="restore_domain",
    response_model=DomainRead,
    responses=problems(404, 409, 413),
)
async def restore_domain(
    name: DomainNameDependency, services: ServicesDependency, post: PostDependency
) -> Response:
    """Bring back a deleted domain with its servers and mailboxes; the one deleted last, of several."""

    async def work(caller: Caller) -> Answer:
        return _answer(await services.lifecycle.restore(caller, name))

    return await post.answer(work)


@router.get(
    "/deleted-domains",
    operation_id="list_deleted_domains",
    response_model=DeletedDomainPage,
    responses=problems(),
)
async def list_deleted_domains(
    request: Request,
    services: ServicesDependency,
    caller: CallerDependency,
    wanted: ListDependency,
    provider: ProviderQuery = None,
    name: Annotated[Name | None, Query(description="Only of this name.")] = None,
) -> Response:
    """List deleted domains that can be restored, the last one first."""
    wanted.check_fields(DeletedDomainRead)
    only = None
    if name is not None:
        with within("name"):
            only = DomainName.parse(name)
    position = wanted.position(_ORDER, (int,))
    found = await services.lifecycle.deleted_page(
        caller,
        before=position[0] if position else None,
        limit=wanted.limit + 1,
        provider=provider,
        name=only,
    )
    total = None
    if wanted.total:
        total = await services.lifecycle.deleted_count(caller, provider=provider, name=only)
    retention = timedelta(days=request.app.state.settings.deleted_retention_days)
    return page_response(
        wanted, found, lambda one: deleted_to_read(one, retention), lambda one: (_ORDER, one.id), total
    )
