"""Whether the mailboxes of a domain can be published as before once the domain is changed."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app.core.domain_lines import Operation
from app.core.mailbox_changes import INHERITED, Inheritance, InheritanceChange, concerns_mailboxes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.core.domain_lines import DomainLine
    from app.core.domains import Domain, Mailbox
    from app.core.provider import Provider
    from app.core.stored import Stored
    from app.store.domain_batches import PresentDomain
    from app.store.unit_of_work import UnitOfWork

MAX_MAILBOXES: Final = 100_000
"""So many mailboxes of a domain that have to do with variables are looked at; what is behind is not seen."""
MAX_IN_BATCH: Final = 20_000
"""So many of all domains of a batch of lines."""


async def check_mailboxes(
    unit: UnitOfWork, stored: Stored[Domain], domain: Domain, provider: Provider
) -> None:
    """Refuse a change of a domain that takes a server from one of its mailboxes.

    Where neither the provider nor variables, servers or the published name change nothing is read.

    Args:
        unit: The transaction.
        stored: The present domain.
        domain: What is to take its place.
        provider: That domain's provider.

    Raises:
        InvalidInput: Naming the field that is at fault, and the domain.
    """
    if not concerns_mailboxes(stored.value, domain):
        return
    change = InheritanceChange(
        Inheritance(await _present_provider(unit, stored.value, provider), stored.value),
        Inheritance(provider, domain),
    )
    mailboxes = unit.variable_mailboxes.of({stored.id: domain.name}, limit=MAX_MAILBOXES)
    async with aclosing(mailboxes) as batches:
        async for batch in batches:
            for _, mailbox in batch:
                change.check(mailbox)
            # Mail clients are answered in between.
            await asyncio.sleep(0)


@dataclass(frozen=True, slots=True)
class RelyingMailboxes:
    """Of the domains that a batch of lines may change: what their mailboxes inherit so far, and from whom."""

    providers: Mapping[str, Stored[Provider]]
    """The present providers of the domains."""
    mailboxes: Mapping[int, Sequence[Mailbox]]
    """By the domain's number, of those whose lines leave mailboxes as they are."""


async def find_relying(
    unit: UnitOfWork, lines: Sequence[tuple[DomainLine, PresentDomain]]
) -> RelyingMailboxes:
    """Look up the mailboxes that may come off worse by lines; ``MAX_IN_BATCH`` of them at the most."""
    changing = [(line, present) for line, present in lines if _may_change(line, present)]
    if not changing:
        return RelyingMailboxes({}, {})
    providers = await unit.providers.named(sorted({present.provider for _, present in changing}))
    names = {present.id: line.name for line, present in changing if line.mailboxes is None}
    found: dict[int, list[Mailbox]] = {}
    async with aclosing(unit.variable_mailboxes.of(names, limit=MAX_IN_BATCH)) as batches:
        async for batch in batches:
            for domain_id, mailbox in batch:
                found.setdefault(domain_id, []).append(mailbox)
    return RelyingMailboxes(providers, found)


def _may_change(line: DomainLine, present: PresentDomain) -> bool:
    """Tell whether a line may change what mailboxes inherit; an alias has none."""
    if line.operation is Operation.DELETE or present.alias_of is not None:
        return False
    if line.domain is not None:
        return not present.is_same_as(line.domain)
    return bool(INHERITED & (line.members or {}).keys())


async def _present_provider(unit: UnitOfWork, present: Domain, provider: Provider) -> Provider:
    if present.provider == provider.slug:
        return provider
    found = await unit.providers.find(present.provider)
    assert found is not None, "a foreign key holds it"  # noqa: S101
    return found.value
