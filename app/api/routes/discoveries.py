"""Discovery: what mail clients find for an address or a domain today, and how that is taken over."""

from __future__ import annotations

from collections.abc import AsyncIterator
from http import HTTPStatus

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from app.api.authentication import AuthenticatedRoute
from app.api.dependencies import CallerDependency, ServicesDependency, problems
from app.api.once import PostDependency, json_answer
from app.api.schemas.discoveries import AdoptionCreate, AdoptionRead, DiscoveryCreate, DiscoveryRead
from app.api.schemas.domains import domain_to_read
from app.api.schemas.providers import provider_to_read
from app.api.streams import EVENT_SCHEMA, EVENT_STREAM, STREAM_HEADERS, event_text
from app.core.candidates import Candidate
from app.services.callers import Caller
from app.services.discovering import DiscoveredFor
from app.services.discovery_records import candidate_record, comparison_record, discovered_record
from app.services.idempotency import Answer

router = APIRouter(prefix="/api/v1", tags=["discovery"], route_class=AuthenticatedRoute)


@router.post("/discoveries", operation_id="discover", responses=problems(400, 404, 413, 415))
async def discover(
    body: DiscoveryCreate, services: ServicesDependency, caller: CallerDependency, response: Response
) -> DiscoveryRead:
    """Ask everywhere that mail clients ask, and answer when all have; nothing is stored.

    With `compare`, the domain must be one that the token may read.
    """
    admitted = await services.discovering.admit(caller, body.address, compare=body.compare)
    response.headers["Cache-Control"] = "no-store"
    return _read(await services.discovering.run(admitted))


@router.post(
    "/discoveries/events",
    operation_id="follow_discovery",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Server-sent events: `candidate` for each place as soon as it has answered, "
            "`finished` with what `POST /discoveries` answers at the end",
            "content": {EVENT_STREAM: {"schema": EVENT_SCHEMA}},
        },
        **problems(400, 404, 413, 415),
    },
)
async def follow_discovery(
    body: DiscoveryCreate, services: ServicesDependency, caller: CallerDependency
) -> Response:
    """Ask everywhere that mail clients ask, and tell what comes in as it does; nothing is stored.

    Posted, so that no address is in a URL. A run that nobody follows any more ends.
    """
    admitted = await services.discovering.admit(caller, body.address, compare=body.compare)
    events = _written(services.discovering.follow(admitted))
    return StreamingResponse(events, media_type=EVENT_STREAM, headers=STREAM_HEADERS)


@router.post(
    "/adoptions",
    operation_id="adopt",
    status_code=HTTPStatus.CREATED,
    response_model=AdoptionRead,
    responses=problems(400, 404, 409, 413, 415),
)
async def adopt(body: AdoptionCreate, services: ServicesDependency, post: PostDependency) -> Response:
    """Store what discovery finds as a domain of a provider, and have it verified at once.

    It is asked for anew, as `POST /discoveries` does. Of a provider that is there the domain gets own servers
    of those types in which it differs; one that is not there is made. A domain that is stored is left alone.
    """
    if (kept := await post.find_kept()) is not None:
        return kept
    services.adopting.check(post.caller, body.provider)
    # Outside of the transaction that a key is taken in: strangers' hosts take their time.
    admitted = await services.discovering.admit(post.caller, body.address)
    discovered = (await services.discovering.run(admitted)).discovered

    async def work(caller: Caller) -> Answer:
        adoption = await services.adopting.adopt(caller, discovered, body.provider, body.source)
        name = adoption.domain.value.name
        verification = None
        if not caller.call.dry_run:
            verification = (await services.verification.verifying.start(caller, name)).public_id
        shape = AdoptionRead(
            source=adoption.source,
            is_new_provider=adoption.is_new_provider,
            provider=provider_to_read(adoption.provider),
            domain=domain_to_read(adoption.domain),
            verification=verification,
        )
        return json_answer(HTTPStatus.CREATED, shape, location=f"/api/v1/domains/{name.ascii}")

    return await post.answer(work)


def _read(found: DiscoveredFor) -> DiscoveryRead:
    comparison = None if found.comparison is None else comparison_record(found.comparison)
    return DiscoveryRead.model_validate({**discovered_record(found.discovered), "comparison": comparison})


async def _written(happenings: AsyncIterator[tuple[Candidate, ...] | DiscoveredFor]) -> AsyncIterator[str]:
    async for happened in happenings:
        if isinstance(happened, DiscoveredFor):
            yield event_text("finished", _read(happened).model_dump(mode="json"))
        else:
            yield event_text("waiting", None)
            for candidate in happened:
                yield event_text("candidate", candidate_record(candidate))
