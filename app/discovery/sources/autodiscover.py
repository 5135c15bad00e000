"""Autodiscover in plain XML at the four places where Outlook looks, in its order (protocol brief §2.1).

Delta Chat asks two of them with GET; many servers answer that otherwise than POST.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from app.core.candidates import Candidate, Outcome, Trust
from app.core.dns_records import RecordType
from app.discovery.places import autodiscover_url
from app.discovery.pox import read_pox, walk
from app.discovery.reading import lookup_outcome, lookup_reason, note_answer, read_answer
from app.discovery.source import Means, Source, attempt
from app.discovery.srv_reading import in_order
from app.net.failures import shown
from app.net.http import find_redirect, target_of

if TYPE_CHECKING:
    from app.core.candidates import Subject
    from app.discovery.fetching import Fetched

_ROOT: Final = "autodiscover-root"
_HOST: Final = "autodiscover"
_ROOT_GET: Final = "autodiscover-root-get"
_HOST_GET: Final = "autodiscover-get"
_REDIRECT: Final = "autodiscover-redirect"
_RECORD: Final = "autodiscover-srv"
# Outlook and the EWS API take these; a 303 or 308 is no answer to them.
_LEADING: Final = frozenset({301, 302, 307})
_HTTPS: Final = 443


async def ask_root(subject: Subject, means: Means) -> tuple[Candidate, ...]:
    """Post to the domain itself."""
    return await _post(_ROOT, subject.domain.ascii, subject, means)


async def ask_host(subject: Subject, means: Means) -> tuple[Candidate, ...]:
    """Post to the host ``autodiscover``."""
    return await _post(_HOST, f"autodiscover.{subject.domain.ascii}", subject, means)


async def _post(name: str, host: str, subject: Subject, means: Means) -> tuple[Candidate, ...]:
    async def work(draft: Candidate) -> Candidate:
        return await walk(draft, draft.asked, subject.asked_address, means)

    draft = Candidate(source=name, asked=autodiscover_url(host), trust=Trust.HTTPS)
    return (await attempt(draft, work, means),)


async def ask_root_with_get(subject: Subject, means: Means) -> tuple[Candidate, ...]:
    """Get from the domain itself, as Delta Chat does, with nothing of the address."""
    return await _get(_ROOT_GET, subject.domain.ascii, means)


async def ask_host_with_get(subject: Subject, means: Means) -> tuple[Candidate, ...]:
    """Get from the host ``autodiscover``."""
    return await _get(_HOST_GET, f"autodiscover.{subject.domain.ascii}", means)


async def _get(name: str, host: str, means: Means) -> tuple[Candidate, ...]:
    async def work(draft: Candidate) -> Candidate:
        return read_answer(draft, await means.web.fetch(draft.asked), read_pox)

    draft = Candidate(source=name, asked=autodiscover_url(host), trust=Trust.HTTPS)
    return (await attempt(draft, work, means),)


async def ask_for_redirect(subject: Subject, means: Means) -> tuple[Candidate, ...]:
    """Ask over plain http, with nothing of the address, for a redirect to https; and post there."""

    async def work(draft: Candidate) -> Candidate:
        fetched = await means.web.fetch(draft.asked, follows=False)
        if fetched.failure is not None or fetched.status not in _LEADING:
            return _without_redirect(draft, fetched)
        asked = target_of(draft.asked)
        onward = None if asked is None else find_redirect(asked, fetched.location or "")
        if onward is None or onward.scheme != "https":
            reason = shown(f"leads to {fetched.location or 'nowhere'}, which is not https")
            return replace(draft, outcome=Outcome.UNUSABLE, reason=reason, status=fetched.status)
        seen = await walk(draft, onward.url, subject.asked_address, means)
        return replace(seen, redirects=(shown(draft.asked), *seen.redirects))

    url = autodiscover_url(f"autodiscover.{subject.domain.ascii}", "http")
    return (await attempt(Candidate(source=_REDIRECT, asked=url, trust=Trust.HTTP), work, means),)


def _without_redirect(draft: Candidate, fetched: Fetched) -> Candidate:
    seen = note_answer(draft, fetched)
    if fetched.failure is not None:
        return seen
    reason = f"answers {fetched.status} where clients want a redirect to https"
    return replace(seen, outcome=Outcome.NOTHING, reason=reason, document=b"")


async def ask_for_record(subject: Subject, means: Means) -> tuple[Candidate, ...]:
    """Look the service up, and post to the host that is named."""
    name = f"_autodiscover._tcp.{subject.domain.ascii}"

    async def work(draft: Candidate) -> Candidate:
        lookup = await means.resolver.lookup(name, RecordType.SRV)
        record = next(iter(in_order(lookup)), None)
        if record is None:
            return replace(draft, outcome=lookup_outcome(lookup), reason=lookup_reason(lookup))
        if record.target is None:
            return replace(draft, reason="the record says that there is no such service")
        trust = Trust.HTTPS if lookup.is_authenticated else Trust.DNS
        url = autodiscover_url(record.target, port=record.port)
        seen = await walk(replace(draft, trust=trust), url, subject.asked_address, means)
        note = "" if record.port == _HTTPS else f"on port {record.port}, where some clients do not ask"
        return replace(seen, reason=seen.reason or note, redirects=(url, *seen.redirects))

    return (await attempt(Candidate(source=_RECORD, asked=f"SRV {name}", trust=Trust.DNS), work, means),)


ROOT: Final = Source(name=_ROOT, title="Autodiscover at the domain", ask=ask_root)
HOST: Final = Source(name=_HOST, title="Autodiscover host", ask=ask_host)
ROOT_GET: Final = Source(name=_ROOT_GET, title="Autodiscover at the domain with GET", ask=ask_root_with_get)
HOST_GET: Final = Source(name=_HOST_GET, title="Autodiscover host with GET", ask=ask_host_with_get)
REDIRECT: Final = Source(name=_REDIRECT, title="Autodiscover by redirect", ask=ask_for_redirect)
RECORD: Final = Source(name=_RECORD, title="Autodiscover by SRV", ask=ask_for_record)
