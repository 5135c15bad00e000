from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

import pytest
from app.core.errors import ConcurrentChange, ProviderTaken
from app.core.provider import Provider
from app.core.servers import ServerType
from app.store.sources import FROM_API, FROM_ISPDB

from builders import a_provider, an_imap_server, an_smtp_server
from databases import stored_domain, stored_provider
from fakes.clock import LATER, NOW
from full_values import FULL_DOMAIN, FULL_PROVIDER, OPTIONS, SERVERS

if TYPE_CHECKING:
    from app.store.unit_of_work import Store


def test_the_full_provider_leaves_no_field_at_its_default() -> None:
    bare = Provider(slug="bare", display_name="Bare", short_name="Bare")
    for field in fields(Provider):
        assert getattr(FULL_PROVIDER, field.name) != getattr(bare, field.name), field.name


def test_the_full_values_hold_every_type_and_every_kind_of_options() -> None:
    assert {server.type for server in SERVERS} == set(ServerType)
    assert {type(server.options) for server in SERVERS} == {type(None), *(type(o) for _, o in OPTIONS)}


async def test_a_provider_comes_back_as_it_was_stored(store: Store) -> None:
    stored = await stored_provider(store, FULL_PROVIDER)
    assert (stored.version, stored.created_at, stored.updated_at) == (1, NOW, NOW)
    async with store.reading() as unit:
        assert await unit.providers.find(FULL_PROVIDER.slug) == stored
        assert await unit.providers.find("other") is None


async def test_a_bare_provider_comes_back_as_it_was_stored(store: Store) -> None:
    bare = Provider(slug="b", display_name="B", short_name="B")
    stored = await stored_provider(store, bare)
    async with store.reading() as unit:
        assert await unit.providers.find("b") == stored
    assert stored.value == bare


async def test_each_server_comes_back_alone(store: Store) -> None:
    alone = [a_provider(slug=f"p-{server.key}", servers=(server,)) for server in SERVERS]
    async with store.writing() as unit:
        for provider in alone:
            await unit.providers.insert(provider, NOW)
    async with store.reading() as unit:
        for provider in alone:
            found = await unit.providers.find(provider.slug)
            assert found is not None
            assert found.value.servers == provider.servers


async def test_a_replaced_provider_has_the_next_version_and_nothing_of_the_old(store: Store) -> None:
    stored = await stored_provider(store, FULL_PROVIDER)
    plain = a_provider(slug=FULL_PROVIDER.slug)
    async with store.writing() as unit:
        replaced = await unit.providers.replace(stored, plain, LATER)
    assert (replaced.id, replaced.version) == (stored.id, 2)
    assert (replaced.created_at, replaced.updated_at) == (NOW, LATER)
    async with store.reading() as unit:
        assert await unit.providers.find(FULL_PROVIDER.slug) == replaced


async def test_servers_can_be_put_in_another_order_and_keep_it(store: Store) -> None:
    first, second = an_imap_server(), an_smtp_server()
    stored = await stored_provider(store, a_provider(servers=(first, second)))
    turned = a_provider(servers=(second, first))
    async with store.writing() as unit:
        await unit.providers.replace(stored, turned, LATER)
    async with store.reading() as unit:
        found = await unit.providers.find("provider")
    assert found is not None
    assert found.value == turned


async def test_unchanged_servers_stay_when_the_provider_changes(store: Store) -> None:
    stored = await stored_provider(store)
    async with store.writing() as unit:
        changed = replace(stored.value, display_name="Other")
        await unit.providers.replace(stored, changed, LATER)
    async with store.reading() as unit:
        found = await unit.providers.find("provider")
    assert found is not None
    assert found.value == changed


async def test_a_provider_that_changed_since_it_was_read_is_not_replaced(store: Store) -> None:
    stored = await stored_provider(store)
    async with store.writing() as unit:
        replaced = await unit.providers.replace(stored, a_provider(display_name="First"), LATER)
    async with store.writing() as unit:
        with pytest.raises(ConcurrentChange):
            await unit.providers.replace(stored, a_provider(display_name="Second"), LATER)
    async with store.reading() as unit:
        assert await unit.providers.find("provider") == replaced


async def test_a_provider_that_changed_since_it_was_read_is_not_deleted(store: Store) -> None:
    stored = await stored_provider(store)
    async with store.writing() as unit:
        replaced = await unit.providers.replace(stored, a_provider(display_name="First"), LATER)
    async with store.writing() as unit:
        with pytest.raises(ConcurrentChange):
            await unit.providers.delete(stored)
    async with store.writing() as unit:
        await unit.providers.delete(replaced)
    async with store.reading() as unit:
        assert await unit.providers.count() == 0


async def test_a_slug_is_stored_once(store: Store) -> None:
    await stored_provider(store)
    with pytest.raises(ProviderTaken):
        await stored_provider(store, a_provider(display_name="Other"))
    async with store.reading() as unit:
        assert await unit.providers.count() == 1


async def test_a_provider_with_domains_is_not_deleted(store: Store) -> None:
    stored = await stored_provider(store)
    await stored_domain(store)
    async with store.writing() as unit:
        with pytest.raises(ConcurrentChange):
            await unit.providers.delete(stored)
    async with store.reading() as unit:
        assert await unit.providers.domain_count(stored.id) == 1
        assert await unit.domains.count() == 1


async def test_a_deleted_providers_servers_go_with_it(store: Store) -> None:
    stored = await stored_provider(store)
    async with store.writing() as unit:
        await unit.providers.delete(stored)
    # Were they still there, the key would be in use for an owner that gets the same id again.
    again = await stored_provider(store, a_provider(servers=(an_imap_server(port=1),)))
    async with store.reading() as unit:
        assert await unit.providers.find("provider") == again


async def test_pages_are_by_slug_and_end(store: Store) -> None:
    for slug in ("c", "a", "d", "b"):
        await stored_provider(store, a_provider(slug=slug))
    async with store.reading() as unit:
        first = await unit.providers.page(after="", limit=3, only=None)
        second = await unit.providers.page(after="c", limit=3, only=None)
        limited = await unit.providers.page(after="", limit=3, only="d")
        limited_behind = await unit.providers.page(after="d", limit=3, only="d")
    assert [found.value.slug for found in first] == ["a", "b", "c"]
    assert [found.value.slug for found in second] == ["d"]
    assert [found.value.slug for found in limited] == ["d"]
    assert limited_behind == []
    assert first[0].value.servers == a_provider().servers


async def test_providers_are_told_apart_by_their_source(store: Store) -> None:
    async with store.writing() as unit:
        imported = await unit.providers.insert(a_provider(slug="imported"), NOW, FROM_ISPDB)
        await unit.providers.insert(a_provider(slug="written"), NOW)
    async with store.reading() as unit:
        assert await unit.providers.from_source(FROM_ISPDB) == [imported]
        named = await unit.providers.sources_of(["imported", "written", "none"])
    assert named == {"imported": FROM_ISPDB, "written": FROM_API}


async def test_a_providers_domains_are_counted(store: Store) -> None:
    provider = await stored_provider(store, FULL_PROVIDER)
    async with store.reading() as unit:
        assert await unit.providers.domain_count(provider.id) == 0
    await stored_domain(store, FULL_DOMAIN)
    async with store.reading() as unit:
        assert await unit.providers.domain_count(provider.id) == 1
