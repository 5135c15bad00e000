"""Asks all sources at once; what each says is kept, in their order."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from app.core import placeholders
from app.core.candidates import Candidate, Discovery, Subject
from app.core.notices import Notice
from app.discovery.places import without_address
from app.discovery.sources import SOURCES
from app.net.failures import shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.core.servers import Server
    from app.discovery.source import Means, Source


async def discover(
    subject: Subject, means: Means, tell: Callable[[tuple[Candidate, ...]], None] = lambda _: None
) -> Discovery:
    """Ask everywhere.

    Args:
        subject: Whose settings are looked for.
        means: What to work with.
        tell: Is given each source's candidates as soon as they are there.
    """
    loop = asyncio.get_running_loop()
    started = loop.time()

    async def ask(source: Source) -> tuple[Candidate, ...]:
        found = tuple(_cleaned(candidate, subject) for candidate in await source.ask(subject, means))
        tell(found)
        return found

    by_source = await asyncio.gather(*(ask(source) for source in SOURCES))
    candidates = tuple(candidate for found in by_source for candidate in found)
    return Discovery(subject=subject, candidates=candidates, seconds=round(loop.time() - started, 3))


def _cleaned(candidate: Candidate, subject: Subject) -> Candidate:
    """Put placeholders where the address is, and take out what would be more than text on a terminal."""
    return replace(
        candidate,
        asked=without_address(candidate.asked, subject),
        reason=without_address(candidate.reason, subject),
        display_name=shown(candidate.display_name or "") or None,
        redirects=tuple(without_address(url, subject) for url in candidate.redirects),
        notices=tuple(
            Notice(notice.where, shown(without_address(notice.reason, subject)))
            for notice in candidate.notices
        ),
        servers=tuple(_generalised(server, subject) for server in candidate.servers),
    )


def _generalised(server: Server, subject: Subject) -> Server:
    """Write a user name that is the address, or its local part, as the placeholder."""
    if subject.address is None or server.username is None:
        return server
    forms = {
        str(subject.address).lower(): f"%{placeholders.ADDRESS}%",
        subject.address.local_part.lower(): f"%{placeholders.LOCAL_PART}%",
    }
    return replace(server, username=forms.get(server.username.lower(), server.username))
