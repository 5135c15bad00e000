"""The well-known place at the domain itself, over https and over plain http (autoconfig draft 1.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.core.candidates import Candidate, Trust
from app.discovery.files import ask_for_file
from app.discovery.places import well_known_url
from app.discovery.source import Means, Source

if TYPE_CHECKING:
    from app.core.candidates import Subject

_NAME: Final = "well-known"
_PLAIN_NAME: Final = "well-known-http"


async def ask(subject: Subject, means: Means) -> tuple[Candidate, ...]:
    """Ask without the address: the host is mostly a web site's, which has nothing to do with mail."""
    draft = Candidate(source=_NAME, asked=well_known_url(subject.domain.ascii), trust=Trust.HTTPS)
    return (await ask_for_file(draft, means),)


async def ask_plain(subject: Subject, means: Means) -> tuple[Candidate, ...]:
    """Ask over plain http."""
    url = well_known_url(subject.domain.ascii, "http")
    return (await ask_for_file(Candidate(source=_PLAIN_NAME, asked=url, trust=Trust.HTTP), means),)


SOURCE: Final = Source(name=_NAME, title="Well-known place", ask=ask)
PLAIN: Final = Source(name=_PLAIN_NAME, title="Well-known place over plain http", ask=ask_plain)
