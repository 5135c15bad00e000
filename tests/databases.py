"""Databases with something in them, and who may change them."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from app.services.callers import Caller, Scope
from app.store.engine import create_engine, create_reader
from app.store.unit_of_work import Store

from builders import a_domain, a_provider
from fakes.clock import NOW

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine
    from pathlib import Path

    from app.core.domains import Domain, Mailbox
    from app.core.provider import Provider
    from app.core.stored import Stored

# Loopback, and a port that nothing may listen on: the connection is refused at once.
UNREACHABLE_URL = "postgresql+asyncpg://app@127.0.0.1:1/signpost"


@asynccontextmanager
async def opened(database_url: str) -> AsyncIterator[Store]:
    """Open a store, and close it whatever happens."""
    store = Store(create_engine(database_url), create_reader(database_url))
    try:
        yield store
    finally:
        await store.close()


def copy_and_fill(origin: Path, folder: Path, fill: Callable[[str], Coroutine[Any, Any, None]]) -> Path:
    """Copy an SQLite database into a folder and have something, which takes its URL, write to the copy."""
    path = folder / "filled.db"
    shutil.copy(origin, path)
    asyncio.run(fill(f"sqlite+aiosqlite:///{path}"))
    return path


ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ON_POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
"""For what only one of the two has."""


def a_caller(*scopes: str, provider: str | None = None) -> Caller:
    """Make a caller with these scopes (``admin`` if none)."""
    return Caller(
        token_id="0123456789ab",
        token_name="test",
        scopes=frozenset(scopes or {Scope.ADMIN.value}),
        provider=provider,
    )


OPERATOR = a_caller()


async def stored_provider(store: Store, provider: Provider | None = None) -> Stored[Provider]:
    async with store.writing() as unit:
        return await unit.providers.insert(provider or a_provider(), NOW)


async def stored_domain(store: Store, domain: Domain | None = None) -> Stored[Domain]:
    """Store a domain of a provider, and of a target if it is an alias, that are stored already."""
    domain = domain or a_domain()
    async with store.writing() as unit:
        provider = await unit.providers.find(domain.provider)
        target = None if domain.alias_of is None else await unit.domains.find(domain.alias_of)
        assert provider is not None
        return await unit.domains.insert(domain, provider.id, target.id if target else None, NOW)


async def stored_mailbox(store: Store, mailbox: Mailbox) -> Stored[Mailbox]:
    """Store a mailbox of a domain that is stored already."""
    async with store.writing() as unit:
        domain = await unit.domains.find(mailbox.address.domain)
        assert domain is not None
        return await unit.mailboxes(domain).insert(mailbox, NOW)
