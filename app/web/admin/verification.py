"""Verification of a domain: how it stands, run it, follow it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import StreamingResponse

from app.core.verified import FRESH_FOR
from app.web.admin.domain import name_of
from app.web.admin.gate import find_session
from app.web.admin.paging import number, split

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.responses import Response

    from app.core.verified import StoredVerification
    from app.web.admin.gate import Visit

_PAGE: Final = 20


async def show_verification(visit: Visit) -> Response:
    """Show how a domain stands, and its verifications so far."""
    name, before = name_of(visit), number(visit.query.get("before"))
    verifying = visit.services.verification.verifying
    report = await verifying.report(visit.caller, name)
    found = await verifying.page(visit.caller, name, before=before, limit=_PAGE + 1)
    runs, has_more = split(found, _PAGE)
    return visit.show(
        "verification.html",
        name=name,
        report=report,
        runs=runs,
        following=f"before={runs[-1].id}" if has_more else None,
        tab="verification",
    )


async def start_verification(visit: Visit) -> Response:
    """Have a domain verified, and lead to where that is followed."""
    name = name_of(visit)
    stored = await visit.services.verification.verifying.start(visit.caller, name)
    return visit.lead(f"/admin/domains/{name.ascii}/verifications/{stored.public_id}")


async def show_run(visit: Visit) -> Response:
    """Show a verification: what came of it, or how far it is."""
    name, verifying = name_of(visit), visit.services.verification.verifying
    stored = await verifying.get(visit.caller, name, visit.path("id"))
    report = stored.report or await verifying.report(visit.caller, name)
    rows = [(record, _is_done(record, stored)) for record in report["endpoints"]]
    return visit.show(
        "run.html",
        name=name,
        run=stored,
        report=report,
        rows=rows,
        done=sum(is_done for _, is_done in rows),
        tab="verification",
    )


def _is_done(record: dict[str, Any], run: StoredVerification) -> bool:
    at = record["checked_at"]
    is_seen = at is not None and datetime.fromisoformat(at) >= run.requested_at - FRESH_FOR
    return is_seen or run.finished_at is not None


async def follow_run(visit: Visit) -> Response:
    """Tell what happens in a verification, as it happens; it ends with the session."""
    name, verifying = name_of(visit), visit.services.verification.verifying
    public_id = visit.path("id")
    # Asked for before the answer starts, so that a refusal still has a status of its own.
    await verifying.get(visit.caller, name, public_id)

    async def holds() -> bool:
        return await find_session(visit.request) is not None

    happenings = verifying.watch(visit.caller, name, public_id, holds)
    # Proxies that collect answers before they pass them on are told not to.
    headers = {"X-Accel-Buffering": "no"}
    return StreamingResponse(_written(happenings), media_type="text/event-stream", headers=headers)


async def _written(happenings: AsyncIterator[tuple[str, dict[str, Any] | None]]) -> AsyncIterator[str]:
    async for event, data in happenings:
        yield ": waiting\n\n" if data is None else f"event: {event}\ndata: {json.dumps(data)}\n\n"
