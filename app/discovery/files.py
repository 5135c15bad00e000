"""Asks for an autoconfig file where clients look for one, and goes where that leads, over plain http too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.discovery.reading import read_answer, read_autoconfig
from app.discovery.source import attempt

if TYPE_CHECKING:
    from app.core.candidates import Candidate
    from app.core.names import EmailAddress
    from app.discovery.source import Means


async def ask_for_file(draft: Candidate, means: Means, address: EmailAddress | None = None) -> Candidate:
    """Ask at the draft's URL; an address that is in it goes nowhere over plain http."""

    async def work(draft: Candidate) -> Candidate:
        fetched = await means.web.fetch(draft.asked, may_go_plain=True, address=address)
        return read_answer(draft, fetched, read_autoconfig)

    return await attempt(draft, work, means)
