"""Asks for Autodiscover in plain XML, and goes where the responses lead (protocol brief §2.6)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from app.core.autodiscover_request import outlook_request
from app.core.candidates import Candidate, Outcome
from app.core.errors import InvalidInput
from app.discovery.places import autodiscover_url
from app.discovery.reading import Reading, note_answer, read_document
from app.net.failures import shown
from app.net.http import WebRequest
from app.net.web_asking import AGENT
from app.parsers.autodiscover import Answer, parse_pox

if TYPE_CHECKING:
    from app.discovery.source import Means

MAX_HOPS: Final = 10
_XML: Final = ("Content-Type", "text/xml; charset=utf-8")


@dataclass(slots=True)
class _Walk:
    """Where the responses lead."""

    draft: Candidate
    address: str
    ahead: list[str]
    asked: list[tuple[str, str]] = field(default_factory=list)

    def ended(self, outcome: Outcome, reason: str) -> Candidate:
        return self.passed(replace(self.draft, outcome=outcome, reason=shown(reason)))

    def passed(self, seen: Candidate) -> Candidate:
        """Add the URLs that were asked on the way to those that redirected by status."""
        *before, _last = (url for url, _ in self.asked)
        return replace(seen, redirects=(*map(shown, before), *seen.redirects), hops=len(before))


async def walk(draft: Candidate, url: str, address: str, means: Means) -> Candidate:
    """Post to a URL, and on to where the responses lead, so many hops at most."""
    way = _Walk(draft, address, [url])
    seen = draft
    while way.ahead:
        question = (way.ahead.pop(0), way.address)
        if question in way.asked:
            return way.ended(Outcome.UNUSABLE, "the redirects go round in circles")
        if len(way.asked) == MAX_HOPS:
            return way.ended(Outcome.UNUSABLE, f"there are more than {MAX_HOPS} redirects")
        way.asked.append(question)
        request = WebRequest(method="POST", headers=(AGENT, _XML), body=outlook_request(way.address))
        seen = note_answer(draft, await means.web.fetch(question[0], request))
        if seen.outcome is Outcome.FOUND:
            seen = _read(seen, way)
    return way.passed(seen)


def _read(seen: Candidate, way: _Walk) -> Candidate:
    """Read a response; one that leads on sets what is ahead."""
    try:
        answer = parse_pox(seen.document)
    except InvalidInput:
        # Refused once more there, with the reason in words.
        return read_document(seen, seen.document, read_pox)
    if answer.refusal is not None:
        code = f" {answer.refusal.code}" if answer.refusal.code else ""
        reason = shown(f"answers with error{code}: {answer.refusal.message}")
        return replace(seen, outcome=Outcome.NOTHING, reason=reason)
    if answer.redirect_url is not None:
        way.ahead = [answer.redirect_url]
    elif answer.redirect_address is not None:
        domain = answer.redirect_address.domain.ascii
        way.address = str(answer.redirect_address)
        way.ahead = [autodiscover_url(domain), autodiscover_url(f"autodiscover.{domain}")]
    else:
        way.ahead = []
    return read_document(seen, seen.document, lambda _: _reading(answer))


def read_pox(document: bytes) -> Reading:
    """Read a response's servers.

    Raises:
        InvalidInput: When it is no response.
    """
    return _reading(parse_pox(document))


def _reading(answer: Answer) -> Reading:
    return Reading(servers=answer.servers, notices=answer.notices)
