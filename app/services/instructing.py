"""Setup instructions, for those who help a provider's customers and for these themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.core.documents import Presentation
from app.core.errors import DomainNotFound
from app.core.questions import question_for
from app.services.callers import Scope
from app.services.domain_reports import alarmed_reports

if TYPE_CHECKING:
    from app.core.account import AccountSettings
    from app.core.provider import Provider
    from app.core.reports import EndpointReport
    from app.instructions.client import Client
    from app.instructions.guide import Guide
    from app.instructions.overview import Overview
    from app.services.callers import Caller
    from app.services.publishing import Publishing
    from app.store.unit_of_work import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What somebody sees who asks for an address or a domain without a token."""

    account: AccountSettings
    presentation: Presentation
    troubled: tuple[EndpointReport, ...]

    @property
    def provider(self) -> Provider:
        """Return whose servers these are."""
        return self.account.provider

    def overview(self) -> Overview:
        """Write what there is before a program is chosen."""
        # Only who shows it needs all programs' instructions, and has loaded them.
        from app.instructions.overview import write_overview  # noqa: PLC0415

        return write_overview(self.account, self.presentation, self.troubled)

    def guide(self, client: Client) -> Guide:
        """Write the instructions for a program."""
        from app.instructions.writing import write_guide  # noqa: PLC0415

        return write_guide(client, self.account, self.presentation, self.troubled)


class Instructing:
    """Writes what a person has to do, from the settings that their mail programs get."""

    def __init__(self, publishing: Publishing, store: Store, service_url: str) -> None:
        """Take the database, and where this service is reached."""
        self._publishing = publishing
        self._store = store
        self._service_url = service_url

    async def guide(self, caller: Caller, whose: str, client: Client) -> Guide:
        """Write the instructions for an address or a whole domain.

        Any local part of a known domain gets instructions: nothing tells whether the mailbox exists.

        Args:
            caller: Who asks.
            whose: A mail address, or a domain.
            client: The mail program.

        Raises:
            NotPermitted: When the token has not the scope.
            InvalidInput: When there is neither an address nor a domain.
            DomainNotFound: When the domain is unknown, suspended, or not the caller's to see.
        """
        caller.require(Scope.INSTRUCTIONS_READ)
        visit = await self.visit(whose)
        if not caller.sees(visit.provider.slug):
            raise DomainNotFound(visit.account.domain.ascii)
        return visit.guide(client)

    async def visit(self, whose: str) -> Visit:
        """Look up an address or a whole domain for anybody who asks, as mail clients may.

        Raises:
            InvalidInput: When there is neither an address nor a domain.
            DomainNotFound: When the domain is unknown or suspended.
        """
        account = await self._publishing.settings(question_for(whose))
        async with self._store.reading() as unit:
            troubled = await alarmed_reports(unit, account)
        presentation = Presentation(service_url=self._service_url)
        return Visit(account=account, presentation=presentation, troubled=troubled)
