"""Setup instructions for those who help a provider's customers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.documents import Presentation
from app.core.errors import DomainNotFound
from app.core.questions import question_for
from app.instructions.writing import write_guide
from app.services.callers import Scope

if TYPE_CHECKING:
    from app.instructions.client import Client
    from app.instructions.guide import Guide
    from app.services.callers import Caller
    from app.services.publishing import Publishing


class Instructing:
    """Writes what a person has to do, from the settings that their mail programs get."""

    def __init__(self, publishing: Publishing, service_url: str) -> None:
        """Take what addresses resolve to, and where this service is reached."""
        self._publishing = publishing
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
        question = question_for(whose)
        settings = await self._publishing.settings(question)
        if not caller.sees(settings.provider.slug):
            raise DomainNotFound(question.domains[0].ascii)
        return write_guide(client, settings, Presentation(service_url=self._service_url))
