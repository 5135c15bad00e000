"""Mailboxes that differ from their domain, as the billing system changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.authoring import check_authored_servers
from app.core.errors import ConcurrentChange, MailboxNotFound, MailboxTaken, ProviderNotFound, refuse
from app.core.resolving import check_resolvable
from app.services.callers import Scope
from app.services.changes import Changes, twice
from app.services.domains import visible_domain
from app.services.preconditions import ANYTHING, Precondition

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from app.core.domains import Domain, Mailbox
    from app.core.names import DomainName, EmailAddress
    from app.core.stored import Stored
    from app.services.callers import Caller
    from app.store.unit_of_work import Store, UnitOfWork


class MailboxService:
    """Reads and changes of mailboxes; every method checks what the caller may."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        """Take the database and the time."""
        self._store = store
        self._changes = Changes(store, clock)

    async def page(
        self, caller: Caller, domain: DomainName, *, after: str, limit: int
    ) -> list[Stored[Mailbox]]:
        """Return a domain's mailboxes by local part, behind ``after``."""
        caller.require(Scope.DOMAINS_READ)
        async with self._store.reading() as unit:
            stored = await visible_domain(unit, caller, domain)
            return await unit.mailboxes(stored).page(after=after, limit=limit)

    async def count(self, caller: Caller, domain: DomainName) -> int:
        """Return how many mailboxes a domain has."""
        caller.require(Scope.DOMAINS_READ)
        async with self._store.reading() as unit:
            stored = await visible_domain(unit, caller, domain)
            return await unit.mailboxes(stored).count()

    async def get(self, caller: Caller, address: EmailAddress) -> Stored[Mailbox]:
        """Return one mailbox.

        Raises:
            MailboxNotFound: When the domain has none of its own for the address.
        """
        caller.require(Scope.DOMAINS_READ)
        async with self._store.reading() as unit:
            domain = await visible_domain(unit, caller, address.domain)
            return await _present(unit, domain, address)

    async def put(
        self, caller: Caller, mailbox: Mailbox, precondition: Precondition = ANYTHING
    ) -> tuple[Stored[Mailbox], bool]:
        """Store a mailbox, in place of the present one if there is one.

        Returns:
            What is stored, and whether it was not there before.

        Raises:
            InvalidInput: When it could not be published, or its domain is an alias.
        """
        caller.require(Scope.DOMAINS_WRITE)
        check_authored_servers(mailbox.servers)
        return await twice(caller, MailboxTaken, lambda: self._put(caller, mailbox, precondition))

    async def _put(
        self, caller: Caller, mailbox: Mailbox, precondition: Precondition
    ) -> tuple[Stored[Mailbox], bool]:
        async with self._changes.making(caller) as change:
            domain = await _kept_domain(change.unit, caller, mailbox.address.domain)
            if domain.value.alias_of is not None:
                raise refuse(
                    f"must not be an alias: its mailboxes are those of {domain.value.alias_of}", "name"
                )
            await _check_publishable(change.unit, domain.value, mailbox)
            mailboxes = change.unit.mailboxes(domain)
            stored = await mailboxes.find(mailbox.address.key)
            precondition.check(stored)
            if stored is not None and stored.value == mailbox:
                return stored, False
            if stored is None:
                changed = await mailboxes.insert(mailbox, change.now)
            else:
                changed = await mailboxes.replace(stored, mailbox, change.now)
            change.note("mailbox.put", stored, changed, provider=domain.value.provider)
            return changed, stored is None

    async def patch(
        self,
        caller: Caller,
        address: EmailAddress,
        edit: Callable[[Stored[Mailbox]], Mailbox],
        precondition: Precondition = ANYTHING,
    ) -> Stored[Mailbox]:
        """Store what ``edit`` makes of the present mailbox.

        Raises:
            MailboxNotFound: When the domain has none of its own for the address.
            InvalidInput: When what comes out could not be published.
        """
        caller.require(Scope.DOMAINS_WRITE)
        async with self._changes.making(caller) as change:
            domain = await _kept_domain(change.unit, caller, address.domain)
            stored = await _present(change.unit, domain, address)
            precondition.check(stored)
            mailbox = edit(stored)
            if stored.value == mailbox:
                return stored
            check_authored_servers(mailbox.servers)
            await _check_publishable(change.unit, domain.value, mailbox)
            changed = await change.unit.mailboxes(domain).replace(stored, mailbox, change.now)
            change.note("mailbox.patch", stored, changed, provider=domain.value.provider)
            return changed

    async def delete(
        self, caller: Caller, address: EmailAddress, precondition: Precondition = ANYTHING
    ) -> None:
        """Remove a mailbox's own settings.

        Raises:
            MailboxNotFound: When the domain has none of its own for the address.
        """
        caller.require(Scope.DOMAINS_WRITE)
        async with self._changes.making(caller) as change:
            domain = await _kept_domain(change.unit, caller, address.domain)
            stored = await _present(change.unit, domain, address)
            precondition.check(stored)
            await change.unit.mailboxes(domain).delete(stored)
            change.note("mailbox.delete", stored, None, provider=domain.value.provider)


async def _kept_domain(unit: UnitOfWork, caller: Caller, name: DomainName) -> Stored[Domain]:
    """Return a domain that stays as it is until the end of the transaction, as its provider does.

    A change of one of its mailboxes does not raise its version, and what it keeps when it is deleted or
    what it relies on must not miss one.

    Raises:
        DomainNotFound: When it is not stored or the caller may not see it.
        ConcurrentChange: When it went to another provider just now, or is another domain.
    """
    domain = await visible_domain(unit, caller, name)
    if not unit.locks.are_needed:
        return domain
    await unit.locks.share_providers([domain.value.provider])
    await unit.locks.share_domain(domain.id)
    kept = await visible_domain(unit, caller, name)
    if (kept.id, kept.value.provider) != (domain.id, domain.value.provider):
        raise ConcurrentChange(f"The domain {name}")
    return kept


async def _present(unit: UnitOfWork, domain: Stored[Domain], address: EmailAddress) -> Stored[Mailbox]:
    stored = await unit.mailboxes(domain).find(address.key)
    if stored is None:
        raise MailboxNotFound(address.domain.ascii)
    return stored


async def _check_publishable(unit: UnitOfWork, domain: Domain, mailbox: Mailbox) -> None:
    provider = await unit.providers.find(domain.provider)
    if provider is None:  # pragma: no cover - a foreign key holds it
        raise ProviderNotFound(domain.provider)
    check_resolvable(provider.value, domain, mailbox=mailbox)
