"""The DNS records to publish for a domain, and how they stand."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from app.core.dns_comparison import compare, questions_for
from app.core.dns_lookups import Lookup, LookupStatus
from app.core.dns_planning import plan_records
from app.core.documents import Presentation
from app.core.pacc_digest import pacc_txt_value
from app.core.resolving import possible_settings
from app.renderers import FORMATS_BY_NAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.core.account import AccountSettings
    from app.core.dns_comparison import CheckedRecord, Question
    from app.core.dns_records import PlannedRecords
    from app.core.names import DomainName
    from app.core.service_names import PublicService
    from app.net.resolver import Resolver
    from app.services.callers import Caller
    from app.services.publishing import Publishing

PACC: Final = "pacc"
"""The format whose digest is a record."""
CHECK_DEADLINE_SECONDS: Final = 20.0
_MOST_AT_ONCE: Final = 8


class DnsRecordService:
    """Plans records, and compares them with what is published."""

    def __init__(
        self,
        publishing: Publishing,
        service: PublicService,
        resolver: Resolver,
        deadline_seconds: float = CHECK_DEADLINE_SECONDS,
    ) -> None:
        """Take what domains resolve to, where this service is reached, whom to ask, and for how long."""
        self._deadline_seconds = deadline_seconds
        self._publishing = publishing
        self._service = service
        self._resolver = resolver

    @property
    def service_url(self) -> str:
        """The address of this service, to which the records lead."""
        return self._service.url

    async def plan(self, caller: Caller, domain: DomainName) -> PlannedRecords:
        """Plan a domain's records for those who manage it, suspended or not.

        Raises:
            DomainNotFound: When it is not stored or the caller may not see it.
        """
        settings, _status = await self._publishing.preview(caller, domain, None)
        return self._planned(settings)

    async def plan_as_operator(self, domain: DomainName) -> PlannedRecords:
        """Plan a domain's records at the command line, suspended or not.

        Raises:
            DomainNotFound: When it is not stored.
        """
        return self._planned(await self._publishing.preview_as_operator(domain))

    def _planned(self, settings: AccountSettings) -> PlannedRecords:
        return plan_records(settings, self._service, self._pacc_txts(settings))

    def _pacc_txts(self, settings: AccountSettings) -> tuple[str, ...]:
        """Return the text for the document that is served, and for those that may take its place by itself.

        Clients discard a document whose digest is not there, and take any of several.
        """
        client_format = FORMATS_BY_NAME.get(PACC)
        if client_format is None:
            return ()
        presentation = Presentation(service_url=self._service.url)
        served, *others = (client_format.render(one, presentation) for one in possible_settings(settings))
        if not served.is_usable:
            return ()
        bodies = (served.body, *(other.body for other in others if other.is_usable))
        return tuple(dict.fromkeys(map(pacc_txt_value, bodies)))

    async def check(self, planned: PlannedRecords) -> tuple[CheckedRecord, ...]:
        """Ask the DNS for every record, and judge; what it does not say in time is unknown."""
        return compare(planned, await self.ask(questions_for(planned)))

    async def ask(self, questions: Sequence[Question]) -> dict[Question, Lookup]:
        """Ask the DNS, a few questions at a time; what it does not say in time is timed out."""
        gate = asyncio.Semaphore(_MOST_AT_ONCE)
        answers: dict[Question, Lookup] = {}

        async def ask(question: Question) -> None:
            async with gate:
                answers[question] = await self._resolver.lookup(*question)

        try:
            async with asyncio.timeout(self._deadline_seconds), asyncio.TaskGroup() as group:
                for question in questions:
                    group.create_task(ask(question))
        except TimeoutError:
            for name, record_type in questions:
                late = Lookup(
                    name=name,
                    type=record_type,
                    status=LookupStatus.TIMED_OUT,
                    detail=f"no answer within {self._deadline_seconds:g} seconds",
                )
                answers.setdefault((name, record_type), late)
        return answers
