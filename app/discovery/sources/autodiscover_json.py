"""Autodiscover version 2: says where the XML service is, which is asked then (protocol brief §2.9)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from app.core.candidates import Candidate, Outcome, Trust
from app.core.errors import InvalidInput
from app.discovery.places import version_2_url
from app.discovery.pox import walk
from app.discovery.reading import note_answer
from app.discovery.source import Means, Source, attempt
from app.net.failures import shown
from app.parsers.autodiscover import parse_version_2

if TYPE_CHECKING:
    from app.core.candidates import Subject

_NAME: Final = "autodiscover-json"


async def ask(subject: Subject, means: Means) -> tuple[Candidate, ...]:
    """Ask at the host ``autodiscover``, and post to where that leads."""

    async def work(draft: Candidate) -> Candidate:
        seen = note_answer(draft, await means.web.fetch(draft.asked))
        if seen.outcome is not Outcome.FOUND:
            return seen
        try:
            answer = parse_version_2(seen.document)
        except InvalidInput as error:
            reason = shown(f"sends what is no such document: {error}")
            return replace(seen, outcome=Outcome.UNUSABLE, reason=reason)
        if answer.url is None:
            return replace(seen, reason=shown(f"answers {answer.error}"), outcome=Outcome.NOTHING)
        found = await walk(replace(draft, trust=seen.trust), answer.url, subject.asked_address, means)
        return replace(found, redirects=(*seen.redirects, shown(answer.url), *found.redirects))

    url = version_2_url(f"autodiscover.{subject.domain.ascii}", subject.asked_address)
    return (await attempt(Candidate(source=_NAME, asked=url, trust=Trust.HTTPS), work, means),)


SOURCE: Final = Source(name=_NAME, title="Autodiscover version 2", ask=ask)
