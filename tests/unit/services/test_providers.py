from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from app.core.errors import (
    InvalidInput,
    NotPermitted,
    ProviderInUse,
    ProviderNotFound,
    ProviderTaken,
    ServerNotFound,
    StaleVersion,
)
from app.services.callers import Scope
from app.services.preconditions import Precondition
from app.services.providers import ProviderService

from builders import a_pop3_server, a_provider, an_imap_server
from databases import OPERATOR, a_caller, stored_domain, stored_provider
from fakes.clock import NOW

if TYPE_CHECKING:
    from app.store.unit_of_work import Store

    from fakes.clock import FixedClock

TENANT, STRANGER = a_caller(provider="provider"), a_caller(provider="other")
NODE_SERVER = an_imap_server(hostname="%NODE%.provider.example")


@pytest.fixture
def providers(store: Store, clock: FixedClock) -> ProviderService:
    return ProviderService(store, clock)


async def test_a_provider_is_created_once_and_replaced_as_often_as_it_changes(
    providers: ProviderService, clock: FixedClock
) -> None:
    created = await providers.create(OPERATOR, a_provider())
    assert (created.value, created.version, created.created_at) == (a_provider(), 1, NOW)
    assert await providers.get(OPERATOR, "provider") == created
    with pytest.raises(ProviderTaken):
        await providers.create(OPERATOR, a_provider(display_name="Other"))
    clock.advance(hours=1)
    changed = a_provider(display_name="Other", servers=())
    replaced, is_new = await providers.put(OPERATOR, changed)
    assert (replaced.value, replaced.version, replaced.updated_at, is_new) == (changed, 2, clock(), False)
    assert await providers.put(OPERATOR, changed) == (replaced, False)
    put, is_new = await providers.put(OPERATOR, a_provider(slug="new"))
    assert (put.version, is_new) == (1, True)


async def test_what_only_imported_files_may_break_is_refused(providers: ProviderService) -> None:
    for write in (providers.create, providers.put):
        with pytest.raises(InvalidInput, match="short_name: must be at most 20"):
            await write(OPERATOR, a_provider(short_name="a" * 21))


async def test_a_provider_with_domains_is_not_deleted(store: Store, providers: ProviderService) -> None:
    await stored_provider(store)
    domain = await stored_domain(store)
    with pytest.raises(ProviderInUse, match="still has 1 domains"):
        await providers.delete(OPERATOR, "provider")
    async with store.writing() as unit:
        await unit.domains.delete(domain)
    await providers.delete(OPERATOR, "provider")
    with pytest.raises(ProviderNotFound):
        await providers.delete(OPERATOR, "provider")


async def test_a_tenant_changes_its_own_provider_and_sees_no_other(
    store: Store, providers: ProviderService
) -> None:
    await stored_provider(store)
    replaced, _ = await providers.put(TENANT, a_provider(display_name="Mine"))
    assert replaced.version == 2
    for refused in (
        providers.create(TENANT, a_provider(slug="new")),
        providers.put(TENANT, a_provider(slug="new")),
        providers.put(STRANGER, a_provider(display_name="Theirs")),
        providers.delete(TENANT, "provider"),
    ):
        with pytest.raises(NotPermitted):
            await refused
    for missing in (
        providers.get(STRANGER, "provider"),
        providers.get_server(STRANGER, "provider", "imap"),
        providers.put_server(STRANGER, "provider", an_imap_server()),
        providers.delete_server(STRANGER, "provider", "imap"),
    ):
        with pytest.raises(ProviderNotFound):
            await missing
    assert [found.value.slug for found in await providers.page(TENANT, after="", limit=5)] == ["provider"]
    assert await providers.page(STRANGER, after="", limit=5) == []
    assert len(await providers.page(OPERATOR, after="", limit=5)) == 1


@pytest.mark.parametrize("slug", ["nobody", "", "a\x00", "A", "../x", "ü"])
async def test_a_provider_that_cannot_be_is_not_found(providers: ProviderService, slug: str) -> None:
    with pytest.raises(ProviderNotFound):
        await providers.get(OPERATOR, slug)


async def test_servers_keep_their_places(store: Store, providers: ProviderService) -> None:
    await stored_provider(store)
    stored, is_new = await providers.put_server(TENANT, "provider", a_pop3_server(port=1995))
    assert (stored.version, is_new) == (2, False)
    assert [(server.key, server.port) for server in stored.value.servers] == [
        ("imap", 993),
        ("pop3", 1995),
        ("smtp", 465),
    ]
    stored, is_new = await providers.put_server(TENANT, "provider", a_pop3_server(key="pop3-2"))
    assert (stored.version, is_new) == (3, True)
    assert [server.key for server in stored.value.servers] == ["imap", "pop3", "smtp", "pop3-2"]
    unchanged, is_new = await providers.put_server(TENANT, "provider", a_pop3_server(key="pop3-2"))
    assert (unchanged, is_new) == (stored, False)
    found, server = await providers.get_server(TENANT, "provider", "pop3-2")
    assert (found, server.key) == (stored, "pop3-2")
    stored = await providers.delete_server(TENANT, "provider", "pop3")
    assert [server.key for server in stored.value.servers] == ["imap", "smtp", "pop3-2"]
    for missing in (
        providers.get_server(TENANT, "provider", "pop3"),
        providers.delete_server(TENANT, "provider", "pop3"),
    ):
        with pytest.raises(ServerNotFound):
            await missing


async def test_a_server_with_a_misprint_is_refused(store: Store, providers: ProviderService) -> None:
    await stored_provider(store)
    with pytest.raises(InvalidInput, match=r"servers\.0\.username"):
        await providers.put_server(OPERATOR, "provider", an_imap_server(username="%EMAILADDRESS"))


async def test_a_change_that_would_leave_a_domain_unpublished_is_refused(
    store: Store, providers: ProviderService
) -> None:
    await stored_provider(store)
    await stored_domain(store)
    changed = a_provider(servers=(NODE_SERVER,))
    with pytest.raises(InvalidInput, match=r"^servers\.0: needs the variable NODE"):
        await providers.put(OPERATOR, changed)
    with pytest.raises(InvalidInput, match=r"^servers\.0: needs the variable NODE"):
        await providers.put_server(OPERATOR, "provider", NODE_SERVER)
    await providers.put(OPERATOR, replace(changed, variables={"NODE": "srv1"}))
    with pytest.raises(InvalidInput, match="needs the variable NODE"):
        await providers.put(OPERATOR, changed)


async def test_a_write_holds_for_the_version_that_the_writer_knows(providers: ProviderService) -> None:
    first = Precondition(versions=frozenset({1}), must_exist=True)
    with pytest.raises(StaleVersion):
        await providers.put(OPERATOR, a_provider(), first)
    await providers.create(OPERATOR, a_provider())
    await providers.put(OPERATOR, a_provider(display_name="2"), first)
    for stale in (
        providers.put(OPERATOR, a_provider(display_name="3"), first),
        providers.put_server(OPERATOR, "provider", an_imap_server(port=1), first),
        providers.delete_server(OPERATOR, "provider", "imap", first),
        providers.delete(OPERATOR, "provider", first),
    ):
        with pytest.raises(StaleVersion):
            await stale


async def test_scopes_are_needed(store: Store, providers: ProviderService) -> None:
    await stored_provider(store)
    reader, writer = a_caller(Scope.DOMAINS_READ.value), a_caller(Scope.PROVIDERS_WRITE.value)
    await providers.get(reader, "provider")
    await providers.put(writer, a_provider(display_name="2"))
    for refused in (
        providers.create(reader, a_provider(slug="new")),
        providers.put(reader, a_provider()),
        providers.delete(reader, "provider"),
        providers.put_server(reader, "provider", an_imap_server()),
        providers.delete_server(reader, "provider", "imap"),
        providers.get(writer, "provider"),
        providers.page(writer, after="", limit=1),
    ):
        with pytest.raises(NotPermitted):
            await refused
