"""Asks the ISPDB about a domain: the operator's copy, a mirror, or none of them where none is configured."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from app.core.candidates import Candidate, Outcome, Trust
from app.discovery.reading import read_answer, read_autoconfig, read_document
from app.discovery.source import attempt

if TYPE_CHECKING:
    from app.discovery.source import Means


async def ask_directory(source: str, domain: str, means: Means) -> tuple[Candidate, ...]:
    """Return a candidate for the copy and one for the mirror, as far as they are configured."""
    found = []
    if means.ispdb is not None:
        draft = Candidate(source=source, asked=f"the copy of the ISPDB for {domain}", trust=Trust.LOCAL)
        found.append(await attempt(draft, lambda draft: _from_copy(draft, domain, means), means))
    if means.ispdb_url is not None:
        draft = Candidate(source=source, asked=f"{means.ispdb_url}{domain}", trust=Trust.HTTPS)
        found.append(await attempt(draft, lambda draft: _from_mirror(draft, means), means))
    if not found:
        reason = "no copy and no mirror of the ISPDB is configured"
        asked = f"the ISPDB for {domain}"
        draft = Candidate(source=source, asked=asked, trust=Trust.LOCAL)
        found.append(replace(draft, outcome=Outcome.NOT_ASKED, reason=reason))
    return tuple(found)


async def _from_copy(draft: Candidate, domain: str, means: Means) -> Candidate:
    document = None if means.ispdb is None else await means.ispdb.find(domain)
    if document is None:
        return replace(draft, reason="has no file for the domain")
    return read_document(draft, document, read_autoconfig)


async def _from_mirror(draft: Candidate, means: Means) -> Candidate:
    web = means.ispdb_web or means.web
    return read_answer(draft, await web.fetch(draft.asked), read_autoconfig)
