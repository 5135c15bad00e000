"""Questions of mail clients, answered with documents."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from app.core.domains import DomainStatus
from app.core.errors import DocumentNotPossible, DomainNotFound, refuse, within
from app.core.names import EmailAddress
from app.core.resolving import resolve
from app.services.callers import Scope
from app.services.credentials import CERTIFICATE
from app.services.known_domains import Absence

if TYPE_CHECKING:
    from app.core.account import AccountSettings
    from app.core.documents import (
        ClientFormat,
        ClientRequest,
        Document,
        Presentation,
        Question,
        Reply,
    )
    from app.core.names import DomainName
    from app.services.callers import Caller
    from app.services.known_domains import KnownDomains
    from app.services.signing import Signer
    from app.store.accounts import Accounts, StoredAccount
    from app.store.unit_of_work import Store


class Publishing:
    """What is published, for mail clients and for those who want to see what they get."""

    def __init__(self, store: Store, signer: Signer | None = None, known: KnownDomains | None = None) -> None:
        """Take the database, what signs documents where that is configured, and what is known of domains."""
        self._store = store
        self._signer = signer
        self._known = known

    async def reply(self, client_format: ClientFormat, request: ClientRequest) -> Reply:
        """Answer a client in its format; which of unknown and suspended a domain is, is not told.

        Raises:
            NotAvailable: When the database does not answer, or too much waits to be signed.
        """
        inquiry = client_format.inquire(request)
        accounts = [
            await self.find_published(question, listed=client_format.lists_domains)
            for question in inquiry.questions
        ]
        reply = inquiry.answer(tuple(accounts))
        if not reply.is_signable or self._signer is None:
            return reply
        return replace(reply, body=await self._signer.sign(reply.body))

    async def document(
        self, client_format: ClientFormat, question: Question, presentation: Presentation
    ) -> Document:
        """Render what is asked for.

        Raises:
            DomainNotFound: When the domain is unknown or suspended.
            DocumentNotPossible: When the format has nothing to say, with the reasons.
        """
        settings = await self.settings(question, listed=client_format.lists_domains)
        document = client_format.render(settings, presentation)
        if not document.is_usable:
            raise DocumentNotPossible(settings.domain.ascii, client_format.name, _reasons(document))
        return document

    async def signed(self, document: Document) -> Document:
        """Sign a document.

        Raises:
            InvalidInput: When no certificate is configured.
        """
        if self._signer is None:
            raise refuse("must be set, with the key, for documents to be signed", CERTIFICATE)
        return replace(document, body=await self._signer.sign(document.body))

    async def preview(
        self, caller: Caller, domain: DomainName, local_part: str | None, *, listed: bool = False
    ) -> tuple[AccountSettings, DomainStatus]:
        """Resolve a domain for those who manage it, suspended or not.

        Args:
            caller: Who asks.
            domain: The domain.
            local_part: That of the address to resolve; None for the domain.
            listed: Whether the provider's other domains are wanted.

        Raises:
            DomainNotFound: When it is not stored or the caller may not see it.
            InvalidInput: When the local part is none.
        """
        caller.require(Scope.DOMAINS_READ)
        address = None
        if local_part is not None:
            with within("local_part"):
                address = EmailAddress.parse(f"{local_part}@{domain.ascii}")
        async with self._store.discovering() as accounts:
            found = await accounts.find(domain, address, listed=listed)
        if found is None or not caller.sees(found.provider.slug):
            raise DomainNotFound(domain.ascii)
        return _resolved(found, address), _status(found)

    async def preview_as_operator(self, domain: DomainName) -> AccountSettings:
        """Resolve a domain at the command line, suspended or not.

        Raises:
            DomainNotFound: When it is not stored.
        """
        async with self._store.discovering() as accounts:
            found = await accounts.find(domain)
        if found is None:
            raise DomainNotFound(domain.ascii)
        return _resolved(found, None)

    async def settings(self, question: Question, *, listed: bool = False) -> AccountSettings:
        """Resolve what is asked for.

        Args:
            question: Whose settings are wanted.
            listed: Whether the provider's other domains are wanted, where it names them at all.

        Raises:
            DomainNotFound: When no domain that was asked for is known and active.
        """
        settings = await self._find_settings(question, listed=listed)
        if settings is None:
            raise DomainNotFound(question.domains[0].ascii if question.domains else "asked for")
        return settings

    async def find_published(self, question: Question, *, listed: bool = False) -> AccountSettings | None:
        """Return what clients are given, from what is known of the domain where that is enough.

        Raises:
            NotAvailable: When the database does not answer, and had to be asked.
        """
        known = self._known
        if known is None or not known.is_trusted or listed:
            return await self._find_settings(question, listed=listed)
        for domain in question.domains:
            profile = await known.find(domain.ascii)
            if isinstance(profile, Absence):
                if profile.is_stored:
                    return None
            elif question.address is not None and profile.excepts(question.address):
                return await self._find_settings(question, listed=False)
            else:
                return profile.shared.settings(domain, question.address)
        return await _find_known_exchanger(known, question)

    async def _find_settings(self, question: Question, *, listed: bool) -> AccountSettings | None:
        """Return the settings of the first domain that is known, if that is active."""
        async with self._store.discovering() as accounts:
            for domain in question.domains:
                found = await accounts.find(domain, question.address, listed=listed)
                if found is not None:
                    is_active = _status(found) is DomainStatus.ACTIVE
                    return _resolved(found, question.address) if is_active else None
            if question.mail_exchanger is not None:
                return await _find_by_mail_exchanger(accounts, question.mail_exchanger, question)
        return None


def _reasons(document: Document) -> tuple[str, ...]:
    """Return why there is no document: what is wrong on the whole, else with the servers."""
    on_the_whole = [omission for omission in document.omissions if omission.server is None]
    return tuple(dict.fromkeys(omission.detail for omission in on_the_whole or document.omissions))


def _status(found: StoredAccount) -> DomainStatus:
    """An alias of a suspended domain is suspended too."""
    domains = (found.domain, found.target)
    if any(domain is not None and domain.status is DomainStatus.SUSPENDED for domain in domains):
        return DomainStatus.SUSPENDED
    return DomainStatus.ACTIVE


def _resolved(found: StoredAccount, address: EmailAddress | None) -> AccountSettings:
    return resolve(
        found.provider,
        found.domain,
        address=address,
        mailbox=found.mailbox,
        target=found.target,
        listed_domains=found.listed_domains,
        proven_hostnames=found.proven_hostnames,
    )


async def _find_known_exchanger(known: KnownDomains, question: Question) -> AccountSettings | None:
    """Do the same as ``_find_by_mail_exchanger`` with what is known."""
    exchanger = question.mail_exchanger
    if exchanger is None or exchanger in question.domains:
        return None
    profile = await known.find(exchanger.ascii)
    if isinstance(profile, Absence) or not profile.shared.found.domain.serves_mx:
        return None
    return profile.shared.settings(exchanger, None)


async def _find_by_mail_exchanger(
    accounts: Accounts, exchanger: DomainName, question: Question
) -> AccountSettings | None:
    """Answer for a domain that is not stored, at the host of the provider whose MX it has.

    Thunderbird asks ``autoconfig.PROVIDER`` about an address elsewhere after looking up its MX.
    """
    found = await accounts.find(exchanger)
    if found is None or not found.domain.serves_mx or exchanger in question.domains:
        return None
    return _resolved(found, None) if _status(found) is DomainStatus.ACTIVE else None
