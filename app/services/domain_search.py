"""Domains by name: all, those of a state, and those found by a part of their names or by a reference.

What begins with the part comes first and from the index. What holds it elsewhere is looked for in stretches
of the index while there is time: a million names take some tenths of a second, more than that is told and
gone on with when somebody asks.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from app.core.domains import MAX_REFERENCE
from app.core.queries import ALL_DOMAINS
from app.core.searching import SearchPlace, SearchStage, find_part
from app.services.callers import Scope

if TYPE_CHECKING:
    from app.core.domains import Domain
    from app.core.queries import DomainQuery
    from app.core.searching import NamePart
    from app.core.stored import Stored
    from app.services.callers import Caller
    from app.store.unit_of_work import Store, UnitOfWork

START: Final = SearchPlace()
_STRETCH: Final = 50_000
_SECONDS: Final = 1.0
_MOST_OF_A_REFERENCE: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A page of what was found."""

    domains: tuple[Stored[Domain], ...] = ()
    by_reference: tuple[Stored[Domain], ...] = ()
    """Those whose reference is what was typed; with the first page only."""
    following: SearchPlace | None = None
    """Where to go on; None where all was looked at."""
    is_cut_short: bool = False
    """Whether it ended because time was up, so that more of the names have to be looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    part: NamePart
    query: DomainQuery
    provider_id: int | None
    limit: int
    ends_at: float


class DomainSearch:
    """Searches; they see what the caller may."""

    def __init__(self, store: Store, *, seconds: float = _SECONDS, stretch: int = _STRETCH) -> None:
        """Take the database, how long a search may look, and how many names it looks at in one go."""
        self._store = store
        self._seconds = seconds
        self._stretch = stretch

    async def find(
        self,
        caller: Caller,
        text: str,
        query: DomainQuery = ALL_DOMAINS,
        *,
        place: SearchPlace = START,
        limit: int,
    ) -> Found:
        """Return domains that a text leads to.

        Args:
            caller: Who asks.
            text: What was typed; empty for all by name.
            query: Whose, and of which status and state; the rest of it does not count.
            place: Where to go on from.
            limit: How many at the most.
        """
        caller.require(Scope.DOMAINS_READ)
        provider = caller.provider if query.provider is None else query.provider
        if provider is not None and not caller.sees(provider):
            return Found()
        async with self._store.reading() as unit:
            provider_id = None
            if provider is not None:
                stored = await unit.providers.find(provider)
                if stored is None:
                    return Found()
                provider_id = stored.id
            visible = replace(query, provider=provider)
            by_reference: tuple[Stored[Domain], ...] = ()
            if place == START:
                by_reference = await _by_reference(unit, text, visible, provider_id)
            if not text.strip():
                return await _listed(unit, visible, provider_id, place, limit)
            part = find_part(text)
            if part is None:
                return Found(by_reference=by_reference)
            # Whoever typed a reference has what they looked for.
            ends_at = time.monotonic() + (0 if by_reference else self._seconds)
            wish = _Wish(part=part, query=visible, provider_id=provider_id, limit=limit, ends_at=ends_at)
            return replace(await self._look(unit, wish, place), by_reference=by_reference)

    async def _look(self, unit: UnitOfWork, wish: _Wish, place: SearchPlace) -> Found:
        found: list[Stored[Domain]] = []
        searches = unit.domain_searches
        if place.stage is SearchStage.BEGINNING:
            found = await searches.beginning(
                wish.part,
                after=place.after,
                limit=wish.limit + 1,
                query=wish.query,
                provider_id=wish.provider_id,
            )
            if len(found) > wish.limit:
                return _page(found, wish, SearchStage.BEGINNING)
            place = SearchPlace(stage=SearchStage.WITHIN)
        after: str | None = place.after
        while after is not None:
            if time.monotonic() >= wish.ends_at:
                on = SearchPlace(stage=SearchStage.WITHIN, after=after)
                return Found(domains=tuple(found), following=on, is_cut_short=True)
            until = await searches.stretch_end(after, self._stretch, wish.provider_id)
            found += await searches.within(
                wish.part,
                after=after,
                until=until,
                limit=wish.limit + 1 - len(found),
                query=wish.query,
                provider_id=wish.provider_id,
            )
            if len(found) > wish.limit:
                return _page(found, wish, SearchStage.WITHIN)
            after = until
        return Found(domains=tuple(found))


async def _listed(
    unit: UnitOfWork, query: DomainQuery, provider_id: int | None, place: SearchPlace, limit: int
) -> Found:
    found = await unit.domain_searches.listed(
        after=place.after, limit=limit + 1, query=query, provider_id=provider_id
    )
    shown = tuple(found[:limit])
    has_more = len(found) > limit
    return Found(
        domains=shown, following=replace(place, after=shown[-1].value.name.ascii) if has_more else None
    )


def _page(found: list[Stored[Domain]], wish: _Wish, stage: SearchStage) -> Found:
    """Cut off what is over; the next page begins behind the last one that is shown."""
    shown = found[: wish.limit]
    last = shown[-1].value.name.ascii
    # A page may end among those of the stage before, with nothing of this one shown yet.
    is_before = stage is SearchStage.WITHIN and last.startswith(wish.part.text)
    after = "" if is_before else last
    return Found(domains=tuple(shown), following=SearchPlace(stage=stage, after=after))


async def _by_reference(
    unit: UnitOfWork, text: str, query: DomainQuery, provider_id: int | None
) -> tuple[Stored[Domain], ...]:
    reference = text.strip()
    if not reference or len(reference) > MAX_REFERENCE or not reference.isprintable():
        return ()
    found = await unit.domain_searches.referenced(
        reference, limit=_MOST_OF_A_REFERENCE, query=query, provider_id=provider_id
    )
    return tuple(found)
