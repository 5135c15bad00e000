"""PACC: a document of the domain's, believed only if its digest is in the domain's DNS."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from app.core.candidates import Candidate, Outcome, Trust
from app.core.dns_records import RecordType, TxtData
from app.discovery.places import pacc_url
from app.discovery.reading import Reading, lookup_reason, note_answer, read_document
from app.discovery.source import Means, Source, attempt
from app.parsers.pacc import parse_pacc

if TYPE_CHECKING:
    from app.core.candidates import Subject
    from app.core.dns_lookups import Lookup

_NAME: Final = "pacc"


async def ask(subject: Subject, means: Means) -> tuple[Candidate, ...]:
    """Fetch the document, and hold it against the digests."""
    domain = subject.domain.ascii

    async def work(draft: Candidate) -> Candidate:
        fetched, lookup = await asyncio.gather(
            means.web.fetch(draft.asked),
            means.resolver.lookup(f"_ua-auto-config.{domain}", RecordType.TXT),
        )
        seen = note_answer(draft, fetched)
        return _judged(seen, lookup) if seen.outcome is Outcome.FOUND else seen

    return (await attempt(Candidate(source=_NAME, asked=pacc_url(domain), trust=Trust.HTTPS), work, means),)


def digests_in(lookup: Lookup) -> tuple[bytes, ...]:
    """Return the SHA-256 digests of all records that have one."""
    found = []
    for record in lookup.records:
        if not isinstance(record, TxtData):
            continue
        parts = (part.partition("=") for part in record.text.split(";"))
        tags = {name.strip().lower(): value.strip() for name, _, value in parts}
        if (tags.get("v"), (tags.get("a") or "").lower()) == ("UAAC1", "sha256"):
            try:
                found.append(base64.b64decode(tags.get("d", ""), validate=True))
            except (binascii.Error, ValueError):
                continue
    return tuple(found)


def _judged(seen: Candidate, lookup: Lookup) -> Candidate:
    digests = digests_in(lookup)
    if hashlib.sha256(seen.document).digest() in digests:
        return read_document(seen, seen.document, _read)
    if not lookup.records:
        reason = f"_ua-auto-config {lookup_reason(lookup)}, so nothing vouches for the document"
    elif not digests:
        reason = "the record at _ua-auto-config has no digest of a document"
    else:
        reason = "the digest in the DNS is of another document: clients discard this one"
    return replace(seen, outcome=Outcome.UNUSABLE, reason=reason)


def _read(document: bytes) -> Reading:
    found = parse_pacc(document)
    return Reading(servers=found.servers, display_name=found.display_name, notices=found.notices)


SOURCE: Final = Source(name=_NAME, title="PACC", ask=ask)
