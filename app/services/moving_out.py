"""What is stored, gathered for files of other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.core.domains import DomainStatus
from app.core.errors import ProviderNotFound
from app.core.leaving import Household, holding_of, losses_of_provider
from app.core.moving import Loss
from app.core.queries import DomainQuery
from app.core.resolving import resolve

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.core.domains import Domain
    from app.core.moving import Holding
    from app.core.provider import Provider
    from app.core.stored import Stored
    from app.store.unit_of_work import Store, UnitOfWork

_PAGE: Final = 1000


class MovingOut:
    """Gathers providers with their domains."""

    def __init__(self, store: Store) -> None:
        """Take the database."""
        self._store = store

    async def gather(self, slug: str | None = None) -> tuple[list[Household], list[Loss]]:
        """Gather all providers that have active domains, or one, from one state of the database.

        Returns:
            The providers, and what of theirs no other program has a place for.

        Raises:
            ProviderNotFound: When there is no such provider.
        """
        households: list[Household] = []
        losses: list[Loss] = []
        async with self._store.reading() as unit:
            async for stored in _providers(unit, slug):
                holdings = tuple([one async for one in _holdings(unit, stored.value, losses)])
                if not holdings and slug is None:
                    continue
                households.append(Household(provider=stored.value, holdings=holdings))
                losses += losses_of_provider(stored.value)
                if count := await unit.providers.mailbox_count(stored.id):
                    reason = f"{count} mailboxes have settings of their own, which have no place there"
                    losses.append(Loss(f"provider {stored.value.slug}", reason))
        return households, losses


async def _providers(unit: UnitOfWork, slug: str | None) -> AsyncIterator[Stored[Provider]]:
    if slug is not None:
        found = await unit.providers.find(slug)
        if found is None:
            raise ProviderNotFound(slug)
        yield found
        return
    after = ""
    while page := await unit.providers.page(after=after, limit=_PAGE, only=None):
        for stored in page:
            yield stored
        after = page[-1].value.slug


async def _holdings(unit: UnitOfWork, provider: Provider, losses: list[Loss]) -> AsyncIterator[Holding]:
    after, query = "", DomainQuery(provider=provider.slug)
    while page := await unit.domains.page(after=after, limit=_PAGE, query=query):
        for stored in page:
            domain = stored.value
            subject = f"domain {domain.name.ascii}"
            target = await _target(unit, domain)
            if any(one.status is DomainStatus.SUSPENDED for one in (domain, target or domain)):
                losses.append(Loss(subject, "is suspended, which has no place there: it is left out"))
                continue
            account = resolve(provider, domain, target=target)
            losses += [Loss(subject, omission.detail) for omission in account.withheld]
            yield holding_of(account)
        after = page[-1].value.name.ascii


async def _target(unit: UnitOfWork, domain: Domain) -> Domain | None:
    found = None if domain.alias_of is None else await unit.domains.find(domain.alias_of)
    return None if found is None else found.value
