"""For load balancers and container engines."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from fastapi import APIRouter, Response

from app.api.dependencies import ServicesDependency
from app.api.schemas.shapes import Shape

router = APIRouter(prefix="/health", tags=["health"])


class Liveness(Shape):
    """The process answers."""

    status: str = "alive"


class Serving(Shape):
    """Whether requests should be sent here."""

    status: str


class SigningCertificateRead(Shape):
    """The certificate that profiles are signed with."""

    expires_at: datetime | None
    days_left: int | None


class ReadinessRead(Shape):
    """What the service depends on."""

    status: str
    database: bool
    schema_current: bool
    signing_certificate: SigningCertificateRead | None = None
    """None where none is configured."""
    warnings: tuple[str, ...] = ()
    """What will need somebody; the service is ready all the same."""


@router.get("/live", operation_id="get_liveness")
async def get_liveness() -> Liveness:
    """Tell that the process answers; looks at nothing else."""
    return Liveness()


@router.get(
    "/serving",
    operation_id="get_serving",
    responses={503: {"description": "Send requests elsewhere", "model": Serving}},
)
async def get_serving(services: ServicesDependency, response: Response) -> Serving:
    """Tell a load balancer whether requests should be sent here.

    From when the process was ready for the first time until it is told to stop; also while the database is
    away, as known domains are served without it.
    """
    if services.crew.is_leaving:
        status = "leaving"
    else:
        status = "serving" if await services.health.takes_requests() else "starting"
    if status != "serving":
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    return Serving(status=status)


@router.get(
    "/ready",
    operation_id="get_readiness",
    responses={503: {"description": "Not ready", "model": ReadinessRead}},
)
async def get_readiness(services: ServicesDependency, response: Response) -> ReadinessRead:
    """Tell whether the database answers and has this program's schema, and the process stays."""
    found = await services.health.readiness()
    is_leaving = services.crew.is_leaving
    if is_leaving or not found.is_ready:
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    signing = services.health.signing()
    warnings = [] if signing is None or signing.warning is None else [signing.warning]
    if not found.is_writable:
        warnings.append("The database takes no changes.")
    return ReadinessRead(
        status="leaving" if is_leaving else "ready" if found.is_ready else "not ready",
        database=found.database,
        schema_current=found.schema,
        signing_certificate=None
        if signing is None
        else SigningCertificateRead(expires_at=signing.expires_at, days_left=signing.days_left),
        warnings=tuple(warnings),
    )
