"""The list of domains, searched and filtered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from app.core.domains import DomainStatus
from app.core.queries import DomainQuery
from app.core.reports import State
from app.core.searching import MAX_SEARCH, SearchPlace, SearchStage
from app.web.admin.showing import WORST_FIRST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from app.services.domain_search import Found
    from app.web.admin.gate import Visit

_PAGE: Final = 50
_MAX_SLUG: Final = 63


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    text: str
    provider: str
    status: DomainStatus | None
    verified: State | None
    place: SearchPlace

    @property
    def filters(self) -> dict[str, str]:
        """What was asked for, as a query has it."""
        chosen = {"q": self.text, "provider": self.provider, "status": self.status, "verified": self.verified}
        return {name: str(value) for name, value in chosen.items() if value}


async def show_domains(visit: Visit) -> Response:
    """Show domains by name, or those that a search finds."""
    wish = _read(visit.query)
    query = DomainQuery(provider=wish.provider or None, status=wish.status, verified=wish.verified)
    found = await visit.services.operators.search.find(
        visit.caller, wish.text, query, place=wish.place, limit=_PAGE
    )
    return visit.show(
        "domains.html",
        wish=wish,
        found=found,
        following=_following(wish, found),
        is_first=wish.place == SearchPlace(),
        statuses=list(DomainStatus),
        states=WORST_FIRST,
    )


def _read(query: Mapping[str, str]) -> _Wish:
    """Read what is asked for; what is none of the choices is as if it were not there."""
    stage = query.get("stage", "")
    after = query.get("after", "")
    return _Wish(
        text=query.get("q", "").strip()[:MAX_SEARCH],
        provider=query.get("provider", "").strip()[:_MAX_SLUG],
        status=next((one for one in DomainStatus if one == query.get("status")), None),
        verified=next((one for one in State if one == query.get("verified")), None),
        place=SearchPlace(
            stage=next((one for one in SearchStage if one == stage), SearchStage.BEGINNING),
            after=after[:MAX_SEARCH],
        ),
    )


def _following(wish: _Wish, found: Found) -> str | None:
    if found.following is None:
        return None
    place = {"stage": found.following.stage.value, "after": found.following.after}
    return urlencode({**wish.filters, **place})
