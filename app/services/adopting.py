"""Turns what discovery found into stored settings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from app.core.domains import Domain
from app.core.errors import refuse
from app.core.provider import MAX_DISPLAY_NAME, MAX_SHORT_NAME, Provider
from app.core.servers import next_key
from app.discovery.ranking import differences

if TYPE_CHECKING:
    from app.core.candidates import Subject
    from app.core.servers import Server
    from app.services.callers import Caller
    from app.services.discovering import Discovered
    from app.services.domains import DomainService
    from app.services.providers import ProviderService
    from app.store.unit_of_work import Store

NOTHING_FOUND: Final = "must be found by discovery: there are no mail servers to adopt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """What was stored, or would be."""

    provider: Provider
    is_new_provider: bool
    domain: Domain
    """With servers of its own where the provider's differ from what was found."""


class Adopting:
    """Stores a discovered domain, in one transaction with its provider where that is new."""

    def __init__(self, store: Store, providers: ProviderService, domains: DomainService) -> None:
        """Take the database, and what changes providers and domains."""
        self._store = store
        self._providers = providers
        self._domains = domains

    async def adopt(self, caller: Caller, discovered: Discovered, slug: str) -> Adoption:
        """Store the proposal as a domain of a provider; a caller's trial changes nothing.

        A provider that is not there yet is made with the servers; of one that is there the domain gets
        its own servers of those types in which it differs.

        Raises:
            InvalidInput: When nothing was found, or what was found cannot be stored.
            DomainTaken: When the domain is stored already.
            NotPermitted: When the caller may not do that.
        """
        if discovered.proposal.source is None:
            raise refuse(NOTHING_FOUND, "servers")
        subject = discovered.discovery.subject
        found = tuple(one.server for one in discovered.proposal.servers)
        async with self._store.writing(keep=not caller.call.dry_run) as unit:
            joined = replace(caller, call=replace(caller.call, transaction=unit))
            stored = await unit.providers.find(slug)
            if stored is None:
                provider = _new_provider(discovered, slug, found)
                await self._providers.create(joined, provider)
            else:
                provider = stored.value
            own = () if stored is None else own_servers(provider.servers, found, subject)
            domain = Domain(name=subject.domain, provider=slug, servers=own)
            await self._domains.create(joined, domain)
        return Adoption(provider=provider, is_new_provider=stored is None, domain=domain)


def own_servers(
    provided: tuple[Server, ...], found: tuple[Server, ...], subject: Subject
) -> tuple[Server, ...]:
    """Return the found servers of those types of which the provider has others, each with a free key."""
    own: list[Server] = []
    # Those of a type give way together, and their keys become free.
    taken: set[str] = set()
    for kind in dict.fromkeys(server.type for server in found):
        ours = [server for server in provided if server.type is kind]
        theirs = [server for server in found if server.type is kind]
        is_same = len(ours) == len(theirs) and not any(
            differences(one, other, subject) for one, other in zip(ours, theirs, strict=True)
        )
        for server in () if is_same else theirs:
            others = {one.key for one in provided if one.type is not kind}
            keyed = replace(server, key=next_key(kind, taken | others))
            taken.add(keyed.key)
            own.append(keyed)
    return tuple(own)


def _new_provider(discovered: Discovered, slug: str, servers: tuple[Server, ...]) -> Provider:
    name = discovered.proposal.display_name or discovered.discovery.subject.domain.unicode
    return Provider(
        slug=slug,
        display_name=name[:MAX_DISPLAY_NAME].strip(),
        short_name=name[:MAX_SHORT_NAME].strip(),
        servers=servers,
    )
