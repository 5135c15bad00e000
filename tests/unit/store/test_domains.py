from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

import pytest
from app.core.domains import Domain, PublishedName
from app.core.errors import ConcurrentChange, DomainTaken
from app.core.names import DomainName
from app.core.queries import DomainQuery

from builders import a_domain, a_mailbox, a_provider, an_imap_server
from databases import stored_domain, stored_mailbox, stored_provider
from fakes.clock import LATER, NOW
from full_values import FULL_DOMAIN, FULL_PROVIDER, SERVERS

if TYPE_CHECKING:
    from app.store.unit_of_work import Store

NOBODY = 2**40
"""An id that no row has, and that needs all of a BIGINT."""


def test_the_full_domain_leaves_no_field_at_its_default() -> None:
    bare = a_domain("bare.example")
    # An alias has no servers of its own, so that field has a test of its own.
    for field in fields(Domain):
        if field.name != "alias_of":
            assert getattr(FULL_DOMAIN, field.name) != getattr(bare, field.name), field.name


async def test_a_domain_comes_back_as_it_was_stored(store: Store) -> None:
    await stored_provider(store, FULL_PROVIDER)
    stored = await stored_domain(store, FULL_DOMAIN)
    assert (stored.version, stored.created_at, stored.updated_at) == (1, NOW, NOW)
    assert stored.value == FULL_DOMAIN
    async with store.reading() as unit:
        assert await unit.domains.find(FULL_DOMAIN.name) == stored
        assert await unit.domains.find(DomainName("other.example")) is None


@pytest.mark.parametrize("published", PublishedName)
async def test_an_alias_comes_back_as_it_was_stored(store: Store, published: PublishedName) -> None:
    await stored_provider(store)
    target = await stored_domain(store)
    alias = a_domain("alias.example", alias_of=target.value.name, published_name=published)
    stored = await stored_domain(store, alias)
    async with store.reading() as unit:
        assert await unit.domains.find(alias.name) == stored
        assert await unit.domains.alias_count(target.id) == 1
        assert await unit.domains.alias_count(stored.id) == 0
    assert stored.value == alias


async def test_a_replaced_domain_has_the_next_version_and_nothing_of_the_old(store: Store) -> None:
    provider = await stored_provider(store, FULL_PROVIDER)
    stored = await stored_domain(store, FULL_DOMAIN)
    plain = Domain(name=FULL_DOMAIN.name, provider=FULL_PROVIDER.slug)
    async with store.writing() as unit:
        replaced = await unit.domains.replace(stored, plain, provider.id, None, LATER)
    assert (replaced.id, replaced.version) == (stored.id, 2)
    assert (replaced.created_at, replaced.updated_at) == (NOW, LATER)
    async with store.reading() as unit:
        assert await unit.domains.find(FULL_DOMAIN.name) == replaced


async def test_a_domain_can_move_and_become_an_alias(store: Store) -> None:
    await stored_provider(store)
    other = await stored_provider(store, a_provider(slug="other"))
    target = await stored_domain(store, a_domain("target.example", provider="other"))
    stored = await stored_domain(store, a_domain(servers=SERVERS[:2]))
    moved = a_domain(provider="other", alias_of=target.value.name)
    async with store.writing() as unit:
        await unit.domains.replace(stored, moved, other.id, target.id, LATER)
    async with store.reading() as unit:
        found = await unit.domains.find(moved.name)
    assert found is not None
    assert found.value == moved


async def test_unchanged_servers_stay_when_the_domain_changes(store: Store) -> None:
    provider = await stored_provider(store)
    stored = await stored_domain(store, a_domain(servers=(an_imap_server(),)))
    changed = replace(stored.value, reference="K-1")
    async with store.writing() as unit:
        await unit.domains.replace(stored, changed, provider.id, None, LATER)
    async with store.reading() as unit:
        found = await unit.domains.find(changed.name)
    assert found is not None
    assert found.value == changed


async def test_a_domain_that_changed_since_it_was_read_is_neither_replaced_nor_deleted(store: Store) -> None:
    provider = await stored_provider(store)
    stored = await stored_domain(store)
    async with store.writing() as unit:
        replaced = await unit.domains.replace(stored, a_domain(reference="1"), provider.id, None, LATER)
    async with store.writing() as unit:
        with pytest.raises(ConcurrentChange):
            await unit.domains.replace(stored, a_domain(reference="2"), provider.id, None, LATER)
    async with store.writing() as unit:
        with pytest.raises(ConcurrentChange):
            await unit.domains.delete(stored)
    async with store.reading() as unit:
        assert await unit.domains.find(stored.value.name) == replaced


async def test_a_deleted_domain_takes_its_mailboxes_and_servers_along(store: Store) -> None:
    await stored_provider(store)
    stored = await stored_domain(store, a_domain(servers=(an_imap_server(),)))
    await stored_mailbox(store, a_mailbox(login="jane", servers=(an_imap_server(),)))
    async with store.writing() as unit:
        await unit.domains.delete(stored)
    again = await stored_domain(store)
    async with store.reading() as unit:
        assert await unit.mailboxes(again).page(after="", limit=10) == []
        assert await unit.domains.find(again.value.name) == again


async def test_a_name_is_stored_once(store: Store) -> None:
    await stored_provider(store)
    await stored_domain(store)
    with pytest.raises(DomainTaken):
        await stored_domain(store, a_domain(reference="other"))
    async with store.reading() as unit:
        assert await unit.domains.count() == 1


@pytest.mark.parametrize("what", ["provider", "target"])
async def test_a_domain_of_something_that_is_gone_is_not_stored(store: Store, what: str) -> None:
    provider = await stored_provider(store)
    owner = NOBODY if what == "provider" else provider.id
    target = NOBODY if what == "target" else None
    async with store.writing() as unit:
        with pytest.raises(ConcurrentChange):
            await unit.domains.insert(a_domain(), owner, target, NOW)
    async with store.reading() as unit:
        assert await unit.domains.count() == 0


@pytest.mark.parametrize("what", ["provider", "target"])
async def test_a_domain_does_not_move_to_something_that_is_gone(store: Store, what: str) -> None:
    provider = await stored_provider(store)
    stored = await stored_domain(store)
    owner = NOBODY if what == "provider" else provider.id
    target = NOBODY if what == "target" else None
    async with store.writing() as unit:
        with pytest.raises(ConcurrentChange):
            await unit.domains.replace(stored, a_domain(reference="1"), owner, target, LATER)


async def test_a_domain_with_aliases_is_not_deleted(store: Store) -> None:
    await stored_provider(store)
    target = await stored_domain(store)
    await stored_domain(store, a_domain("alias.example", alias_of=target.value.name))
    async with store.writing() as unit:
        with pytest.raises(ConcurrentChange):
            await unit.domains.delete(target)
    async with store.reading() as unit:
        assert await unit.domains.count() == 2


async def test_pages_are_by_name_of_all_or_of_one_provider(store: Store) -> None:
    await stored_provider(store)
    await stored_provider(store, a_provider(slug="other"))
    for name, provider in (("c.example", "other"), ("a.example", "provider"), ("b.example", "other")):
        await stored_domain(store, a_domain(name, provider=provider))
    async with store.reading() as unit:
        everything = await unit.domains.page(after="", limit=2)
        rest = await unit.domains.page(after="b.example", limit=2)
        others = await unit.domains.page(after="", limit=9, query=DomainQuery(provider="other"))
    assert [found.value.name.ascii for found in everything] == ["a.example", "b.example"]
    assert [found.value.name.ascii for found in rest] == ["c.example"]
    assert [found.value.name.ascii for found in others] == ["b.example", "c.example"]


async def test_a_page_has_each_domains_own_servers(store: Store) -> None:
    await stored_provider(store)
    for number in range(3):
        await stored_domain(store, a_domain(f"d{number}.example", servers=(an_imap_server(port=number + 1),)))
    async with store.reading() as unit:
        found = await unit.domains.page(after="", limit=10)
    assert [domain.value.servers[0].port for domain in found] == [1, 2, 3]
