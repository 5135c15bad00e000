"""Answers for documents at a domain's own names."""

from __future__ import annotations

from urllib.parse import urlsplit

from app.core.dns_lookups import Lookup, LookupStatus
from app.core.dns_records import RecordType
from app.core.publications import DocumentCheck, DocumentObservation, ExpectedDocument


class NoHosts:
    """Finds no address for any host."""

    async def check(self, expected: ExpectedDocument) -> DocumentCheck:
        hostname = urlsplit(expected.url).hostname or ""
        lookup = Lookup(name=hostname, type=RecordType.A, status=LookupStatus.NO_NAME)
        seen = DocumentObservation(url=expected.url, lookups=(lookup,))
        return DocumentCheck(expected=expected, seen=seen)
