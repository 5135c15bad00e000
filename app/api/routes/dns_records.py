"""The DNS records to publish for a domain."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from fastapi.responses import Response

from app.api.authentication import AuthenticatedRoute
from app.api.dependencies import CallerDependency, DomainNameDependency, ServicesDependency, problems
from app.api.lists import parameter_error
from app.api.schemas.dns_records import DnsRecordsRead
from app.renderers.dns_records import JSON, OCTODNS, RECORD_FORMS

router = APIRouter(
    prefix="/api/v1/domains/{name}/dns-records", tags=["domains"], route_class=AuthenticatedRoute
)

# A reader of YAML sees what is written in it, by name below the domain.
_FORM_SCHEMAS: Final = {OCTODNS.name: {"type": "object"}}
_OK: Final[dict[str, Any]] = {
    "description": "The records; in `zone` and `octodns` comments tell what is left out",
    "model": DnsRecordsRead,
    "content": {
        form.media_type.partition(";")[0]: {"schema": _FORM_SCHEMAS.get(form.name, {"type": "string"})}
        for form in RECORD_FORMS.values()
        if form is not JSON
    },
}


@router.get(
    "", operation_id="get_dns_records", response_class=Response, responses={200: _OK, **problems(404)}
)
async def get_dns_records(
    name: DomainNameDependency,
    services: ServicesDependency,
    caller: CallerDependency,
    form_name: Annotated[
        str,
        Query(
            alias="format", json_schema_extra={"enum": list(RECORD_FORMS)}, description="How to write them."
        ),
    ] = JSON.name,
) -> Response:
    """List the records to publish for a domain, for a suspended one too."""
    form = RECORD_FORMS.get(form_name)
    if form is None:
        raise parameter_error("format", f"must be one of {', '.join(RECORD_FORMS)}")
    planned = await services.dns_records.plan(caller, name)
    headers = {"Content-Type": form.media_type, "Cache-Control": "no-store"}
    return Response(form.render(planned), headers=headers)
