from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from app.core.errors import (
    DomainInUse,
    DomainNotFound,
    DomainTaken,
    InvalidInput,
    NotPermitted,
    ProviderNotFound,
    StaleVersion,
)
from app.core.names import DomainName
from app.core.queries import DomainQuery
from app.services.callers import Scope
from app.services.domains import DomainService
from app.services.preconditions import Precondition

from builders import a_domain, a_mailbox, a_provider, an_imap_server
from databases import OPERATOR, a_caller, stored_domain, stored_mailbox, stored_provider
from fakes.clock import NOW

if TYPE_CHECKING:
    from app.store.unit_of_work import Store

    from fakes.clock import FixedClock

CUSTOMER = DomainName("customer.example")
NODE_SERVER = an_imap_server(hostname="%NODE%.provider.example")
TENANT = a_caller(provider="provider")
STRANGER = a_caller(provider="other")


@pytest.fixture
async def domains(store: Store, clock: FixedClock) -> DomainService:
    """Two providers; the servers of the second need a variable."""
    await stored_provider(store)
    await stored_provider(store, a_provider(slug="other", servers=(NODE_SERVER,)))
    return DomainService(store, clock)


async def test_a_created_domain_can_be_read(domains: DomainService) -> None:
    domain = a_domain(reference="K-1")
    created = await domains.create(TENANT, domain)
    assert (created.value, created.version, created.created_at) == (domain, 1, NOW)
    assert await domains.get(TENANT, CUSTOMER) == created


async def test_a_domain_is_created_once_and_replaced_as_often_as_it_changes(
    domains: DomainService, clock: FixedClock
) -> None:
    await domains.create(OPERATOR, a_domain())
    with pytest.raises(DomainTaken):
        await domains.create(OPERATOR, a_domain(reference="K-2"))
    clock.advance(hours=1)
    replaced, is_new = await domains.put(OPERATOR, a_domain(reference="K-2"))
    assert (replaced.version, replaced.created_at, replaced.updated_at, is_new) == (2, NOW, clock(), False)
    clock.advance(hours=1)
    again, is_new = await domains.put(OPERATOR, a_domain(reference="K-2"))
    assert (again, is_new) == (replaced, False)
    put, is_new = await domains.put(OPERATOR, a_domain("new.example"))
    assert (put.version, is_new) == (1, True)


@pytest.mark.parametrize(
    ("domain", "error"),
    [
        (a_domain(provider="nobody"), ProviderNotFound),
        (a_domain(provider="other"), InvalidInput),
        (a_domain(provider="other", variables={"NODE": "a b"}), InvalidInput),
        (a_domain(servers=(NODE_SERVER,)), InvalidInput),
        (a_domain(servers=(an_imap_server(username="%EMAILADDRESS"),)), InvalidInput),
        (a_domain(alias_of=DomainName("nowhere.example")), InvalidInput),
    ],
)
async def test_a_domain_that_could_not_be_published_is_not_stored(
    domains: DomainService, domain: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await domains.create(OPERATOR, domain)
    with pytest.raises(error):
        await domains.put(OPERATOR, domain)
    with pytest.raises(DomainNotFound):
        await domains.get(OPERATOR, domain.name)


async def test_a_domain_with_the_variable_is_stored(domains: DomainService) -> None:
    domain = a_domain(provider="other", variables={"NODE": "srv1"})
    assert (await domains.create(OPERATOR, domain)).value == domain


async def test_an_alias_points_at_a_domain_of_its_provider_that_is_none(
    store: Store, domains: DomainService
) -> None:
    await domains.create(OPERATOR, a_domain())
    alias = a_domain("alias.example", alias_of=CUSTOMER)
    assert (await domains.create(OPERATOR, alias)).value == alias
    await domains.create(OPERATOR, a_domain("elsewhere.example", provider="other", variables={"NODE": "a"}))
    for name, target in (("b.example", "alias.example"), ("c.example", "elsewhere.example")):
        with pytest.raises(InvalidInput, match=r"^alias_of: "):
            await domains.create(OPERATOR, a_domain(name, alias_of=DomainName(target)))
    await domains.create(OPERATOR, a_domain("t.example"))
    with pytest.raises(InvalidInput, match="alias_of: must not be set on a domain that has aliases itself"):
        await domains.put(OPERATOR, a_domain(alias_of=DomainName("t.example")))


async def test_a_domain_that_nobody_relies_on_becomes_an_alias(domains: DomainService) -> None:
    await domains.create(OPERATOR, a_domain())
    await domains.create(OPERATOR, a_domain("target.example"))
    alias = a_domain(alias_of=DomainName("target.example"))
    assert (await domains.put(OPERATOR, alias))[0].value == alias


async def test_a_domain_with_mailboxes_does_not_become_an_alias(store: Store, domains: DomainService) -> None:
    await domains.create(OPERATOR, a_domain())
    await stored_domain(store, a_domain("target.example"))
    await stored_mailbox(store, a_mailbox())
    with pytest.raises(InvalidInput, match="alias_of: must not be set on a domain that has mailboxes"):
        await domains.put(OPERATOR, a_domain(alias_of=DomainName("target.example")))


async def test_a_domain_with_aliases_stays_with_its_provider(domains: DomainService) -> None:
    await domains.create(OPERATOR, a_domain())
    await domains.create(OPERATOR, a_domain("alias.example", alias_of=CUSTOMER))
    moved = a_domain(provider="other", variables={"NODE": "srv1"})
    with pytest.raises(InvalidInput, match="provider: must not change while other domains are aliases"):
        await domains.put(OPERATOR, moved)
    await domains.delete(OPERATOR, DomainName("alias.example"))
    assert (await domains.put(OPERATOR, moved))[0].value == moved


async def test_a_domain_with_aliases_is_not_deleted(domains: DomainService) -> None:
    await domains.create(OPERATOR, a_domain())
    await domains.create(OPERATOR, a_domain("alias.example", alias_of=CUSTOMER))
    with pytest.raises(DomainInUse, match="still has 1 aliases"):
        await domains.delete(OPERATOR, CUSTOMER)
    await domains.delete(OPERATOR, DomainName("alias.example"))
    await domains.delete(OPERATOR, CUSTOMER)
    with pytest.raises(DomainNotFound):
        await domains.delete(OPERATOR, CUSTOMER)


async def test_another_tenants_domains_do_not_exist(domains: DomainService) -> None:
    await domains.create(OPERATOR, a_domain())
    with pytest.raises(DomainNotFound):
        await domains.get(STRANGER, CUSTOMER)
    with pytest.raises(DomainNotFound):
        await domains.delete(STRANGER, CUSTOMER)
    for write in (domains.create, domains.put):
        with pytest.raises(DomainTaken):
            await write(STRANGER, a_domain(provider="other", variables={"NODE": "a"}))
        with pytest.raises(ProviderNotFound):
            await write(STRANGER, a_domain("b.example"))
    assert (await domains.get(TENANT, CUSTOMER)).version == 1


async def test_a_tenant_does_not_give_its_domain_away(domains: DomainService) -> None:
    await domains.create(OPERATOR, a_domain())
    with pytest.raises(ProviderNotFound):
        await domains.put(TENANT, a_domain(provider="other", variables={"NODE": "a"}))


async def test_pages_show_what_the_caller_sees(domains: DomainService) -> None:
    await domains.create(OPERATOR, a_domain("a.example"))
    await domains.create(OPERATOR, a_domain("b.example", provider="other", variables={"NODE": "x"}))
    await domains.create(OPERATOR, a_domain("c.example"))

    async def names(caller: Any, **wanted: Any) -> list[str]:
        query = DomainQuery(provider=wanted.pop("provider", None))
        found = await domains.page(caller, **{"after": "", "limit": 10, **wanted}, query=query)
        return [stored.value.name.ascii for stored in found]

    assert await names(OPERATOR) == ["a.example", "b.example", "c.example"]
    assert await names(OPERATOR, limit=2) == ["a.example", "b.example"]
    assert await names(OPERATOR, after="a.example") == ["b.example", "c.example"]
    assert await names(OPERATOR, provider="other") == ["b.example"]
    assert await names(TENANT) == ["a.example", "c.example"]
    assert await names(TENANT, provider="other") == []
    assert await names(STRANGER, provider="other") == ["b.example"]


async def test_a_write_holds_for_the_version_that_the_writer_knows(domains: DomainService) -> None:
    missing = Precondition(must_not_exist=True)
    present = Precondition(must_exist=True)
    first = Precondition(versions=frozenset({1}), must_exist=True)
    with pytest.raises(StaleVersion, match="nothing is stored"):
        await domains.put(OPERATOR, a_domain(), present)
    await domains.put(OPERATOR, a_domain(), missing)
    with pytest.raises(StaleVersion, match="the present one is 1"):
        await domains.put(OPERATOR, a_domain(reference="1"), missing)
    await domains.put(OPERATOR, a_domain(reference="2"), first)
    with pytest.raises(StaleVersion, match="the present one is 2"):
        await domains.put(OPERATOR, a_domain(reference="3"), first)
    with pytest.raises(StaleVersion):
        await domains.delete(OPERATOR, CUSTOMER, first)
    await domains.delete(OPERATOR, CUSTOMER, present)


async def test_scopes_are_needed(domains: DomainService) -> None:
    reader, writer = a_caller(Scope.DOMAINS_READ.value), a_caller(Scope.DOMAINS_WRITE.value)
    await domains.create(writer, a_domain())
    await domains.put(writer, a_domain(reference="1"))
    assert len(await domains.page(reader, after="", limit=2)) == 1
    await domains.get(reader, CUSTOMER)
    for refused in (
        domains.create(reader, a_domain()),
        domains.put(reader, a_domain()),
        domains.delete(reader, CUSTOMER),
        domains.get(writer, CUSTOMER),
        domains.page(writer, after="", limit=1),
    ):
        with pytest.raises(NotPermitted):
            await refused
    await domains.delete(writer, CUSTOMER)
