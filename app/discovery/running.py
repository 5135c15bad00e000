"""Asks all sources at once; what each says is kept, in their order."""

from __future__ import annotations

import asyncio
import traceback
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import structlog

from app.core.candidates import Candidate, Discovery, Outcome, Subject, Trust
from app.core.errors import InvalidInput
from app.core.notices import Notice
from app.discovery.places import login_of_anybody, without_address
from app.discovery.sources import SOURCES
from app.net.failures import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from app.core.servers import Server
    from app.discovery.source import Means, Source

_log = structlog.get_logger(__name__)

OUR_FAILURE: Final = "could not be asked, by a fault of this service, which its log tells"


async def discover(
    subject: Subject,
    means: Means,
    tell: Callable[[tuple[Candidate, ...]], None] = lambda _: None,
    sources: Sequence[Source] = SOURCES,
) -> Discovery:
    """Ask everywhere.

    Args:
        subject: Whose settings are looked for.
        means: What to work with.
        tell: Is given each source's candidates as soon as they are there.
        sources: The mechanisms, in the order in which what they say counts.
    """
    loop = asyncio.get_running_loop()
    started = loop.time()

    async def ask(source: Source) -> tuple[Candidate, ...]:
        try:
            found = tuple(_cleaned(candidate, subject) for candidate in await source.ask(subject, means))
        except Exception as error:  # noqa: BLE001 - a bug with one must not lose what all others say
            found = (_failed(source, subject, error),)
        tell(found)
        return found

    by_source = await asyncio.gather(*(ask(source) for source in sources))
    candidates = tuple(candidate for found in by_source for candidate in found)
    return Discovery(subject=subject, candidates=candidates, seconds=round(loop.time() - started, 3))


def _failed(source: Source, subject: Subject, error: Exception) -> Candidate:
    """Log what a source stumbled over, without the address that it may repeat."""
    told = without_address("".join(traceback.format_exception(error)), subject)
    _log.error("discovery_source_failed", source=source.name, exception=told)
    return Candidate(
        source=source.name,
        asked=source.title,
        trust=Trust.DNS,
        outcome=Outcome.FAILED,
        reason=OUR_FAILURE,
    )


def _cleaned(candidate: Candidate, subject: Subject) -> Candidate:
    """Put placeholders where the address is, and take out what would be more than text on a terminal."""
    return replace(
        candidate,
        asked=without_address(candidate.asked, subject),
        reason=without_address(candidate.reason, subject),
        display_name=shown(without_address(candidate.display_name or "", subject)) or None,
        redirects=tuple(without_address(url, subject) for url in candidate.redirects),
        notices=tuple(
            Notice(shown(notice.where), shown(without_address(notice.reason, subject)))
            for notice in candidate.notices
        ),
        servers=tuple(_generalised(candidate.servers, subject)),
    )


def _generalised(servers: Iterable[Server], subject: Subject) -> Iterator[Server]:
    """Write placeholders where a server's URL or login is of one person."""
    for server in servers:
        url = None if server.url is None else without_address(server.url, subject)
        username = None if server.username is None else login_of_anybody(server.username, subject)
        # One that has the address over and over may be too long with placeholders: nobody's server is.
        with suppress(InvalidInput):
            yield replace(server, url=url, username=username)
