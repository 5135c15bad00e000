"""Asks for an autoconfig file where clients look for one, and goes where that leads, over plain http too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.discovery.reading import read_answer, read_autoconfig
from app.discovery.source import attempt

if TYPE_CHECKING:
    from app.core.candidates import Candidate
    from app.discovery.source import Means


async def ask_for_file(draft: Candidate, means: Means) -> Candidate:
    """Ask at the draft's URL."""

    async def work(draft: Candidate) -> Candidate:
        return read_answer(draft, await means.web.fetch(draft.asked, may_go_plain=True), read_autoconfig)

    return await attempt(draft, work, means)
