"""Mailboxes that differ from their domain."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

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
from app.api.lists import ListDependency, page_response
from app.api.merge_patch import MergePatchDependency, patch_body
from app.api.schemas.domains import (
    MailboxBody,
    MailboxPage,
    MailboxRead,
    mailbox_to_core,
    mailbox_to_read,
)
from app.api.schemas.rules import LocalPart
from app.core.domains import Mailbox
from app.core.errors import within
from app.core.names import EmailAddress
from app.core.stored import Stored

# A local part may hold a slash, which the server decodes before paths are matched: the place is a path.
router = APIRouter(
    prefix="/api/v1/domains/{name}/mailboxes", tags=["mailboxes"], route_class=AuthenticatedRoute
)


LocalPartPath = Annotated[LocalPart, Path(description="What stands before the @, of 64 octets at most.")]


def _address(name: DomainNameDependency, local_part: LocalPartPath) -> EmailAddress:
    with within("local_part"):
        return EmailAddress.parse(f"{local_part}@{name}")


AddressDependency = Annotated[EmailAddress, Depends(_address)]


@router.get("", operation_id="list_mailboxes", response_model=MailboxPage, responses=problems(404))
async def list_mailboxes(
    name: DomainNameDependency,
    services: ServicesDependency,
    caller: CallerDependency,
    request: ListDependency,
) -> Response:
    """List a domain's mailboxes by local part."""
    request.check_fields(MailboxRead)
    position = request.position("local_part", (str,))
    found = await services.mailboxes.page(
        caller, name, after=position[0] if position else "", limit=request.limit + 1
    )
    total = await services.mailboxes.count(caller, name) if request.total else None
    return page_response(
        request, found, mailbox_to_read, lambda one: ("local_part", one.value.address.key), total
    )


@router.get("/{local_part:path}", operation_id="get_mailbox", responses=problems(404))
async def get_mailbox(
    address: AddressDependency, services: ServicesDependency, caller: CallerDependency, response: Response
) -> MailboxRead:
    """Read a mailbox's own settings."""
    stored = await services.mailboxes.get(caller, address)
    tag_version(response, stored.version)
    return mailbox_to_read(stored)


@router.put(
    "/{local_part:path}",
    operation_id="put_mailbox",
    responses={
        201: {"description": "It was not there before", "model": MailboxRead},
        **problems(400, 404, 409, 412, 413, 415, 428),
    },
)
async def put_mailbox(
    address: AddressDependency,
    body: MailboxBody,
    services: ServicesDependency,
    caller: WriterDependency,
    precondition: PreconditionDependency,
    response: Response,
) -> MailboxRead:
    """Store a mailbox's own settings, in place of the present ones if there are any."""
    stored, is_new = await services.mailboxes.put(caller, mailbox_to_core(body, address), precondition)
    response.status_code = HTTPStatus.CREATED if is_new else HTTPStatus.OK
    tag_version(response, stored.version)
    return mailbox_to_read(stored)


@router.patch(
    "/{local_part:path}",
    operation_id="patch_mailbox",
    openapi_extra=patch_body(MailboxBody),
    responses=problems(400, 404, 409, 412, 413, 415, 428),
)
async def patch_mailbox(
    address: AddressDependency,
    patch: MergePatchDependency,
    services: ServicesDependency,
    caller: WriterDependency,
    precondition: PreconditionDependency,
    response: Response,
) -> MailboxRead:
    """Change some of a mailbox's own settings (JSON Merge Patch)."""

    def edit(stored: Stored[Mailbox]) -> Mailbox:
        return mailbox_to_core(patch.applied(MailboxBody, mailbox_to_read(stored)), stored.value.address)

    stored = await services.mailboxes.patch(caller, address, edit, precondition)
    tag_version(response, stored.version)
    return mailbox_to_read(stored)


@router.delete(
    "/{local_part:path}",
    operation_id="delete_mailbox",
    status_code=HTTPStatus.NO_CONTENT,
    response_class=Response,
    responses=problems(404, 409, 412, 428),
)
async def delete_mailbox(
    address: AddressDependency,
    services: ServicesDependency,
    caller: WriterDependency,
    precondition: PreconditionDependency,
) -> None:
    """Remove a mailbox's own settings; its domain's hold for it again."""
    await services.mailboxes.delete(caller, address, precondition)
