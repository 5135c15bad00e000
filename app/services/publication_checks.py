"""What is a domain's own to get right: its DNS records and documents, as published against ours."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from app.services.expected_documents import expected_documents
from app.verification.publication import judge_publication

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from app.core.findings import Finding
    from app.core.names import DomainName
    from app.core.publications import DocumentCheck, ExpectedDocument
    from app.services.dns_records import DnsRecordService
    from app.services.publishing import Publishing
    from app.services.trust import Trust


class Fetcher(Protocol):
    """Fetches what a domain's names return."""

    async def check(self, expected: ExpectedDocument) -> DocumentCheck:
        """Fetch a document; whatever is wrong is in what is returned."""
        ...


class PublicationChecks:
    """Asks the DNS and the domain's hosts, and judges what they say."""

    def __init__(
        self,
        records: DnsRecordService,
        publishing: Publishing,
        fetcher: Fetcher,
        trust: Trust,
        clock: Callable[[], datetime],
    ) -> None:
        """Take what plans and asks, what answers clients, what fetches, the roots, and the time."""
        self._records = records
        self._publishing = publishing
        self._fetcher = fetcher
        self._trust = trust
        self._clock = clock

    async def check(self, domain: DomainName) -> tuple[Finding, ...]:
        """Return what is found of a domain's records and documents.

        Raises:
            DomainNotFound: When it is not stored.
            NotAvailable: When the database does not answer.
        """
        planned = await self._records.plan_as_operator(domain)
        hosts = frozenset(record.name for record in planned.records)
        url = self._records.service_url
        expected = await expected_documents(self._publishing, url, domain, hosts)
        checked, documents = await asyncio.gather(
            self._records.check(planned),
            asyncio.gather(*(self._fetcher.check(document) for document in expected)),
        )
        return judge_publication(checked, documents, self._trust.load(), self._clock())
