"""The contract of a source, and what sources work with."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from app.core.candidates import Candidate, Outcome, Subject

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from app.core.public_suffixes import PublicSuffixes
    from app.discovery.fetching import WebReader
    from app.net.resolver import Resolver

DEADLINE_SECONDS: Final = 20.0


class IspdbCopy(Protocol):
    """The operator's own copy of the ISPDB."""

    async def find(self, domain: str) -> bytes | None:
        """Return the file of a domain, None where there is none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What sources work with."""

    web: WebReader
    resolver: Resolver
    ispdb: IspdbCopy | None = None
    ispdb_url: str | None = None
    """Where a mirror has the files: a domain's name behind it is a URL."""
    ispdb_web: WebReader | None = None
    """What reads from the mirror, where that may be asked at another port than others; else None."""
    suffixes: PublicSuffixes | None = None
    deadline_seconds: float = DEADLINE_SECONDS
    """For each question, its redirects and look-ups with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A mechanism by which clients find settings."""

    name: str
    """Of its candidates; part of the API."""
    title: str
    """For people."""
    ask: Callable[[Subject, Means], Awaitable[tuple[Candidate, ...]]]
    """Asks, and returns a candidate for each place; raises for nothing that the far side does."""


Work: TypeAlias = "Callable[[Candidate], Awaitable[Candidate]]"


async def attempt(draft: Candidate, work: Work, means: Means) -> Candidate:
    """Let a question take its time, up to its deadline, and note how long it took."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    try:
        async with asyncio.timeout(means.deadline_seconds):
            found = await work(draft)
    except TimeoutError:
        reason = f"no answer within {means.deadline_seconds:g} seconds"
        found = replace(draft, outcome=Outcome.FAILED, reason=reason)
    return replace(found, seconds=round(loop.time() - started, 3))
