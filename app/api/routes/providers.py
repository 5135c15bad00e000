"""Providers and their servers."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, Response

from app.api.authentication import AuthenticatedRoute
from app.api.dependencies import (
    CallerDependency,
    PreconditionDependency,
    ServerKeyPath,
    ServicesDependency,
    SlugPath,
    WriterDependency,
    problems,
    tag_version,
)
from app.api.lists import ListDependency, page_response, whole_response
from app.api.merge_patch import MergePatchDependency, patch_body
from app.api.once import PostDependency, json_answer
from app.api.schemas.providers import (
    ProviderBody,
    ProviderCreate,
    ProviderPage,
    ProviderRead,
    provider_to_core,
    provider_to_read,
)
from app.api.schemas.servers import ServerBody, ServerPage, ServerShape, server_to_core, server_to_shape
from app.core.provider import Provider
from app.core.servers import Server
from app.core.stored import Stored
from app.services.callers import Caller
from app.services.idempotency import Answer
from app.services.providers import server_of

router = APIRouter(prefix="/api/v1/providers", tags=["providers"], route_class=AuthenticatedRoute)


@router.get("", operation_id="list_providers", response_model=ProviderPage, responses=problems())
async def list_providers(
    services: ServicesDependency, caller: CallerDependency, request: ListDependency
) -> Response:
    """List providers by slug."""
    request.check_fields(ProviderRead)
    position = request.position("slug", (str,))
    found = await services.providers.page(
        caller, after=position[0] if position else "", limit=request.limit + 1
    )
    total = await services.providers.count(caller) if request.total else None
    return page_response(request, found, provider_to_read, lambda one: ("slug", one.value.slug), total)


@router.post(
    "",
    operation_id="create_provider",
    status_code=HTTPStatus.CREATED,
    response_model=ProviderRead,
    responses=problems(400, 409, 413, 415),
)
async def create_provider(
    body: ProviderCreate, services: ServicesDependency, post: PostDependency
) -> Response:
    """Store a provider."""

    async def work(caller: Caller) -> Answer:
        stored = await services.providers.create(caller, provider_to_core(body, body.slug))
        shown = provider_to_read(stored)
        location = f"/api/v1/providers/{stored.value.slug}"
        return json_answer(HTTPStatus.CREATED, shown, version=stored.version, location=location)

    return await post.answer(work)


@router.get("/{slug}", operation_id="get_provider", responses=problems(404))
async def get_provider(
    slug: SlugPath, services: ServicesDependency, caller: CallerDependency, response: Response
) -> ProviderRead:
    """Read a provider."""
    stored = await services.providers.get(caller, slug)
    tag_version(response, stored.version)
    return provider_to_read(stored)


@router.put(
    "/{slug}",
    operation_id="put_provider",
    responses={
        201: {"description": "It was not there before", "model": ProviderRead},
        **problems(400, 409, 412, 413, 415, 428),
    },
)
async def put_provider(
    slug: SlugPath,
    body: ProviderBody,
    services: ServicesDependency,
    caller: WriterDependency,
    precondition: PreconditionDependency,
    response: Response,
) -> ProviderRead:
    """Store a provider, in place of the present one if there is one."""
    stored, is_new = await services.providers.put(caller, provider_to_core(body, slug), precondition)
    response.status_code = HTTPStatus.CREATED if is_new else HTTPStatus.OK
    tag_version(response, stored.version)
    return provider_to_read(stored)


@router.patch(
    "/{slug}",
    operation_id="patch_provider",
    openapi_extra=patch_body(ProviderBody),
    responses=problems(400, 404, 409, 412, 413, 415, 428),
)
async def patch_provider(
    slug: SlugPath,
    patch: MergePatchDependency,
    services: ServicesDependency,
    caller: WriterDependency,
    precondition: PreconditionDependency,
    response: Response,
) -> ProviderRead:
    """Change some of a provider (JSON Merge Patch)."""

    def edit(stored: Stored[Provider]) -> Provider:
        return provider_to_core(patch.applied(ProviderBody, provider_to_read(stored)), slug)

    stored = await services.providers.patch(caller, slug, edit, precondition)
    tag_version(response, stored.version)
    return provider_to_read(stored)


@router.delete(
    "/{slug}",
    operation_id="delete_provider",
    status_code=HTTPStatus.NO_CONTENT,
    response_class=Response,
    responses=problems(404, 409, 412, 428),
)
async def delete_provider(
    slug: SlugPath,
    services: ServicesDependency,
    caller: WriterDependency,
    precondition: PreconditionDependency,
) -> None:
    """Remove a provider that has no domains."""
    await services.providers.delete(caller, slug, precondition)


@router.get(
    "/{slug}/servers", operation_id="list_servers", response_model=ServerPage, responses=problems(404)
)
async def list_servers(
    slug: SlugPath, services: ServicesDependency, caller: CallerDependency, request: ListDependency
) -> Response:
    """List all of a provider's servers in the order of preference. The ETag is the provider's."""
    request.check_fields(ServerShape)
    stored = await services.providers.get(caller, slug)
    response = whole_response(request, [server_to_shape(server) for server in stored.value.servers])
    tag_version(response, stored.version)
    return response


@router.get("/{slug}/servers/{key}", operation_id="get_server", responses=problems(404))
async def get_server(
    slug: SlugPath,
    key: ServerKeyPath,
    services: ServicesDependency,
    caller: CallerDependency,
    response: Response,
) -> ServerShape:
    """Read a server. The ETag is the provider's."""
    stored, server = await services.providers.get_server(caller, slug, key)
    tag_version(response, stored.version)
    return server_to_shape(server)


@router.put(
    "/{slug}/servers/{key}",
    operation_id="put_server",
    responses={
        201: {"description": "It was not there before", "model": ServerShape},
        **problems(400, 404, 409, 412, 413, 415, 428),
    },
)
async def put_server(
    slug: SlugPath,
    key: ServerKeyPath,
    body: ServerBody,
    services: ServicesDependency,
    caller: WriterDependency,
    precondition: PreconditionDependency,
    response: Response,
) -> ServerShape:
    """Store a server in its place, or at the end when its key is not there yet."""
    server = server_to_core(body, key)
    stored, is_new = await services.providers.put_server(caller, slug, server, precondition)
    response.status_code = HTTPStatus.CREATED if is_new else HTTPStatus.OK
    tag_version(response, stored.version)
    return server_to_shape(server)


@router.patch(
    "/{slug}/servers/{key}",
    operation_id="patch_server",
    openapi_extra=patch_body(ServerBody),
    responses=problems(400, 404, 409, 412, 413, 415, 428),
)
async def patch_server(
    slug: SlugPath,
    key: ServerKeyPath,
    patch: MergePatchDependency,
    services: ServicesDependency,
    caller: WriterDependency,
    precondition: PreconditionDependency,
    response: Response,
) -> ServerShape:
    """Change some of a server (JSON Merge Patch). The ETag is the provider's."""

    def edit(stored: Stored[Provider]) -> Server:
        present = server_to_shape(server_of(stored.value, key))
        return server_to_core(patch.applied(ServerBody, present), key)

    stored, server = await services.providers.patch_server(caller, slug, edit, precondition)
    tag_version(response, stored.version)
    return server_to_shape(server)


@router.delete(
    "/{slug}/servers/{key}",
    operation_id="delete_server",
    status_code=HTTPStatus.NO_CONTENT,
    response_class=Response,
    responses=problems(404, 409, 412, 428),
)
async def delete_server(
    slug: SlugPath,
    key: ServerKeyPath,
    services: ServicesDependency,
    caller: WriterDependency,
    precondition: PreconditionDependency,
) -> None:
    """Remove a server."""
    await services.providers.delete_server(caller, slug, key, precondition)
