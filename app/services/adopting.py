"""Turns what discovery found into stored settings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from app.core.domains import Domain
from app.core.errors import ProviderNotFound, refuse
from app.core.provider import MAX_DISPLAY_NAME, MAX_SHORT_NAME, SLUG_RULE, Provider, is_slug
from app.core.servers import next_key
from app.discovery.ranking import differences, propose
from app.services.callers import Scope

if TYPE_CHECKING:
    from app.core.candidates import Subject
    from app.core.servers import Server
    from app.core.stored import Stored
    from app.discovery.ranking import Proposal
    from app.services.callers import Caller
    from app.services.changes import Changes
    from app.services.discovering import Discovered
    from app.services.domains import DomainService
    from app.services.providers import ProviderService

NOTHING_FOUND: Final = "must lead to mail servers: discovery finds none to adopt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """What was stored, or would be."""

    source: str
    """Where the mail servers are from."""
    provider: Stored[Provider]
    is_new_provider: bool
    domain: Stored[Domain]
    """With servers of its own where the provider's differ from what was found."""


class Adopting:
    """Stores a discovered domain, in one transaction with its provider where that is new."""

    def __init__(self, changes: Changes, providers: ProviderService, domains: DomainService) -> None:
        """Take what opens the transaction, and what changes providers and domains."""
        self._changes = changes
        self._providers = providers
        self._domains = domains

    def check(self, caller: Caller, slug: str) -> None:
        """Refuse who may adopt nothing for a provider, before anything is asked or looked up.

        Raises:
            InvalidInput: When no provider can be called that.
            ProviderNotFound: When the caller is limited to another provider.
            NotPermitted: When the caller may not store domains.
        """
        caller.require(Scope.DOMAINS_WRITE)
        if not caller.sees(slug):
            raise ProviderNotFound(slug)
        if not is_slug(slug):
            raise refuse(SLUG_RULE, "provider")

    async def adopt(
        self, caller: Caller, discovered: Discovered, slug: str, source: str | None = None
    ) -> Adoption:
        """Store what was found as a domain of a provider; a caller's trial changes nothing.

        A provider that is not there yet is made with the servers; of one that is there the domain gets
        its own servers of those types in which it differs.

        Args:
            caller: Who adopts.
            discovered: What was found.
            slug: The provider's.
            source: Whose servers to take alone; None for the proposal.

        Raises:
            InvalidInput: When nothing was found, or what was found cannot be stored.
            DomainTaken: When the domain is stored already.
            ProviderNotFound: When the caller is limited to another provider.
            NotPermitted: When the caller may not do that.
        """
        self.check(caller, slug)
        origin, proposal = _chosen(discovered, source)
        subject = discovered.discovery.subject
        found = tuple(one.server for one in proposal.servers)
        async with self._changes.making(caller) as change:
            joined = replace(caller, call=replace(caller.call, transaction=change.unit))
            present = await change.unit.providers.find(slug)
            if present is None:
                new = _new_provider(proposal, subject, slug, found)
                provider = await self._providers.create(joined, new)
            else:
                provider = present
            own = () if present is None else own_servers(present.value.servers, found, subject)
            domain = Domain(name=subject.domain, provider=slug, servers=own)
            created = await self._domains.create(joined, domain)
        return Adoption(source=origin, provider=provider, is_new_provider=present is None, domain=created)


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


def _chosen(discovered: Discovered, source: str | None) -> tuple[str, Proposal]:
    """Return whose servers to take, and the proposal; that of a source is as if it alone had been asked."""
    discovery, proposal = discovered.discovery, discovered.proposal
    if source is not None:
        alone = tuple(one for one in discovery.candidates if one.source == source)
        proposal = propose(replace(discovery, candidates=alone))
    if proposal.source is None:
        raise refuse(NOTHING_FOUND, "address" if source is None else "source")
    return proposal.source, proposal


def _new_provider(proposal: Proposal, subject: Subject, slug: str, servers: tuple[Server, ...]) -> Provider:
    name = proposal.display_name or subject.domain.unicode
    return Provider(
        slug=slug,
        display_name=name[:MAX_DISPLAY_NAME].strip(),
        short_name=name[:MAX_SHORT_NAME].strip(),
        servers=servers,
    )
