"""What mail programs find for an address today, told while it is asked for; no script is needed for that.

The page is sent in three parts: what is above, a line for each place as soon as it has answered, and what all
of it comes to. The address is in the form's body and in no URL.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import structlog
from starlette.responses import StreamingResponse

from app.core.errors import DomainNotFound, InvalidInput
from app.services.callers import Scope
from app.services.discovering import DiscoveredFor
from app.web.templating import templates

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.responses import Response

    from app.services.discovering import AdmittedRun
    from app.web.admin.gate import Visit

_MAX_ASKED: Final = 1024
_HERE: Final = "<!-- as it comes -->"

_log = structlog.get_logger(__name__)


async def show_discovery(visit: Visit) -> Response:
    """Show the form."""
    visit.caller.require(Scope.VERIFY)
    return visit.show("discovery.html", asked="", problem=None, here_it_comes=None)


async def run_discovery(visit: Visit) -> Response:
    """Ask everywhere, and tell what comes in as it does."""
    asked = visit.form.get("address", "").strip()[:_MAX_ASKED]
    try:
        admitted = await _admit(visit, asked)
    except InvalidInput as error:
        problem = error.issues[0].rule
        return visit.show(
            "discovery.html",
            HTTPStatus.UNPROCESSABLE_ENTITY,
            asked=asked,
            problem=problem,
            here_it_comes=None,
        )
    page = visit.text("discovery.html", asked=asked, problem=None, here_it_comes=_HERE)
    return StreamingResponse(
        _parts(visit, admitted, page), media_type="text/html", headers={"X-Accel-Buffering": "no"}
    )


async def _admit(visit: Visit, asked: str) -> AdmittedRun:
    """Let the visitor have a run; where the domain is theirs to read, it is compared with what is stored."""
    discovering, caller = visit.services.discovering, visit.caller
    if caller.has(Scope.DOMAINS_READ):
        try:
            return await discovering.admit(caller, asked, compare=True)
        except DomainNotFound:
            pass
    return await discovering.admit(caller, asked)


async def _parts(visit: Visit, admitted: AdmittedRun, page: str) -> AsyncIterator[str]:
    above, _, below = page.partition(_HERE)
    yield above
    parts = templates().get_template("admin/discovered.html").module
    try:
        async for happened in visit.services.discovering.follow(admitted):
            if isinstance(happened, DiscoveredFor):
                yield str(parts.results(happened))  # type: ignore[attr-defined]
            else:
                # White space where nothing came: the connection lives.
                yield "".join(str(parts.place(one)) for one in happened) or "\n"  # type: ignore[attr-defined]
    except Exception as error:  # noqa: BLE001 - half a page is sent, which has to be ended all the same
        _log.error("bug", request_id=visit.request.state.request_id, exc_info=error)
        yield str(parts.failed())  # type: ignore[attr-defined]
    yield below
