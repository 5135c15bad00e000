from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from app.core.account import ListedDomain
from app.core.errors import ConcurrentChange
from app.core.names import DomainName
from app.store.imports import ImportedDomain
from app.store.sources import FROM_API, FROM_ISPDB

from builders import a_domain, a_mailbox, a_provider
from databases import stored_domain, stored_mailbox, stored_provider
from fakes.clock import LATER, NOW

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from app.core.domains import Domain
    from app.core.stored import Stored
    from app.store.unit_of_work import Store

CUSTOMER = DomainName("customer.example")
IMPORTED = DomainName("imported.example")


def listed(*names: str) -> list[ListedDomain]:
    return [ListedDomain(name=DomainName(name), serves_mx=name.startswith("mx")) for name in names]


async def test_imported_domains_are_ordinary_domains(store: Store) -> None:
    provider = await stored_provider(store)
    async with store.writing() as unit:
        await unit.imports.insert(provider.id, listed("a.example", "mx.example"), NOW)
    async with store.reading() as unit:
        found = await unit.domains.page(after="", limit=5)
    assert [stored.value for stored in found] == [
        a_domain("a.example"),
        a_domain("mx.example", serves_mx=True),
    ]
    assert {(stored.version, stored.created_at, stored.updated_at) for stored in found} == {(1, NOW, NOW)}


async def test_nothing_is_inserted_where_there_is_nothing(store: Store) -> None:
    provider = await stored_provider(store)
    async with store.writing() as unit:
        await unit.imports.insert(provider.id, [], NOW)
        assert await unit.domains.count() == 0


async def test_domains_are_found_by_name_and_by_source(store: Store) -> None:
    provider = await stored_provider(store)
    await stored_domain(store)
    async with store.writing() as unit:
        await unit.imports.insert(provider.id, listed("imported.example"), NOW)
    written = ImportedDomain(name=CUSTOMER, provider="provider", serves_mx=False, source=FROM_API, version=1)
    imported = ImportedDomain(
        name=IMPORTED, provider="provider", serves_mx=False, source=FROM_ISPDB, version=1
    )
    async with store.reading() as unit:
        named = await unit.imports.domains_named([CUSTOMER, IMPORTED, DomainName("none.example")])
        assert named == {CUSTOMER: written, IMPORTED: imported}
        assert await unit.imports.domains_from_source(FROM_ISPDB) == {IMPORTED: imported}
        assert await unit.imports.domains_from_source(FROM_API) == {CUSTOMER: written}
        assert await unit.imports.domains_named([]) == {}


async def test_more_names_than_a_statement_takes_are_looked_up(store: Store) -> None:
    provider = await stored_provider(store)
    names = [DomainName(f"d{number}.example") for number in range(5003)]
    async with store.writing() as unit:
        await unit.imports.insert(provider.id, [ListedDomain(name=name) for name in names], NOW)
    async with store.reading() as unit:
        assert list(await unit.imports.domains_named(names)) == names
    async with store.writing() as unit:
        await unit.imports.delete(names[1:])
        assert await unit.domains.count() == 1


async def test_an_updated_domain_has_the_next_version(store: Store) -> None:
    provider = await stored_provider(store)
    other = await stored_provider(store, a_provider(slug="other"))
    async with store.writing() as unit:
        await unit.imports.insert(provider.id, listed("imported.example"), NOW)
        await unit.imports.update(other.id, ListedDomain(name=IMPORTED, serves_mx=True), LATER)
    async with store.reading() as unit:
        found = await unit.domains.find(IMPORTED)
    assert found is not None
    assert found.value == a_domain("imported.example", provider="other", serves_mx=True)
    assert (found.version, found.created_at, found.updated_at) == (2, NOW, LATER)


async def test_domains_with_aliases_or_mailboxes_are_in_use(store: Store) -> None:
    await stored_provider(store)
    await stored_domain(store)
    await stored_domain(store, a_domain("alias.example", alias_of=CUSTOMER))
    await stored_domain(store, a_domain("mailboxes.example"))
    await stored_mailbox(store, a_mailbox("jane@mailboxes.example"))
    names = [CUSTOMER, DomainName("alias.example"), DomainName("mailboxes.example")]
    async with store.reading() as unit:
        found = await unit.imports.domains_in_use(names)
        assert await unit.imports.domains_in_use([]) == set()
    assert found == {CUSTOMER, DomainName("mailboxes.example")}


async def test_a_domain_that_came_in_the_meantime_is_a_conflict(store: Store) -> None:
    provider = await stored_provider(store)
    await stored_domain(store)
    async with store.writing() as unit:
        with pytest.raises(ConcurrentChange):
            await unit.imports.insert(provider.id, listed("customer.example"), NOW)


async def imported(store: Store) -> Stored[Domain]:
    provider = await stored_provider(store)
    async with store.writing() as unit:
        await unit.imports.insert(provider.id, listed("imported.example"), NOW)
        found = await unit.domains.find(IMPORTED)
    assert found is not None
    return found


async def test_a_domain_of_a_provider_that_went_in_the_meantime_is_a_conflict(store: Store) -> None:
    await imported(store)
    async with store.writing() as unit:
        with pytest.raises(ConcurrentChange):
            await unit.imports.insert(2**40, listed("new.example"), NOW)
    async with store.writing() as unit:
        with pytest.raises(ConcurrentChange):
            await unit.imports.update(2**40, ListedDomain(name=IMPORTED), LATER)


async def with_alias(store: Store, _domain: Stored[Domain]) -> None:
    await stored_domain(store, a_domain("alias.example", alias_of=IMPORTED))


async def with_mailbox(store: Store, _domain: Stored[Domain]) -> None:
    await stored_mailbox(store, a_mailbox("jane@imported.example"))


async def written_through_the_api(store: Store, domain: Stored[Domain]) -> None:
    async with store.writing() as unit:
        provider = await unit.providers.find("provider")
        assert provider is not None
        await unit.domains.replace(domain, domain.value, provider.id, None, LATER)


async def gone(store: Store, domain: Stored[Domain]) -> None:
    async with store.writing() as unit:
        await unit.domains.delete(domain)


@pytest.mark.parametrize("what", [with_alias, with_mailbox, written_through_the_api, gone])
async def test_what_happened_to_a_domain_in_the_meantime_keeps_it_from_being_removed(
    store: Store, what: Callable[[Store, Stored[Domain]], Awaitable[None]]
) -> None:
    await what(store, await imported(store))
    async with store.reading() as unit:
        before = await unit.domains.count()
    async with store.writing() as unit:
        with pytest.raises(ConcurrentChange):
            await unit.imports.delete([IMPORTED])
    async with store.reading() as unit:
        assert await unit.domains.count() == before


@pytest.mark.parametrize("what", [written_through_the_api, gone])
async def test_what_happened_to_a_domain_in_the_meantime_keeps_it_from_being_changed(
    store: Store, what: Callable[[Store, Stored[Domain]], Awaitable[None]]
) -> None:
    stored = await imported(store)
    await what(store, stored)
    async with store.writing() as unit:
        provider = await unit.providers.find("provider")
        assert provider is not None
        with pytest.raises(ConcurrentChange):
            await unit.imports.update(provider.id, ListedDomain(name=IMPORTED, serves_mx=True), LATER)
