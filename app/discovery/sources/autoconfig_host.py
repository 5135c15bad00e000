"""``autoconfig.DOMAIN``, over https and over plain http (autoconfig draft 1.1 and 1.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.core.candidates import Candidate, Trust
from app.discovery.files import ask_for_file
from app.discovery.places import autoconfig_url
from app.discovery.source import Means, Source

if TYPE_CHECKING:
    from app.core.candidates import Subject

_NAME: Final = "autoconfig"
_PLAIN_NAME: Final = "autoconfig-http"


async def ask(subject: Subject, means: Means) -> tuple[Candidate, ...]:
    """Ask with the address, as the draft and most clients do."""
    url = autoconfig_url(subject.domain.ascii, address=subject.address)
    draft = Candidate(source=_NAME, asked=url, trust=Trust.HTTPS)
    return (await ask_for_file(draft, means, subject.address),)


async def ask_plain(subject: Subject, means: Means) -> tuple[Candidate, ...]:
    """Ask without the address, which everybody on the way could read."""
    url = autoconfig_url(subject.domain.ascii, "http")
    return (await ask_for_file(Candidate(source=_PLAIN_NAME, asked=url, trust=Trust.HTTP), means),)


SOURCE: Final = Source(name=_NAME, title="Autoconfig host", ask=ask)
PLAIN: Final = Source(name=_PLAIN_NAME, title="Autoconfig host over plain http", ask=ask_plain)
