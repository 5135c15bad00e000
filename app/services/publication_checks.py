"""What is a domain's own to get right: its DNS records, as published against those that we plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.verification.publication import judge_publication

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from app.core.findings import Finding
    from app.core.names import DomainName
    from app.services.dns_records import DnsRecordService
    from app.services.trust import Trust


class PublicationChecks:
    """Asks the DNS, and judges what it says."""

    def __init__(self, records: DnsRecordService, trust: Trust, clock: Callable[[], datetime]) -> None:
        """Take what plans and asks, the roots, and the time."""
        self._records = records
        self._trust = trust
        self._clock = clock

    async def check(self, domain: DomainName) -> tuple[Finding, ...]:
        """Return what is found of a domain's records.

        Raises:
            DomainNotFound: When it is not stored.
        """
        planned = await self._records.plan_as_operator(domain)
        checked = await self._records.check(planned)
        return judge_publication(checked, (), self._trust.load(), self._clock())
