"""The handlers of the pages."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.core.errors import DomainNotFound, InvalidInput
from app.core.questions import query_fields, question_for
from app.instructions.clients import CLIENTS_BY_SLUG
from app.instructions.headings import AT_THE_END, BEFORE, GOOD_TO_KNOW, WHICH_PROTOCOL, protocol_text
from app.web.languages import PARAMETER, choose_for, chosen_tag
from app.web.setup.branding import brand_of, help_pages
from app.web.setup.colours import style_sheet
from app.web.setup.qr_codes import qr_code
from app.web.templating import render

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from app.instructions.client import Client
    from app.services.instructing import Visit
    from app.wiring import Services

_ADDRESS_FIELDS: Final = ("address", "emailaddress", "domain")
_COLOUR: Final = re.compile(r"[0-9a-f]{6}")
_COLOUR_SECONDS: Final = 86_400
_HEADINGS: Final = {
    "before": BEFORE,
    "good_to_know": GOOD_TO_KNOW,
    "which_protocol": WHICH_PROTOCOL,
    "at_the_end": AT_THE_END,
}


async def show_overview(request: Request) -> Response:
    """Show what there is for an address or a domain; without one, ask for it."""

    def show(visit: Visit, query: str) -> Response:
        overview = visit.overview()
        shown = _shown(request, visit, query)
        qr = None if overview.profile_url is None else qr_code(overview.profile_url)
        return render(request, "setup/overview.html", overview=overview, guide=overview.guide, qr=qr, **shown)

    return await _for_whom(request, None, show)


async def show_program(request: Request) -> Response:
    """Show the instructions for one program; without an address or a domain, ask for it.

    Raises:
        HTTPException: When there is no such program.
    """
    client = CLIENTS_BY_SLUG.get(request.path_params["program"])
    if client is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)

    def show(visit: Visit, query: str) -> Response:
        guide, shown = visit.guide(client), _shown(request, visit, query)
        return render(request, "setup/program.html", guide=guide, **shown)

    return await _for_whom(request, client, show)


async def send_colour(request: Request) -> Response:
    """Send the style sheet of a colour; nothing of a provider is looked up.

    Raises:
        HTTPException: When it is no colour.
    """
    colour: str = request.path_params["colour"]
    if not _COLOUR.fullmatch(colour):
        raise HTTPException(HTTPStatus.NOT_FOUND)
    headers = {"Cache-Control": f"public, max-age={_COLOUR_SECONDS}"}
    return Response(style_sheet(colour), headers=headers, media_type="text/css")


async def _for_whom(
    request: Request, client: Client | None, show: Callable[[Visit, str], Response]
) -> Response:
    services: Services = request.app.state.services
    fields = query_fields(request.url.query)
    whose = next((value for name in _ADDRESS_FIELDS if (value := fields.get(name, "").strip())), "")
    asking: dict[str, Any] = {"client": client, "whose": whose, "lang": chosen_tag(request)}
    if not whose:
        return render(request, "setup/start.html", is_wrong=False, **asking)
    try:
        visit = await services.instructing.visit(whose)
    except InvalidInput:
        return render(request, "setup/start.html", HTTPStatus.BAD_REQUEST, is_wrong=True, **asking)
    except DomainNotFound:
        (domain, *_) = question_for(whose).domains
        return render(request, "setup/unknown.html", HTTPStatus.NOT_FOUND, domain=domain.unicode, **asking)
    return show(visit, _kept_query(whose, asking["lang"]))


def _kept_query(whose: str, lang: str | None) -> str:
    """Return what links between pages keep."""
    kept = {"address" if "@" in whose else "domain": whose}
    if lang is not None:
        kept[PARAMETER] = lang
    return urlencode(kept)


def _shown(request: Request, visit: Visit, query: str) -> dict[str, Any]:
    services: Services = request.app.state.services
    account = visit.account
    return {
        "query": query,
        "address": None if account.address is None else str(account.address),
        "domain": account.domain.unicode,
        "brand": brand_of(visit.provider, services.service_url),
        "provider": visit.provider,
        "help_pages": help_pages(visit.provider, choose_for(request).tag),
        "lang": chosen_tag(request),
        "headings": _HEADINGS,
        "protocol_text": protocol_text,
    }
