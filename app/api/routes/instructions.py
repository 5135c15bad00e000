"""Setup instructions for people, for support portals to show."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Query
from fastapi.responses import Response

from app.api.authentication import AuthenticatedRoute
from app.api.dependencies import CallerDependency, ServicesDependency, problems
from app.api.lists import ListDependency, whole_response
from app.api.schemas.instructions import InstructionClientItem, InstructionClientRead, InstructionsRead
from app.api.schemas.shapes import Listing
from app.core.errors import refuse
from app.core.questions import preferred_languages
from app.instructions.clients import CLIENTS, CLIENTS_BY_SLUG, GENERIC
from app.instructions.forms import FORMS
from app.instructions.forms.json_document import client_members
from app.instructions.languages import LANGUAGES, Language, choose_language, load_language
from app.services.callers import Scope

router = APIRouter(prefix="/api/v1", tags=["instructions"], route_class=AuthenticatedRoute)

_JSON: Final = "json"
_OK: Final[dict[str, Any]] = {
    "description": "The instructions",
    "model": InstructionsRead,
    "content": {
        form.media_type.partition(";")[0]: {"schema": {"type": "string"}}
        for form in FORMS.values()
        if form.name != _JSON
    },
}


class InstructionClientPage(Listing[InstructionClientItem]):
    """All mail programs that there are instructions for."""


def _language(
    locale: Annotated[
        str | None,
        Query(
            json_schema_extra={"enum": list(LANGUAGES)},
            description="The language to answer in; without it, `Accept-Language` decides.",
        ),
    ] = None,
    accept_language: Annotated[str | None, Header()] = None,
) -> Language:
    if locale is None:
        return choose_language(preferred_languages(accept_language))
    return load_language(locale)


LanguageDependency = Annotated[Language, Depends(_language)]


@router.get(
    "/instruction-clients",
    operation_id="list_instruction_clients",
    response_model=InstructionClientPage,
    responses=problems(),
)
async def list_instruction_clients(
    caller: CallerDependency, request: ListDependency, language: LanguageDependency
) -> Response:
    """List the mail programs that there are instructions for, by their slugs."""
    caller.require(Scope.INSTRUCTIONS_READ)
    request.check_fields(InstructionClientRead)
    return whole_response(request, client_reads(language))


def client_reads(language: Language) -> list[InstructionClientRead]:
    """Write the mail programs as JSON has them."""
    return [InstructionClientRead(**client_members(client, language)) for client in CLIENTS]


@router.get(
    # Local parts may hold slashes.
    "/instructions/{address:path}",
    operation_id="get_instructions",
    response_class=Response,
    responses={200: _OK, **problems(404)},
)
async def get_instructions(
    address: str,
    services: ServicesDependency,
    caller: CallerDependency,
    language: LanguageDependency,
    client_slug: Annotated[
        str,
        Query(
            alias="client",
            json_schema_extra={"enum": list(CLIENTS_BY_SLUG)},
            description="The mail program.",
        ),
    ] = GENERIC,
    form_name: Annotated[
        str, Query(alias="format", json_schema_extra={"enum": list(FORMS)}, description="How to write them.")
    ] = _JSON,
) -> Response:
    """Write the instructions for a mail address or a whole domain, in one language."""
    form = FORMS.get(form_name)
    if form is None:
        raise refuse(f"must be one of {', '.join(FORMS)}", "format")
    client = CLIENTS_BY_SLUG.get(client_slug)
    if client is None:
        raise refuse(f"must be one of {', '.join(CLIENTS_BY_SLUG)}", "client")
    guide = await services.instructing.guide(caller, address, client)
    headers = {
        "Content-Type": form.media_type,
        "Content-Language": language.tag,
        "Vary": "Accept-Language",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        # For whoever opens the address in a browser: the fragment needs nothing.
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return Response(form.render(guide, language), headers=headers)
