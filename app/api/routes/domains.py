"""Domains, and what they resolve to."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from app.api.authentication import AuthenticatedRoute
from app.api.dependencies import (
    CallerDependency,
    DomainNameDependency,
    PreconditionDependency,
    ServicesDependency,
    WriterDependency,
    problems,
    tag_version,
)
from app.api.domain_lists import DomainQueryDependency, domain_page
from app.api.lists import ListDependency
from app.api.merge_patch import MergePatchDependency, patch_body
from app.api.once import PostDependency, json_answer
from app.api.schemas.domains import (
    DocumentRead,
    DomainBody,
    DomainCreate,
    DomainPage,
    DomainRead,
    FormatShape,
    SettingsRead,
    domain_to_core,
    domain_to_read,
    omissions_to_shapes,
    settings_to_read,
)
from app.api.schemas.rules import LocalPart, text_schema
from app.core.documents import Presentation
from app.core.domains import Domain
from app.core.errors import FormatNotFound, within
from app.core.names import DomainName
from app.core.stored import Stored
from app.renderers import FORMATS, FORMATS_BY_NAME
from app.services.callers import Caller
from app.services.idempotency import Answer

router = APIRouter(prefix="/api/v1/domains", tags=["domains"], route_class=AuthenticatedRoute)

LocalPartQuery = Annotated[LocalPart | None, Query(description="Resolve for this address of the domain.")]
FormatPath = Annotated[
    str,
    text_schema(enum=list(FORMATS_BY_NAME)),
    Path(description="The format's name.", examples=["autoconfig"]),
]


@router.get("", operation_id="list_domains", response_model=DomainPage, responses=problems())
async def list_domains(
    services: ServicesDependency,
    caller: CallerDependency,
    query: DomainQueryDependency,
    request: ListDependency,
) -> Response:
    """List domains."""
    return await domain_page(services, caller, query, request)


@router.post(
    "",
    operation_id="create_domain",
    status_code=HTTPStatus.CREATED,
    response_model=DomainRead,
    responses=problems(400, 404, 409, 413, 415),
)
async def create_domain(body: DomainCreate, services: ServicesDependency, post: PostDependency) -> Response:
    """Store a domain."""

    async def work(caller: Caller) -> Answer:
        with within("name"):
            name = DomainName.parse(body.name)
        stored = await services.domains.create(caller, domain_to_core(body, name))
        shown = domain_to_read(stored)
        location = f"/api/v1/domains/{name}"
        return json_answer(HTTPStatus.CREATED, shown, version=stored.version, location=location)

    return await post.answer(work)


@router.get("/{name}", operation_id="get_domain", responses=problems(404))
async def get_domain(
    name: DomainNameDependency, services: ServicesDependency, caller: CallerDependency, response: Response
) -> DomainRead:
    """Read a domain."""
    stored = await services.domains.get(caller, name)
    tag_version(response, stored.version)
    return domain_to_read(stored)


@router.put(
    "/{name}",
    operation_id="put_domain",
    responses={
        201: {"description": "It was not there before", "model": DomainRead},
        **problems(400, 404, 409, 412, 413, 415, 428),
    },
)
async def put_domain(
    name: DomainNameDependency,
    body: DomainBody,
    services: ServicesDependency,
    caller: WriterDependency,
    precondition: PreconditionDependency,
    response: Response,
) -> DomainRead:
    """Store a domain, in place of the present one if there is one."""
    stored, is_new = await services.domains.put(caller, domain_to_core(body, name), precondition)
    response.status_code = HTTPStatus.CREATED if is_new else HTTPStatus.OK
    tag_version(response, stored.version)
    return domain_to_read(stored)


@router.patch(
    "/{name}",
    operation_id="patch_domain",
    openapi_extra=patch_body(DomainBody),
    responses=problems(400, 404, 409, 412, 413, 415, 428),
)
async def patch_domain(
    name: DomainNameDependency,
    patch: MergePatchDependency,
    services: ServicesDependency,
    caller: WriterDependency,
    precondition: PreconditionDependency,
    response: Response,
) -> DomainRead:
    """Change some of a domain (JSON Merge Patch)."""

    def edit(stored: Stored[Domain]) -> Domain:
        return domain_to_core(patch.applied(DomainBody, domain_to_read(stored)), name)

    stored = await services.domains.patch(caller, name, edit, precondition)
    tag_version(response, stored.version)
    return domain_to_read(stored)


@router.delete(
    "/{name}",
    operation_id="delete_domain",
    status_code=HTTPStatus.NO_CONTENT,
    response_class=Response,
    responses=problems(404, 409, 412, 428),
)
async def delete_domain(
    name: DomainNameDependency,
    services: ServicesDependency,
    caller: WriterDependency,
    precondition: PreconditionDependency,
) -> None:
    """Remove a domain with its mailboxes."""
    await services.domains.delete(caller, name, precondition)


@router.get("/{name}/settings", operation_id="get_settings", responses=problems(404))
async def get_settings(
    name: DomainNameDependency,
    services: ServicesDependency,
    caller: CallerDependency,
    local_part: LocalPartQuery = None,
) -> SettingsRead:
    """Resolve a domain, and say what each client format leaves out of it and why."""
    settings, status = await services.publishing.preview(caller, name, local_part)
    presentation = Presentation(service_url=services.service_url)
    formats = [
        FormatShape(
            name=client_format.name,
            title=client_format.title,
            omissions=omissions_to_shapes(client_format.render(settings, presentation).omissions),
        )
        for client_format in FORMATS
    ]
    return settings_to_read(settings, status, formats)


@router.get("/{name}/documents/{format_name}", operation_id="get_document", responses=problems(404))
async def get_document(
    name: DomainNameDependency,
    format_name: FormatPath,
    services: ServicesDependency,
    caller: CallerDependency,
    local_part: LocalPartQuery = None,
) -> DocumentRead:
    """Render a document as clients get it, for a suspended domain too."""
    client_format = FORMATS_BY_NAME.get(format_name)
    if client_format is None:
        raise FormatNotFound(format_name, tuple(FORMATS_BY_NAME))
    settings, _status = await services.publishing.preview(
        caller, name, local_part, listed=client_format.lists_domains
    )
    document = client_format.render(settings, Presentation(service_url=services.service_url))
    return DocumentRead(
        format=client_format.name,
        media_type=document.media_type,
        body=document.body.decode(),
        omissions=omissions_to_shapes(document.omissions),
    )
