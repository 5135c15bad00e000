"""Expected against published, for a domain or all of a provider, and what mends it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Final

import structlog

from app.core.dns_comparison import compare, questions_for
from app.core.dns_diagnosis import (
    Diagnosis,
    diagnose_records,
    find_fix,
    further_questions,
    zone_signing,
)
from app.core.errors import AppError, ProviderNotFound, QuotaExceeded
from app.core.queries import DomainQuery
from app.core.quotas import SECOND_NS, Quota, QuotaMeter
from app.services.callers import Scope
from app.services.expected_documents import expected_documents
from app.verification.host_readiness import judge_host

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import datetime

    from app.core.dns_records import PlannedRecords
    from app.core.names import DomainName
    from app.services.callers import Caller
    from app.services.dns_records import DnsRecordService
    from app.services.publication_checks import Fetcher
    from app.services.publishing import Publishing
    from app.services.trust import Trust
    from app.store.unit_of_work import Store

_log = structlog.get_logger(__name__)

_PAGE: Final = 200
_AT_ONCE: Final = 4
_HTTPS: Final = "https:"


@dataclass(frozen=True, slots=True)
class Undiagnosed:
    """A domain of several that could not be looked at, by a fault of ours."""

    domain: DomainName


class DnsDoctor:
    """Asks the DNS and the hosts that clients ask, and says what to change."""

    def __init__(  # noqa: PLR0913, PLR0917 - what it asks, and what it asks with
        self,
        store: Store,
        records: DnsRecordService,
        publishing: Publishing,
        fetcher: Fetcher,
        trust: Trust,
        clock: Callable[[], datetime],
        per_minute: int = 30,
    ) -> None:
        """Take what plans and asks, what fetches, the roots, the time, and how often a token may ask."""
        self._store = store
        self._records = records
        self._publishing = publishing
        self._fetcher = fetcher
        self._trust = trust
        self._clock = clock
        self._turns = asyncio.Semaphore(_AT_ONCE)
        quota = Quota("dns-doctor", per_minute) if per_minute else None
        self._meter = None if quota is None else QuotaMeter(quota, time.monotonic_ns)

    async def diagnose(self, caller: Caller, domain: DomainName) -> Diagnosis:
        """Diagnose a domain for a caller, with few at a time, and so many a minute for each token.

        Raises:
            NotPermitted: When the caller may not have anything probed.
            DomainNotFound: When it is not stored or the caller may not see it.
            QuotaExceeded: When it is one too many.
        """
        caller.require(Scope.VERIFY)
        planned = await self._records.plan(caller, domain)
        wait = 0 if self._meter is None else self._meter.take(caller.token_id)
        if wait:
            raise QuotaExceeded("token", ceil(wait / SECOND_NS))
        return await self._diagnose(planned)

    async def diagnose_as_operator(self, domain: DomainName) -> Diagnosis:
        """Diagnose a domain at the command line, suspended or not.

        Raises:
            DomainNotFound: When it is not stored.
        """
        return await self._diagnose(await self._records.plan_as_operator(domain))

    async def diagnose_provider(self, slug: str) -> AsyncIterator[Diagnosis | Undiagnosed]:
        """Diagnose all domains of a provider at the command line, by their names, a few at a time.

        One that meets with a bug does not keep the others from being diagnosed.

        Raises:
            ProviderNotFound: When there is no such provider.
        """
        async with self._store.reading() as unit:
            if await unit.providers.find(slug) is None:
                raise ProviderNotFound(slug)
        after = ""
        while names := await self._names(slug, after):
            for start in range(0, len(names), _AT_ONCE):
                some = names[start : start + _AT_ONCE]
                for diagnosis in await asyncio.gather(*map(self._diagnose_one_of_many, some)):
                    yield diagnosis
            after = names[-1].ascii

    async def _diagnose_one_of_many(self, domain: DomainName) -> Diagnosis | Undiagnosed:
        try:
            return await self.diagnose_as_operator(domain)
        except AppError:
            raise
        except Exception:  # noqa: BLE001 - a bug with one must not end all others
            _log.exception("diagnosis_failed", domain=domain.ascii)
            return Undiagnosed(domain)

    async def _names(self, slug: str, after: str) -> list[DomainName]:
        async with self._store.reading() as unit:
            page = await unit.domains.page(after=after, limit=_PAGE, query=DomainQuery(provider=slug))
        return [stored.value.name for stored in page]

    async def _diagnose(self, planned: PlannedRecords) -> Diagnosis:
        async with self._turns:
            answers = await self._records.ask(questions_for(planned))
            answers |= await self._records.ask(further_questions(planned, answers))
            hosts = frozenset(record.name for record in planned.records)
            url = self._records.service_url
            expected = await expected_documents(self._publishing, url, planned.domain, hosts)
            wanted = [one for one in expected if one.url.startswith(_HTTPS)]
            documents = await asyncio.gather(*(self._fetcher.check(one) for one in wanted))
        records = diagnose_records(compare(planned, answers), answers)
        trust, now = self._trust.load(), self._clock()
        return Diagnosis(
            planned=planned,
            records=records,
            signing=zone_signing(planned, answers),
            hosts=tuple(judge_host(document, trust, now) for document in documents),
            fix=find_fix(records, answers),
        )
