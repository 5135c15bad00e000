"""What becomes of domains: suspended, moved, deleted for a while, brought back."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from app.core.domains import DomainStatus
from app.core.errors import (
    ConcurrentChange,
    DeletedDomainNotFound,
    DomainTaken,
    InvalidInput,
    NotRestorable,
    refuse,
)
from app.core.mailbox_changes import Inheritance, check_mailbox
from app.services.callers import Scope
from app.services.changes import Changes
from app.services.domains import checked_domain, replace_domain, replace_with_aliases, visible_domain
from app.services.preconditions import ANYTHING, Precondition

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from app.core.deleted import DeletedDomain
    from app.core.domains import Domain
    from app.core.names import DomainName
    from app.core.stored import Stored
    from app.services.callers import Caller
    from app.services.changes import Change
    from app.store.unit_of_work import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Where a domain goes."""

    provider: str | None = None
    """None where it stays with its provider."""
    variables: Mapping[str, str | None] = field(default_factory=dict)
    """New values; None takes one away. All others stay."""

    def applied(self, domain: Domain) -> Domain:
        """Return the domain as it is there."""
        variables = {**domain.variables, **self.variables}
        return replace(
            domain,
            provider=domain.provider if self.provider is None else self.provider,
            variables={name: value for name, value in variables.items() if value is not None},
        )


class LifecycleService:
    """Changes of domains that are more than their fields; every method checks what the caller may."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        """Take the database and the time."""
        self._store = store
        self._changes = Changes(store, clock)

    async def suspend(
        self, caller: Caller, name: DomainName, precondition: Precondition = ANYTHING
    ) -> Stored[Domain]:
        """Have a domain and its aliases no longer answered for.

        Raises:
            DomainNotFound: When it is not stored or the caller may not see it.
        """
        return await self._set_status(caller, name, DomainStatus.SUSPENDED, precondition)

    async def resume(
        self, caller: Caller, name: DomainName, precondition: Precondition = ANYTHING
    ) -> Stored[Domain]:
        """Have a suspended domain answered for again.

        Raises:
            DomainNotFound: When it is not stored or the caller may not see it.
        """
        return await self._set_status(caller, name, DomainStatus.ACTIVE, precondition)

    async def _set_status(
        self, caller: Caller, name: DomainName, status: DomainStatus, precondition: Precondition
    ) -> Stored[Domain]:
        caller.require(Scope.DOMAINS_WRITE)
        action = "domain.suspend" if status is DomainStatus.SUSPENDED else "domain.resume"
        async with self._changes.making(caller) as change:
            stored = await visible_domain(change.unit, caller, name)
            precondition.check(stored)
            return await replace_domain(change, caller, stored, replace(stored.value, status=status), action)

    async def move(
        self, caller: Caller, name: DomainName, move: Move, precondition: Precondition = ANYTHING
    ) -> Stored[Domain]:
        """Move a domain to another provider or node, and its aliases with it.

        Raises:
            DomainNotFound: When it is not stored or the caller may not see it.
            ProviderNotFound: When the provider is not stored or the caller may not see it.
            InvalidInput: When it, or an alias or mailbox of it, could not be published there.
        """
        caller.require(Scope.DOMAINS_WRITE)
        if move.provider is None and not move.variables:
            raise refuse("must name a provider or variables")
        async with self._changes.making(caller) as change:
            stored = await visible_domain(change.unit, caller, name)
            precondition.check(stored)
            domain = move.applied(stored.value)
            moved = await replace_with_aliases(change, caller, stored, domain, "domain.move")
            if domain.provider != stored.value.provider:
                for alias in await change.unit.domains.aliases_of(stored.id):
                    there = replace(alias.value, provider=domain.provider)
                    await replace_with_aliases(change, caller, alias, there, "domain.move")
            return moved

    async def deleted_page(
        self,
        caller: Caller,
        *,
        before: int | None = None,
        limit: int,
        provider: str | None = None,
        name: DomainName | None = None,
    ) -> list[DeletedDomain]:
        """Return deleted domains that the caller sees, the last one first, behind the one of this id."""
        caller.require(Scope.DOMAINS_READ)
        if provider is not None and not caller.sees(provider):
            return []
        async with self._store.reading() as unit:
            wanted = caller.provider if provider is None else provider
            return await unit.deleted_domains.page(before=before, limit=limit, provider=wanted, name=name)

    async def deleted_count(
        self, caller: Caller, *, provider: str | None = None, name: DomainName | None = None
    ) -> int:
        """Return how many deleted domains the caller sees."""
        caller.require(Scope.DOMAINS_READ)
        if provider is not None and not caller.sees(provider):
            return 0
        async with self._store.reading() as unit:
            wanted = caller.provider if provider is None else provider
            return await unit.deleted_domains.count(provider=wanted, name=name)

    async def restore(self, caller: Caller, name: DomainName) -> Stored[Domain]:
        """Bring back the domain of this name that was deleted last, with its servers and mailboxes.

        Raises:
            DeletedDomainNotFound: When none is kept, or none that the caller may see.
            DomainTaken: When the name is stored again.
            NotRestorable: When what it refers to is no longer as it was.
        """
        caller.require(Scope.DOMAINS_WRITE)
        async with self._changes.making(caller) as change:
            found = await change.unit.deleted_domains.page(
                before=None, limit=1, provider=caller.provider, name=name
            )
            if not found:
                raise DeletedDomainNotFound(name.ascii)
            if await change.unit.domains.find(name) is not None:
                raise DomainTaken(name.ascii)
            try:
                return await _restored(change, caller, found[0])
            except InvalidInput as error:
                raise NotRestorable(name.ascii, str(error)) from None


async def _restored(change: Change, caller: Caller, deleted: DeletedDomain) -> Stored[Domain]:
    domain = deleted.domain.value
    provider, target = await checked_domain(change.unit, caller, domain)
    alias_of_id = None if target is None else target.id
    stored = await change.unit.domains.restore(deleted.domain, provider.id, alias_of_id, change.now)
    change.note("domain.restore", None, stored)
    mailboxes = change.unit.mailboxes(stored)
    inheritance = Inheritance(provider.value, domain)
    for mailbox in await change.unit.deleted_domains.mailboxes_of(deleted):
        check_mailbox(inheritance, mailbox.value)
        change.note("domain.restore", None, await mailboxes.restore(mailbox), provider=domain.provider)
    if not await change.unit.deleted_domains.delete(deleted):
        raise ConcurrentChange(f"The domain {domain.name}")
    return stored
