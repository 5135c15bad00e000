"""The ISPDB (autoconfig draft 2.1): what Mozilla knows of large providers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.discovery.directory import ask_directory
from app.discovery.source import Means, Source

if TYPE_CHECKING:
    from app.core.candidates import Candidate, Subject

_NAME: Final = "ispdb"


async def ask(subject: Subject, means: Means) -> tuple[Candidate, ...]:
    """Ask for the domain alone."""
    return await ask_directory(_NAME, subject.domain.ascii, means)


SOURCE: Final = Source(name=_NAME, title="ISPDB", ask=ask)
