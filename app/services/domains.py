"""Mail domains, as the billing system changes them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from app.core.authoring import check_authored_servers
from app.core.errors import (
    DomainInUse,
    DomainNotFound,
    DomainTaken,
    ProviderNotFound,
)
from app.core.queries import ALL_DOMAINS
from app.core.resolving import check_resolvable
from app.services.callers import Scope
from app.services.changes import Changes, twice
from app.services.domain_mailboxes import check_mailboxes
from app.services.domain_relations import check_alias_target, check_relations, leaves_relations_alone
from app.services.preconditions import ANYTHING, Precondition

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from typing import TypeAlias

    from app.core.domains import Domain
    from app.core.names import DomainName
    from app.core.provider import Provider
    from app.core.queries import DomainQuery
    from app.core.stored import Stored
    from app.services.callers import Caller
    from app.services.changes import Change
    from app.store.unit_of_work import Store, UnitOfWork

    _References: TypeAlias = tuple[Stored[Provider], Stored[Domain] | None]


class DomainService:
    """Reads and changes of domains; every method checks what the caller may."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        """Take the database and the time."""
        self._store = store
        self._changes = Changes(store, clock)

    async def page(
        self,
        caller: Caller,
        *,
        after: str = "",
        behind: datetime | None = None,
        limit: int,
        query: DomainQuery = ALL_DOMAINS,
    ) -> list[Stored[Domain]]:
        """Return domains that the caller sees, in the order asked for, those that come after a place.

        Args:
            caller: Who asks.
            after: The name of the place; empty for the start.
            behind: The moment of the place, where the order is one of moments.
            limit: How many at the most.
            query: Which domains, and their order.
        """
        caller.require(Scope.DOMAINS_READ)
        visible = _visible_to(caller, query)
        if visible is None:
            return []
        async with self._store.reading() as unit:
            return await unit.domains.page(after=after, behind=behind, limit=limit, query=visible)

    async def count(self, caller: Caller, query: DomainQuery = ALL_DOMAINS) -> int:
        """Return how many domains the caller sees."""
        caller.require(Scope.DOMAINS_READ)
        visible = _visible_to(caller, query)
        if visible is None:
            return 0
        async with self._store.reading() as unit:
            return await unit.domains.count(visible)

    async def get(self, caller: Caller, name: DomainName) -> Stored[Domain]:
        """Return one domain.

        Raises:
            DomainNotFound: When it is not stored or the caller may not see it.
        """
        caller.require(Scope.DOMAINS_READ)
        async with self._store.reading() as unit:
            return await visible_domain(unit, caller, name)

    async def create(self, caller: Caller, domain: Domain) -> Stored[Domain]:
        """Store a domain.

        Raises:
            DomainTaken: When its name is stored already.
            ProviderNotFound: When the provider is not stored or the caller may not see it.
            InvalidInput: When it could not be published, or its alias leads nowhere.
        """
        caller.require(Scope.DOMAINS_WRITE)
        async with self._changes.making(caller) as change:
            if await change.unit.domains.find(domain.name) is not None:
                raise DomainTaken(domain.name.ascii)
            return await _insert(change, caller, domain, "domain.create")

    async def put(
        self, caller: Caller, domain: Domain, precondition: Precondition = ANYTHING
    ) -> tuple[Stored[Domain], bool]:
        """Store a domain, in place of the present one if there is one.

        Returns:
            What is stored, and whether it was not there before.

        Raises:
            DomainTaken: When it is stored for a provider that the caller may not see.
            StaleVersion: When the precondition does not hold.
        """
        caller.require(Scope.DOMAINS_WRITE)
        return await twice(caller, DomainTaken, lambda: self._put(caller, domain, precondition))

    async def _put(
        self, caller: Caller, domain: Domain, precondition: Precondition
    ) -> tuple[Stored[Domain], bool]:
        async with self._changes.making(caller) as change:
            stored = await change.unit.domains.find(domain.name)
            if stored is not None and not caller.sees(stored.value.provider):
                raise DomainTaken(domain.name.ascii)
            precondition.check(stored)
            if stored is None:
                return await _insert(change, caller, domain, "domain.put"), True
            return await replace_domain(change, caller, stored, domain, "domain.put"), False

    async def patch(
        self,
        caller: Caller,
        name: DomainName,
        edit: Callable[[Stored[Domain]], Domain],
        precondition: Precondition = ANYTHING,
    ) -> Stored[Domain]:
        """Store what ``edit`` makes of the present domain.

        Raises:
            DomainNotFound: When it is not stored or the caller may not see it.
        """
        caller.require(Scope.DOMAINS_WRITE)
        async with self._changes.making(caller) as change:
            stored = await visible_domain(change.unit, caller, name)
            precondition.check(stored)
            return await replace_domain(change, caller, stored, edit(stored), "domain.patch")

    async def delete(self, caller: Caller, name: DomainName, precondition: Precondition = ANYTHING) -> None:
        """Remove a domain with its mailboxes; it is kept for a while and can be brought back.

        Raises:
            DomainInUse: When other domains are aliases of it.
        """
        caller.require(Scope.DOMAINS_WRITE)
        async with self._changes.making(caller) as change:
            stored = await visible_domain(change.unit, caller, name)
            precondition.check(stored)
            await change.unit.locks.lock_domains([stored.id])
            if aliases := await change.unit.domains.alias_count(stored.id):
                raise DomainInUse(name.ascii, aliases)
            mailboxes = await change.unit.mailboxes(stored).all()
            await change.unit.deleted_domains.insert(stored, mailboxes, caller.token_id, change.now)
            await change.unit.domains.delete(stored)
            for mailbox in mailboxes:
                change.note("domain.delete", mailbox, None, provider=stored.value.provider)
            change.note("domain.delete", stored, None)


async def _insert(change: Change, caller: Caller, domain: Domain, action: str) -> Stored[Domain]:
    provider, target = await checked_domain(change.unit, caller, domain)
    alias_of_id = None if target is None else target.id
    stored = await change.unit.domains.insert(domain, provider.id, alias_of_id, change.now)
    change.note(action, None, stored)
    return stored


def _visible_to(caller: Caller, query: DomainQuery) -> DomainQuery | None:
    """Narrow a query to what the caller sees; None for nothing."""
    if query.provider is None:
        return replace(query, provider=caller.provider)
    return query if caller.sees(query.provider) else None


async def replace_domain(
    change: Change, caller: Caller, stored: Stored[Domain], domain: Domain, action: str
) -> Stored[Domain]:
    """Store a domain in place of the present one, if it differs.

    Raises:
        ProviderNotFound: When the provider is not stored or the caller may not see it.
        InvalidInput: When it or a mailbox of it could not be published, its alias leads nowhere, or its
            aliases rely on it.
    """
    if stored.value == domain:
        return stored
    references = await checked_domain(change.unit, caller, domain, stored)
    return await _replace(change, stored, domain, references, action)


async def replace_with_aliases(
    change: Change, caller: Caller, stored: Stored[Domain], domain: Domain, action: str
) -> Stored[Domain]:
    """Store a domain in place of the present one, for whoever looks after its aliases.

    Raises:
        ProviderNotFound: When the provider is not stored or the caller may not see it.
        InvalidInput: When it or a mailbox of it could not be published, or its alias leads nowhere.
    """
    if stored.value == domain:
        return stored
    references = await checked_domain(change.unit, caller, domain)
    await change.unit.locks.lock_with_aliases(stored.id)
    return await _replace(change, stored, domain, references, action)


async def _replace(
    change: Change, stored: Stored[Domain], domain: Domain, references: _References, action: str
) -> Stored[Domain]:
    provider, target = references
    await check_mailboxes(change.unit, stored, domain, provider.value)
    alias_of_id = None if target is None else target.id
    changed = await change.unit.domains.replace(stored, domain, provider.id, alias_of_id, change.now)
    if domain.provider != stored.value.provider:
        await change.unit.verifications.forget_of([stored.id])
    change.note(action, stored, changed)
    return changed


async def visible_domain(unit: UnitOfWork, caller: Caller, name: DomainName) -> Stored[Domain]:
    """Return a domain that the caller may see.

    Raises:
        DomainNotFound: When there is none.
    """
    stored = await unit.domains.find(name)
    if stored is None or not caller.sees(stored.value.provider):
        raise DomainNotFound(name.ascii)
    return stored


async def checked_domain(
    unit: UnitOfWork, caller: Caller, domain: Domain, present: Stored[Domain] | None = None
) -> _References:
    """Check a domain against what it refers to; return that.

    Args:
        unit: The transaction.
        caller: Who wants it.
        domain: What is to be stored.
        present: What it takes the place of, where that has to stay with its aliases and mailboxes.

    Raises:
        ProviderNotFound: When the provider is not stored or the caller may not see it.
        InvalidInput: When it could not be published, or its alias leads nowhere.
    """
    check_authored_servers(domain.servers)
    await unit.locks.share_providers([domain.provider])
    provider = await unit.providers.find(domain.provider) if caller.sees(domain.provider) else None
    if provider is None:
        raise ProviderNotFound(domain.provider)
    await unit.locks.keep_relations(None if present is None else present.id, domain.alias_of)
    if present is not None:
        await _check_change(unit, domain, present)
    target = await _alias_target(unit, domain)
    check_resolvable(provider.value, domain, target.value if target else None)
    return provider, target


async def _check_change(unit: UnitOfWork, domain: Domain, present: Stored[Domain]) -> None:
    if leaves_relations_alone(domain, present.value):
        return
    aliases = await unit.domains.alias_count(present.id)
    has_mailboxes = bool(await unit.mailboxes(present).page(after="", limit=1))
    check_relations(domain, present.value, aliases=aliases, has_mailboxes=has_mailboxes)


async def _alias_target(unit: UnitOfWork, domain: Domain) -> Stored[Domain] | None:
    if domain.alias_of is None:
        return None
    target = await unit.domains.find(domain.alias_of)
    check_alias_target(domain, None if target is None else target.value)
    return target
