"""Discovery: what mail clients find for an address or a domain today."""

from __future__ import annotations

from fastapi import APIRouter, Response

from app.api.authentication import AuthenticatedRoute
from app.api.dependencies import CallerDependency, ServicesDependency, problems
from app.api.schemas.discoveries import DiscoveryCreate, DiscoveryRead
from app.services.discovery_records import comparison_record, discovered_record

router = APIRouter(prefix="/api/v1/discoveries", tags=["discovery"], route_class=AuthenticatedRoute)


@router.post("", operation_id="discover", responses=problems(400, 404, 413, 415))
async def discover(
    body: DiscoveryCreate, services: ServicesDependency, caller: CallerDependency, response: Response
) -> DiscoveryRead:
    """Ask everywhere that mail clients ask, and answer when all have; nothing is stored.

    With `compare`, the domain must be one that the token may read.
    """
    found = await services.discovering.discover_for(caller, body.address, compare=body.compare)
    comparison = None if found.comparison is None else comparison_record(found.comparison)
    response.headers["Cache-Control"] = "no-store"
    return DiscoveryRead.model_validate({**discovered_record(found.discovered), "comparison": comparison})
