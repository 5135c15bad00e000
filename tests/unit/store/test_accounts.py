from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from app.core.account import ListedDomain
from app.core.domains import DomainStatus
from app.core.names import DomainName, EmailAddress
from app.core.provider import SUBADDRESS_SEPARATORS
from app.store.accounts import MAX_LISTED_DOMAINS, Accounts, ImmediateRows
from app.store.engine import create_reader
from sqlalchemy import event

from builders import a_domain, a_mailbox, a_provider, an_imap_server, an_smtp_server
from databases import ON_SQLITE, stored_domain, stored_mailbox, stored_provider
from fakes.clock import NOW
from full_values import FULL_DOMAIN, FULL_MAILBOX, FULL_PROVIDER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.store.unit_of_work import Store

CUSTOMER = DomainName("customer.example")


def address(local_part: str, domain: str = "customer.example") -> EmailAddress:
    return EmailAddress.parse(f"{local_part}@{domain}")


@pytest.fixture(params=["discovering", "reading"])
def accounts(request: pytest.FixtureRequest, store: Store) -> OpenAccounts:
    """Both ways that lead to accounts."""
    return OpenAccounts(store, direct=request.param == "discovering")


class OpenAccounts:
    def __init__(self, store: Store, *, direct: bool) -> None:
        self._store = store
        self._direct = direct

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[Accounts]:
        if self._direct:
            async with self._store.discovering() as found:
                yield found
        else:
            async with self._store.reading() as unit:
                yield unit.accounts


async def test_an_unknown_domain_has_no_account(store: Store, accounts: OpenAccounts) -> None:
    await stored_provider(store)
    await stored_domain(store)
    async with accounts() as found:
        assert await found.find(DomainName("other.example")) is None
        # A name is not matched in parts, and neither is a pattern.
        assert await found.find(DomainName("sub.customer.example")) is None
        assert await found.find(DomainName("ustomer.example")) is None


async def test_an_account_has_all_that_is_stored(store: Store, accounts: OpenAccounts) -> None:
    await stored_provider(store, FULL_PROVIDER)
    await stored_domain(store, FULL_DOMAIN)
    await stored_mailbox(store, FULL_MAILBOX)
    async with accounts() as open_accounts:
        found = await open_accounts.find(FULL_DOMAIN.name, FULL_MAILBOX.address)
    assert found is not None
    assert found.provider == FULL_PROVIDER
    assert found.domain == FULL_DOMAIN
    assert found.mailbox == FULL_MAILBOX
    assert found.target is None
    assert found.listed_domains == ()


async def test_a_domain_without_an_address_has_no_mailbox(store: Store, accounts: OpenAccounts) -> None:
    await stored_provider(store)
    await stored_domain(store)
    await stored_mailbox(store, a_mailbox(login="jane"))
    async with accounts() as open_accounts:
        found = await open_accounts.find(CUSTOMER)
    assert found is not None
    assert found.mailbox is None


async def test_an_alias_comes_with_its_target_and_the_targets_mailbox(
    store: Store, accounts: OpenAccounts
) -> None:
    await stored_provider(store)
    target = a_domain(
        servers=(an_imap_server(port=1143),), variables={"A": "1"}, status=DomainStatus.SUSPENDED
    )
    await stored_domain(store, target)
    alias = a_domain("alias.example", alias_of=CUSTOMER, variables={"B": "2"}, reference="R", serves_mx=True)
    await stored_domain(store, alias)
    mailbox = a_mailbox(login="target-jane", servers=(an_smtp_server(),))
    await stored_mailbox(store, mailbox)
    async with accounts() as open_accounts:
        found = await open_accounts.find(alias.name, address("jane", "alias.example"))
    assert found is not None
    assert found.domain == alias
    assert found.target == target
    assert found.mailbox == mailbox


async def test_an_aliass_own_mailboxes_do_not_count(store: Store, accounts: OpenAccounts) -> None:
    await stored_provider(store)
    await stored_domain(store)
    await stored_domain(store, a_domain("alias.example", alias_of=CUSTOMER))
    await stored_mailbox(store, a_mailbox("jane@alias.example", login="alias-jane"))
    async with accounts() as open_accounts:
        found = await open_accounts.find(DomainName("alias.example"), address("jane", "alias.example"))
    assert found is not None
    assert found.mailbox is None


@pytest.mark.parametrize("typed", ["jane", "Jane", "JANE"])
async def test_a_mailbox_is_found_in_any_case(store: Store, accounts: OpenAccounts, typed: str) -> None:
    await stored_provider(store)
    await stored_domain(store)
    await stored_mailbox(store, a_mailbox("JaNe@customer.example", login="c1"))
    async with accounts() as open_accounts:
        found = await open_accounts.find(CUSTOMER, address(typed))
    assert found is not None
    assert found.mailbox is not None
    assert found.mailbox.login == "c1"


@pytest.mark.parametrize("separator", SUBADDRESS_SEPARATORS)
async def test_a_tag_is_what_follows_the_providers_separator(store: Store, separator: str) -> None:
    await stored_provider(store, a_provider(subaddress_separator=separator))
    await stored_domain(store)
    await stored_mailbox(store, a_mailbox("jane@customer.example", login="c1"))
    async with store.discovering() as accounts:
        for each in SUBADDRESS_SEPARATORS:
            found = await accounts.find(CUSTOMER, address(f"Jane{each}news"))
            assert found is not None
            assert (found.mailbox is not None) == (each == separator), each


async def test_without_a_separator_nothing_is_a_tag(store: Store) -> None:
    await stored_provider(store, a_provider(subaddress_separator=None))
    await stored_domain(store)
    await stored_mailbox(store, a_mailbox("jane@customer.example", login="c1"))
    async with store.discovering() as accounts:
        for separator in SUBADDRESS_SEPARATORS:
            found = await accounts.find(CUSTOMER, address(f"jane{separator}news"))
            assert found is not None
            assert found.mailbox is None


async def test_an_address_as_typed_goes_before_the_one_without_its_tag(store: Store) -> None:
    await stored_provider(store, a_provider(subaddress_separator="+"))
    await stored_domain(store)
    await stored_mailbox(store, a_mailbox("jane@customer.example", login="plain"))
    await stored_mailbox(store, a_mailbox("jane+news@customer.example", login="tagged"))
    async with store.discovering() as accounts:
        tagged = await accounts.find(CUSTOMER, address("jane+news"))
        other = await accounts.find(CUSTOMER, address("jane+other"))
        quoted = await accounts.find(CUSTOMER, address('"jane x+y"'))
    assert tagged is not None
    assert tagged.mailbox is not None
    assert tagged.mailbox.login == "tagged"
    assert other is not None
    assert other.mailbox is not None
    assert other.mailbox.login == "plain"
    assert quoted is not None
    assert quoted.mailbox is None


async def test_servers_come_in_their_order_and_for_their_owner(store: Store, accounts: OpenAccounts) -> None:
    turned = (an_smtp_server(), an_imap_server())
    await stored_provider(store, a_provider(servers=turned))
    own = tuple(an_imap_server(key=f"k{number}", port=number) for number in (3, 1, 2))
    await stored_domain(store, a_domain(servers=own))
    await stored_mailbox(store, a_mailbox(servers=own[1:]))
    await stored_domain(store, a_domain("other.example", servers=(an_imap_server(port=9),)))
    async with accounts() as open_accounts:
        found = await open_accounts.find(CUSTOMER, address("jane"))
    assert found is not None
    assert found.provider.servers == turned
    assert found.domain.servers == own
    assert found.mailbox is not None
    assert found.mailbox.servers == own[1:]


async def test_the_providers_active_domains_are_listed_where_it_says_so(store: Store) -> None:
    await stored_provider(store, a_provider(list_domains=True))
    await stored_provider(store, a_provider(slug="other", list_domains=True))
    await stored_domain(store)
    await stored_domain(store, a_domain("mx.example", serves_mx=True))
    await stored_domain(store, a_domain("away.example", status=DomainStatus.SUSPENDED))
    await stored_domain(store, a_domain("elsewhere.example", provider="other"))
    async with store.discovering() as accounts:
        listed = await accounts.find(CUSTOMER, listed=True)
        unlisted = await accounts.find(CUSTOMER, listed=False)
    assert listed is not None
    assert listed.listed_domains == (
        ListedDomain(name=CUSTOMER),
        ListedDomain(name=DomainName("mx.example"), serves_mx=True),
    )
    assert unlisted is not None
    assert unlisted.listed_domains == ()


async def test_domains_are_not_listed_where_the_provider_does_not_say_so(store: Store) -> None:
    await stored_provider(store, a_provider(list_domains=False))
    await stored_domain(store)
    async with store.discovering() as accounts:
        found = await accounts.find(CUSTOMER, listed=True)
    assert found is not None
    assert found.listed_domains == ()


async def test_no_more_domains_are_listed_than_the_most(store: Store) -> None:
    provider = await stored_provider(store, a_provider(list_domains=True))
    names = [DomainName(f"d{number}.example") for number in range(MAX_LISTED_DOMAINS + 7)]
    async with store.writing() as unit:
        await unit.imports.insert(provider.id, [ListedDomain(name=name) for name in names], NOW)
    async with store.discovering() as accounts:
        found = await accounts.find(names[-1], listed=True)
    assert found is not None
    assert [listed.name for listed in found.listed_domains] == sorted(names)[:MAX_LISTED_DOMAINS]


# PostgreSQL reads small tables whole whatever indexes there are; SQLite's plan is the same for any size.
@ON_SQLITE
async def test_a_look_up_neither_reads_nor_sorts_a_table_from_end_to_end(
    store: Store, database_url: str
) -> None:
    await stored_provider(store, a_provider(list_domains=True, subaddress_separator="+"))
    await stored_domain(store)
    await stored_domain(store, a_domain("alias.example", alias_of=CUSTOMER))
    await stored_mailbox(store, a_mailbox(login="c1"))
    reader = create_reader(database_url)
    assert reader is not None
    run: list[tuple[str, Any]] = []

    def remember(*arguments: Any) -> None:
        if arguments[2] != "BEGIN":
            run.append((arguments[2], arguments[3]))

    with reader.connect() as connection:
        event.listen(connection, "before_cursor_execute", remember)
        found = await Accounts(ImmediateRows(connection)).find(
            DomainName("alias.example"), address("jane+x", "alias.example"), listed=True
        )
        event.remove(connection, "before_cursor_execute", remember)
        plans = [
            str(row.detail)
            for statement, values in run
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        ]
    reader.dispose()
    assert found is not None
    assert found.mailbox is not None
    assert len(run) == 3
    assert any("uq_domain_name" in plan or "sqlite_autoindex_domain" in plan for plan in plans), plans
    assert [plan for plan in plans if plan.startswith("SCAN")] == []
    # One account's servers are few enough to be sorted.
    assert [plan for plan in plans if "TEMP B-TREE" in plan] == ["USE TEMP B-TREE FOR ORDER BY"]


@ON_SQLITE
async def test_an_account_is_read_in_two_statements(store: Store, database_url: str) -> None:
    await stored_provider(store)
    await stored_domain(store)
    await stored_mailbox(store, replace(a_mailbox(), login="c1"))
    reader = create_reader(database_url)
    assert reader is not None
    run: list[str] = []
    with reader.connect() as connection:
        event.listen(connection, "before_cursor_execute", lambda *arguments: run.append(arguments[2]))
        await Accounts(ImmediateRows(connection)).find(CUSTOMER, address("jane"))
    reader.dispose()
    assert [statement.partition(" ")[0] for statement in run] == ["BEGIN", "SELECT", "SELECT"]
