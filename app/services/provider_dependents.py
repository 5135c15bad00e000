"""Whether all that rely on a provider can be published as before once it is changed."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

from app.core.provider_changes import OwnServerChecks, ProviderChange

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from app.core.provider import Provider
    from app.core.provider_changes import AffectedServers, ValueSet
    from app.core.stored import Stored
    from app.store.provider_dependents import ProviderDependents
    from app.store.relation_locks import RelationLocks

MAX_SETS: Final = 100_000
"""So many distinct sets of values, and so many owners of servers that name a variable, are looked at."""
_MOST_UNFIT: Final = 100
"""So many sets that do not fit are compared one by one with what they came to before."""


async def check_dependents(
    dependents: ProviderDependents,
    stored: Stored[Provider],
    provider: Provider,
    locks: RelationLocks | None = None,
) -> None:
    """Refuse a provider some of whose domains, aliases or mailboxes could no longer be published.

    What could not be published before is no reason, and where neither a server's texts nor a variable's
    value changed nothing is read. Else whoever is just storing one of them is waited for, and who comes
    later waits until the end of the transaction.

    However many domains there are, what is looked at is bounded: for those that use the provider's servers
    ``MAX_SETS`` distinct sets of the values that the changed servers name, those that most domains have
    first, and as many of mailboxes; ``MAX_SETS`` domains and as many mailboxes whose own servers or login
    name a variable that lost its value. What is behind these is not seen.

    Args:
        dependents: Those that rely on it.
        stored: The present provider.
        provider: What is to take its place.
        locks: Those of the transaction; None where nothing is going to be changed.

    Raises:
        InvalidInput: Naming what is at fault, ``variables`` or a server, and a domain.
    """
    change = ProviderChange(stored.value, provider)
    changed_servers = change.affected()
    if locks is not None and (changed_servers or change.lost):
        await locks.lock_provider(stored.value.slug)
    for affected in changed_servers:
        for is_of_mailboxes, like in await _unfit(dependents, stored.id, affected):
            read = dependents.mailbox_values if is_of_mailboxes else dependents.domain_values
            query = affected.comparing_query
            await _check_sets(affected, read(stored.id, query, limit=MAX_SETS, like=like))
    if change.lost:
        await _check_own_servers(dependents, stored.id, change)


async def _unfit(
    dependents: ProviderDependents, provider_id: int, affected: AffectedServers
) -> list[tuple[bool, Mapping[str, str | None]]]:
    """Return whose values do not fit some of the servers, whatever was before: mailboxes' or not, and which.

    Where these are many, no values are named: all are to be looked at.
    """
    query = affected.query
    sources = [dependents.domain_values(provider_id, query, limit=MAX_SETS)]
    if query.names:
        sources.append(dependents.mailbox_values(provider_id, query, limit=MAX_SETS))
    unfit: list[tuple[bool, Mapping[str, str | None]]] = []
    for source in sources:
        async with aclosing(source) as batches:
            async for batch in batches:
                unfit += [
                    (found.is_of_mailboxes, {name: found.values.get(name) for name in query.names})
                    for found in batch
                    if not affected.fit(found)
                ]
                if len(unfit) > _MOST_UNFIT:
                    return [(False, {}), (True, {})] if query.names else [(False, {})]
                # Mail clients are answered in between.
                await asyncio.sleep(0)
    return unfit


async def _check_sets(affected: AffectedServers, source: AsyncGenerator[list[ValueSet], None]) -> None:
    """Check sets that are told apart by what the present servers name, too."""
    async with aclosing(source) as batches:
        async for batch in batches:
            for found in batch:
                affected.check(found)
            await asyncio.sleep(0)


async def _check_own_servers(
    dependents: ProviderDependents, provider_id: int, change: ProviderChange
) -> None:
    checks = OwnServerChecks(change)
    lost = sorted(change.lost)
    for source in (
        dependents.owners_naming(provider_id, lost, limit=MAX_SETS),
        dependents.mailboxes_naming(provider_id, lost, limit=MAX_SETS),
    ):
        async with aclosing(source) as batches:
            async for batch in batches:
                for dependent in batch:
                    checks.check(dependent)
                await asyncio.sleep(0)
