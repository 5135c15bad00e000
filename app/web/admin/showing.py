"""Operator pages as templates show them; in English, which is what all that they show is written in."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from starlette.responses import HTMLResponse

from app.core.errors import InvalidInput
from app.core.findings import Severity
from app.core.names import DomainName
from app.core.reports import State
from app.instructions.languages import DEFAULT_LANGUAGE, load_language
from app.services.callers import Scope
from app.web.assets import asset_path
from app.web.templating import templates

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.requests import Request
    from starlette.responses import Response

    from app.services.sessions import Session
    from app.wiring import Services

_TITLES: Final = {
    HTTPStatus.BAD_REQUEST: "That could not be read",
    HTTPStatus.FORBIDDEN: "Your token does not reach this far",
    HTTPStatus.NOT_FOUND: "Not here",
    HTTPStatus.CONFLICT: "Not in the present state",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many requests",
    HTTPStatus.SERVICE_UNAVAILABLE: "Not available at the moment",
}
PLACES: Final = (
    ("Overview", "/admin", None),
    ("Domains", "/admin/domains", Scope.DOMAINS_READ),
    ("Hosts", "/admin/hosts", Scope.VERIFY),
    ("Findings", "/admin/findings", Scope.VERIFY),
    ("Discovery", "/admin/discovery", Scope.VERIFY),
    ("Audit", "/admin/audit", Scope.AUDIT_READ),
)
"""What there is to go to, and the scope that it takes."""
WORST_FIRST: Final = tuple(sorted(State, key=lambda state: -state.rank))
SEVERITIES_WORST_FIRST: Final = tuple(sorted(Severity, key=lambda severity: -severity.rank))


def show(
    request: Request,
    template: str,
    status: int = HTTPStatus.OK,
    /,
    *,
    session: Session | None,
    **values: object,
) -> Response:
    """Answer with an operator page.

    Args:
        request: Whose.
        template: Its name below ``admin/``.
        status: The answer's.
        session: Whose pages these are; None for who is not in.
        values: What it shows.
    """
    page = page_text(request, template, session=session, **values)
    return HTMLResponse(page, status, {"Content-Language": DEFAULT_LANGUAGE})


def page_text(request: Request, template: str, /, *, session: Session | None, **values: object) -> str:
    """Render an operator page, as ``show`` sends it."""
    root = request.scope.get("root_path", "").rstrip("/")
    services: Services = request.app.state.services
    return (
        templates()
        .get_template(f"admin/{template}")
        .render(
            language=load_language(DEFAULT_LANGUAGE),
            root=root,
            here=request.url.path.removeprefix(root),
            asset=lambda name: root + asset_path(name),
            session=session,
            places=[] if session is None else _places(session),
            now=services.verification.clock(),
            ago=_ago,
            shown_name=_shown_name,
            **values,
        )
    )


def refusal(request: Request, status: int, detail: str, *, session: Session | None) -> Response:
    """Render what an error becomes."""
    title = _TITLES.get(HTTPStatus(status), HTTPStatus(status).phrase)
    return show(request, "error.html", status, session=session, title=title, detail=detail)


def _places(session: Session) -> list[tuple[str, str]]:
    return [(title, path) for title, path, scope in PLACES if scope is None or session.caller.has(scope)]


def _shown_name(ascii_name: str) -> str:
    """Return a domain's name in U-labels; what is none stays as it is."""
    try:
        return DomainName(ascii_name).unicode
    except InvalidInput:
        return ascii_name


def _ago(moment: datetime, now: datetime) -> str:
    """Say how long ago a moment was, or how far away it is, in the largest unit that is not nought."""
    seconds = (now - moment).total_seconds()
    words = _span(abs(seconds))
    if words is None:
        return "just now"
    return f"{words} ago" if seconds > 0 else f"in {words}"


def _span(seconds: float) -> str | None:
    for unit, size in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        count = int(seconds // size)
        if count:
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return None
