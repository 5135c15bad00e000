"""SRV records of the domain: mail, ManageSieve, DAV and JMAP."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from app.core.candidates import Candidate, Outcome, Trust
from app.core.dns_lookups import LookupStatus
from app.core.dns_records import RecordType
from app.discovery.reading import lookup_reason
from app.discovery.source import Means, Source, attempt
from app.discovery.srv_reading import LABELS, WITH_PATHS, read_services

if TYPE_CHECKING:
    from app.core.candidates import Subject
    from app.core.dns_lookups import Lookup

_NAME: Final = "srv"


async def ask(subject: Subject, means: Means) -> tuple[Candidate, ...]:
    """Ask for all records at once."""
    domain = subject.domain.ascii

    async def work(draft: Candidate) -> Candidate:
        records = await _look_up(means, domain, tuple(LABELS), RecordType.SRV)
        there = tuple(label for label in WITH_PATHS if records[label].records)
        texts = await _look_up(means, domain, there, RecordType.TXT)
        return _judged(draft, records, texts)

    asked = f"SRV _imaps._tcp.{domain} and {len(LABELS) - 1} more"
    return (await attempt(Candidate(source=_NAME, asked=asked, trust=Trust.DNS), work, means),)


async def _look_up(
    means: Means, domain: str, labels: tuple[str, ...], record_type: RecordType
) -> dict[str, Lookup]:
    names = [f"{label}._tcp.{domain}" for label in labels]
    found = await asyncio.gather(*(means.resolver.lookup(name, record_type) for name in names))
    return dict(zip(labels, found, strict=True))


def _judged(draft: Candidate, records: dict[str, Lookup], texts: dict[str, Lookup]) -> Candidate:
    servers, notices = read_services(records, texts)
    answers = [lookup for lookup in (*records.values(), *texts.values()) if lookup.records]
    is_signed = bool(answers) and all(lookup.is_authenticated for lookup in answers)
    found = replace(draft, servers=servers, notices=notices, trust=Trust.DNSSEC if is_signed else Trust.DNS)
    if servers:
        return replace(found, outcome=Outcome.FOUND)
    if notices:
        return replace(found, reason="the records say that there is no such service")
    failed = [lookup for lookup in records.values() if not lookup.is_answered]
    if failed:
        is_bogus = any(lookup.status is LookupStatus.BOGUS for lookup in failed)
        outcome = Outcome.UNUSABLE if is_bogus else Outcome.FAILED
        return replace(found, outcome=outcome, reason=lookup_reason(failed[0]))
    return replace(found, reason="there are no such records")


SOURCE: Final = Source(name=_NAME, title="SRV records", ask=ask)
