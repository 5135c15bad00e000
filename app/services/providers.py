"""Providers and their servers, as their owners change them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from app.core.authoring import check_authored_provider
from app.core.errors import (
    NotPermitted,
    ProviderInUse,
    ProviderNotFound,
    ProviderTaken,
    ServerNotFound,
)
from app.core.provider import is_slug
from app.services.callers import Scope
from app.services.changes import Changes, twice
from app.services.preconditions import ANYTHING, Precondition
from app.services.provider_dependents import check_dependents

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from app.core.provider import Provider
    from app.core.servers import Server
    from app.core.stored import Stored
    from app.services.callers import Caller
    from app.services.changes import Change
    from app.store.unit_of_work import Store, UnitOfWork


class ProviderService:
    """Reads and changes of providers; every method checks what the caller may."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        """Take the database and the time."""
        self._store = store
        self._changes = Changes(store, clock)

    async def page(self, caller: Caller, *, after: str, limit: int) -> list[Stored[Provider]]:
        """Return the providers that the caller sees, by slug, behind ``after``."""
        caller.require(Scope.DOMAINS_READ)
        async with self._store.reading() as unit:
            return await unit.providers.page(after=after, limit=limit, only=caller.provider)

    async def count(self, caller: Caller) -> int:
        """Return how many providers the caller sees."""
        caller.require(Scope.DOMAINS_READ)
        async with self._store.reading() as unit:
            if caller.provider is None:
                return await unit.providers.count()
            return len(await unit.providers.page(after="", limit=1, only=caller.provider))

    async def get(self, caller: Caller, slug: str) -> Stored[Provider]:
        """Return one provider.

        Raises:
            ProviderNotFound: When it is not stored or the caller may not see it.
        """
        caller.require(Scope.DOMAINS_READ)
        async with self._store.reading() as unit:
            return await _visible(unit, caller, slug)

    async def create(self, caller: Caller, provider: Provider) -> Stored[Provider]:
        """Store a provider.

        Raises:
            ProviderTaken: When the slug is in use.
            NotPermitted: When the caller is limited to a provider.
        """
        _require_unlimited(caller)
        check_authored_provider(provider)
        async with self._changes.making(caller) as change:
            if await change.unit.providers.find(provider.slug) is not None:
                raise ProviderTaken(provider.slug)
            return await _insert(change, provider, "provider.create")

    async def put(
        self, caller: Caller, provider: Provider, precondition: Precondition = ANYTHING
    ) -> tuple[Stored[Provider], bool]:
        """Store a provider, in place of the present one if there is one.

        Returns:
            What is stored, and whether it was not there before.

        Raises:
            StaleVersion: When the precondition does not hold.
            InvalidInput: When some domain, alias or mailbox could no longer be published.
        """
        caller.require(Scope.PROVIDERS_WRITE)
        check_authored_provider(provider)
        return await twice(caller, ProviderTaken, lambda: self._put(caller, provider, precondition))

    async def _put(
        self, caller: Caller, provider: Provider, precondition: Precondition
    ) -> tuple[Stored[Provider], bool]:
        async with self._changes.making(caller) as change:
            visible = caller.sees(provider.slug)
            stored = await change.unit.providers.find(provider.slug) if visible else None
            precondition.check(stored)
            if stored is None:
                _require_unlimited(caller)
                return await _insert(change, provider, "provider.put"), True
            return await _replace(change, stored, provider, "provider.put"), False

    async def patch(
        self,
        caller: Caller,
        slug: str,
        edit: Callable[[Stored[Provider]], Provider],
        precondition: Precondition = ANYTHING,
    ) -> Stored[Provider]:
        """Store what ``edit`` makes of the present provider.

        Raises:
            ProviderNotFound: When it is not stored or the caller may not see it.
        """
        caller.require(Scope.PROVIDERS_WRITE)
        async with self._changes.making(caller) as change:
            stored = await _visible(change.unit, caller, slug)
            precondition.check(stored)
            provider = edit(stored)
            check_authored_provider(provider)
            return await _replace(change, stored, provider, "provider.patch")

    async def delete(self, caller: Caller, slug: str, precondition: Precondition = ANYTHING) -> None:
        """Remove a provider.

        Raises:
            ProviderInUse: When it still has domains.
        """
        _require_unlimited(caller)
        async with self._changes.making(caller) as change:
            stored = await _visible(change.unit, caller, slug)
            precondition.check(stored)
            if domains := await change.unit.providers.domain_count(stored.id):
                raise ProviderInUse(slug, domains)
            for token in await change.unit.tokens.of_provider(stored.id):
                change.note("token.delete", token, None)
            for webhook in await change.unit.webhooks.of_provider(stored.id):
                change.note("webhook.delete", webhook, None)
            await change.unit.providers.delete(stored)
            change.note("provider.delete", stored, None)

    async def get_server(self, caller: Caller, slug: str, key: str) -> tuple[Stored[Provider], Server]:
        """Return one server, and the provider for its version.

        Raises:
            ServerNotFound: When the provider has none of that key.
        """
        stored = await self.get(caller, slug)
        return stored, server_of(stored.value, key)

    async def put_server(
        self,
        caller: Caller,
        slug: str,
        server: Server,
        precondition: Precondition = ANYTHING,
    ) -> tuple[Stored[Provider], bool]:
        """Store a server in its place, or at the end when its key is not there yet.

        Returns:
            The provider as it is stored, and whether the server was not there before.
        """
        caller.require(Scope.PROVIDERS_WRITE)
        async with self._changes.making(caller) as change:
            stored = await _visible(change.unit, caller, slug)
            present = stored.value.servers
            is_new = all(one.key != server.key for one in present)
            precondition.check(stored, is_there=not is_new)
            servers = (*present, server) if is_new else _swapped(present, server)
            provider = replace(stored.value, servers=servers)
            check_authored_provider(provider)
            return await _replace(change, stored, provider, "server.put"), is_new

    async def patch_server(
        self,
        caller: Caller,
        slug: str,
        edit: Callable[[Stored[Provider]], Server],
        precondition: Precondition = ANYTHING,
    ) -> tuple[Stored[Provider], Server]:
        """Store what ``edit`` makes of one of the provider's servers, in its place.

        Returns:
            The provider as it is stored, and the server.

        Raises:
            ProviderNotFound: When it is not stored or the caller may not see it.
        """
        caller.require(Scope.PROVIDERS_WRITE)
        async with self._changes.making(caller) as change:
            stored = await _visible(change.unit, caller, slug)
            precondition.check(stored)
            server = edit(stored)
            provider = replace(stored.value, servers=_swapped(stored.value.servers, server))
            check_authored_provider(provider)
            return await _replace(change, stored, provider, "server.patch"), server

    async def delete_server(
        self, caller: Caller, slug: str, key: str, precondition: Precondition = ANYTHING
    ) -> Stored[Provider]:
        """Remove a server.

        Raises:
            ServerNotFound: When the provider has none of that key.
        """
        caller.require(Scope.PROVIDERS_WRITE)
        async with self._changes.making(caller) as change:
            stored = await _visible(change.unit, caller, slug)
            precondition.check(stored)
            gone = server_of(stored.value, key)
            servers = tuple(server for server in stored.value.servers if server is not gone)
            return await _replace(change, stored, replace(stored.value, servers=servers), "server.delete")


async def _insert(change: Change, provider: Provider, action: str) -> Stored[Provider]:
    stored = await change.unit.providers.insert(provider, change.now)
    change.note(action, None, stored)
    return stored


async def _replace(
    change: Change, stored: Stored[Provider], provider: Provider, action: str
) -> Stored[Provider]:
    if provider == stored.value:
        return stored
    await check_dependents(change.unit.provider_dependents, stored, provider, change.unit.locks)
    changed = await change.unit.providers.replace(stored, provider, change.now)
    change.note(action, stored, changed)
    return changed


async def _visible(unit: UnitOfWork, caller: Caller, slug: str) -> Stored[Provider]:
    # PostgreSQL cannot even be asked for a text with a NUL in it.
    stored = await unit.providers.find(slug) if caller.sees(slug) and is_slug(slug) else None
    if stored is None:
        raise ProviderNotFound(slug)
    return stored


def _require_unlimited(caller: Caller) -> None:
    caller.require(Scope.PROVIDERS_WRITE)
    if caller.provider is not None:
        raise NotPermitted(Scope.PROVIDERS_WRITE)


def server_of(provider: Provider, key: str) -> Server:
    """Return a provider's server.

    Raises:
        ServerNotFound: When it has none of that key.
    """
    for server in provider.servers:
        if server.key == key:
            return server
    raise ServerNotFound(key)


def _swapped(servers: tuple[Server, ...], server: Server) -> tuple[Server, ...]:
    return tuple(server if one.key == server.key else one for one in servers)
