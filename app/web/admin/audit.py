"""The audit: who changed what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from app.core.audit import AuditFilter
from app.web.admin.paging import number, split

if TYPE_CHECKING:
    from starlette.responses import Response

    from app.web.admin.gate import Visit

_PAGE: Final = 50
_FILTERS: Final = {"resource": 320, "action": 40, "token": 16, "provider": 63}
"""What can be asked for, and how long it may be."""


async def show_audit(visit: Visit) -> Response:
    """Show changes, the newest first."""
    query = visit.query
    wanted = {name: query.get(name, "").strip()[:length] for name, length in _FILTERS.items()}
    before = number(query.get("before"))
    chosen = AuditFilter(
        resource=wanted["resource"] or None,
        action=wanted["action"] or None,
        token_id=wanted["token"] or None,
        provider=wanted["provider"] or None,
    )
    found = await visit.services.auditing.page(visit.caller, chosen, before=before, limit=_PAGE + 1)
    entries, has_more = split(found, _PAGE)
    following = None
    if has_more:
        following = urlencode({**{k: v for k, v in wanted.items() if v}, "before": entries[-1].id})
    return visit.show(
        "audit.html", wanted=wanted, entries=entries, following=following, is_first=before is None
    )
