"""How a domain's names stand against what should be there."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from fastapi.responses import Response

from app.api.authentication import AuthenticatedRoute
from app.api.dependencies import CallerDependency, DomainNameDependency, ServicesDependency, problems
from app.api.lists import parameter_error
from app.api.schemas.dns_doctor import DiagnosisRead
from app.renderers.dns_records import OCTODNS, ZONE, render_octodns_fix, render_zone_fix
from app.services.diagnosis_records import diagnosis_record

router = APIRouter(
    prefix="/api/v1/domains/{name}/dns-doctor", tags=["domains"], route_class=AuthenticatedRoute
)

_JSON: Final = "json"
_FIXES: Final = {ZONE.name: (ZONE, render_zone_fix), OCTODNS.name: (OCTODNS, render_octodns_fix)}
_FORMS: Final = (_JSON, *_FIXES)
_OK: Final[dict[str, Any]] = {
    "description": "The diagnosis; `zone` and `octodns` are what mends it, with what to remove in comments",
    "model": DiagnosisRead,
    "content": {
        ZONE.media_type.partition(";")[0]: {"schema": {"type": "string"}},
        OCTODNS.media_type.partition(";")[0]: {"schema": {"type": "object"}},
    },
}


@router.get("", operation_id="diagnose_dns", response_class=Response, responses={200: _OK, **problems(404)})
async def diagnose_dns(
    name: DomainNameDependency,
    services: ServicesDependency,
    caller: CallerDependency,
    form_name: Annotated[
        str,
        Query(alias="format", json_schema_extra={"enum": list(_FORMS)}, description="How to write it."),
    ] = _JSON,
) -> Response:
    """Compare what is published with what should be, signatures and certificates included.

    Asks the DNS and the hosts that clients ask, for tokens with the scopes `verify` and `domains:read`;
    nothing is stored.
    """
    if form_name not in _FORMS:
        raise parameter_error("format", f"must be one of {', '.join(_FORMS)}")
    diagnosis = await services.verification.doctor.diagnose(caller, name)
    headers = {"Cache-Control": "no-store"}
    if form_name in _FIXES:
        form, render = _FIXES[form_name]
        body = render(diagnosis.planned, diagnosis.fix)
        return Response(body, headers={**headers, "Content-Type": form.media_type})
    answer = DiagnosisRead.model_validate(diagnosis_record(diagnosis))
    return Response(answer.model_dump_json(), headers=headers, media_type="application/json")
