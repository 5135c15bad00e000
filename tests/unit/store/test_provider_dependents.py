from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.domains import PublishedName
from app.core.names import DomainName
from app.core.provider_changes import Dependent, ValueQuery, ValueSet
from app.core.servers import ExchangeOptions, ServerType

from builders import a_domain, a_mailbox, a_provider, a_url_server, an_imap_server, an_smtp_server
from databases import stored_domain, stored_mailbox, stored_provider

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Mapping

    from app.store.unit_of_work import Store

NODE = ValueQuery(names=("NODE",), types=(ServerType.IMAP,))
TARGET = DomainName("target.example")


def a_set(values: Mapping[str, str], *names: str, **others: object) -> ValueSet:
    parts: dict[str, object] = {"published_name": PublishedName.AUTOMATIC, "own_types": frozenset(), **others}
    return ValueSet(values=values, names=tuple(map(DomainName, names)), **parts)  # type: ignore[arg-type]


async def joined(batches: AsyncIterable[list[ValueSet]]) -> list[ValueSet]:
    return [found async for batch in batches for found in batch]


async def owners(batches: AsyncIterable[list[Dependent]]) -> list[Dependent]:
    return [found async for batch in batches for found in batch]


async def test_domains_with_the_same_values_are_one_set(store: Store) -> None:
    provider = await stored_provider(store)
    await stored_provider(store, a_provider(slug="other"))
    await stored_domain(store, a_domain("elsewhere.example", provider="other"))
    for name in ("c.example", "b.example", "longer.example"):
        await stored_domain(store, a_domain(name, variables={"NODE": "srv1", "X": name[0]}))
    await stored_domain(store, a_domain("a.example"))
    await stored_domain(store, a_domain("own.example", published_name=PublishedName.OWN))
    async with store.reading() as unit:
        found = await joined(unit.provider_dependents.domain_values(provider.id, NODE, limit=9))
        first = await joined(unit.provider_dependents.domain_values(provider.id, NODE, limit=1))
    assert found == [
        a_set({"NODE": "srv1"}, "b.example"),
        a_set({}, "a.example"),
        a_set({}, "own.example", published_name=PublishedName.OWN),
    ]
    assert first == found[:1]


async def test_an_alias_has_its_targets_values_and_servers_beside_its_own(store: Store) -> None:
    provider = await stored_provider(store)
    await stored_domain(
        store, a_domain(TARGET.ascii, variables={"A": "1", "B": "2"}, servers=(an_imap_server(),))
    )
    await stored_domain(store, a_domain("alias.example", alias_of=TARGET, variables={"A": "3"}))
    query = ValueQuery(names=("A", "B"), types=(ServerType.IMAP, ServerType.SMTP))
    own = frozenset({ServerType.IMAP})
    async with store.reading() as unit:
        found = await joined(unit.provider_dependents.domain_values(provider.id, query, limit=9))
    assert found == [
        a_set({"A": "3", "B": "2"}, "alias.example", own_types=own),
        a_set({"A": "1", "B": "2"}, "target.example", own_types=own),
    ]


async def test_sets_are_narrowed_by_what_lacks_and_by_values(store: Store) -> None:
    provider = await stored_provider(store)
    await stored_domain(store, a_domain("a.example", variables={"NODE": "srv1", "X": "1"}))
    await stored_domain(store, a_domain("b.example", variables={"X": "2"}))
    await stored_domain(store, a_domain("c.example"))
    query = ValueQuery(names=("NODE", "X"), types=(ServerType.IMAP,))
    lacking = ValueQuery(names=("NODE", "X"), types=(ServerType.IMAP,), lacking=("NODE",))
    async with store.reading() as unit:
        dependents = unit.provider_dependents
        without = await joined(dependents.domain_values(provider.id, lacking, limit=9))
        with_2 = await joined(dependents.domain_values(provider.id, query, limit=9, like={"X": "2"}))
        bare = await joined(dependents.domain_values(provider.id, query, limit=9, like={"X": None}))
    assert [found.names for found in without] == [(DomainName("b.example"),), (DomainName("c.example"),)]
    assert with_2 == [a_set({"X": "2"}, "b.example")]
    assert bare == [a_set({}, "c.example")]


async def test_the_longest_name_of_a_set_is_told_where_it_is_asked_for(store: Store) -> None:
    provider = await stored_provider(store)
    long = f"{'b' * 60}.{'c' * 60}.example"
    for name in ("a.example", "z.example", long, "bbb.example"):
        await stored_domain(store, a_domain(name))
    query = ValueQuery(names=(), types=(ServerType.IMAP,), by_length=True)
    async with store.reading() as unit:
        found = await joined(unit.provider_dependents.domain_values(provider.id, query, limit=9))
    assert found == [a_set({}, "a.example", long)]


async def test_mailboxes_have_their_domains_values_beside_their_own(store: Store) -> None:
    provider = await stored_provider(store)
    await stored_domain(store, a_domain(variables={"NODE": "srv1", "X": "1"}, servers=(an_smtp_server(),)))
    await stored_mailbox(store, a_mailbox("plain@customer.example", login="plain"))
    await stored_mailbox(store, a_mailbox(variables={"NODE": "srv2"}, servers=(an_imap_server(),)))
    await stored_mailbox(store, a_mailbox("joe@customer.example", variables={"NODE": "srv2"}, login="joe"))
    query = ValueQuery(names=("NODE", "X"), types=(ServerType.IMAP, ServerType.SMTP))
    async with store.reading() as unit:
        found = await joined(unit.provider_dependents.mailbox_values(provider.id, query, limit=9))
    smtp, both = frozenset({ServerType.SMTP}), frozenset({ServerType.SMTP, ServerType.IMAP})
    values = {"NODE": "srv2", "X": "1"}
    expected = [
        a_set(values, "customer.example", own_types=smtp, is_of_mailboxes=True, has_login=True),
        a_set(values, "customer.example", own_types=both, is_of_mailboxes=True),
    ]
    assert sorted(found, key=lambda one: not one.has_login) == expected


async def test_sets_come_in_batches_up_to_the_limit(store: Store) -> None:
    provider = await stored_provider(store)
    async with store.writing() as unit:
        for number in range(450):
            domain = a_domain(f"d{number}.example", variables={"NODE": f"srv{number}"})
            await unit.domains.insert(domain, provider.id, None, provider.created_at)
    async with store.reading() as unit:
        sizes = [
            len(batch) async for batch in unit.provider_dependents.domain_values(provider.id, NODE, limit=430)
        ]
    assert sizes == [200, 200, 30]


async def test_owners_are_found_whose_servers_name_what_they_have_no_value_for(store: Store) -> None:
    provider = await stored_provider(store)
    await stored_provider(store, a_provider(slug="other"))
    naming = an_imap_server(hostname="%MY_NODE%.provider.example")
    exchange = a_url_server(
        ServerType.EXCHANGE,
        url=None,
        hostname="ex.provider.example",
        port=443,
        socket_type=naming.socket_type,
        options=ExchangeOptions(ews_url="https://%MY_NODE%.provider.example/ews"),
    )
    target = a_domain(TARGET.ascii, servers=(naming,))
    alias = a_domain("alias.example", alias_of=TARGET)
    optional = a_domain("optional.example", servers=(exchange,))
    for domain in (
        target,
        alias,
        optional,
        a_domain("filled.example", alias_of=TARGET, variables={"MY_NODE": "a"}),
        a_domain("has.example", servers=(naming,), variables={"MY_NODE": "a"}),
        a_domain("follows.example", alias_of=DomainName("has.example")),
        a_domain("similar.example", servers=(an_imap_server(hostname="%MYXNODE%.provider.example"),)),
        a_domain("elsewhere.example", provider="other", servers=(naming,)),
        a_domain("plain.example"),
    ):
        await stored_domain(store, domain)
    async with store.reading() as unit:
        dependents = unit.provider_dependents
        found = await owners(dependents.owners_naming(provider.id, ["MY_NODE"], limit=500))
        first = await owners(dependents.owners_naming(provider.id, ["MY_NODE"], limit=1))
    assert found == [
        Dependent(domain=alias, target=target),
        Dependent(domain=optional),
        Dependent(domain=target),
    ]
    assert first == found[:1]


async def test_mailboxes_are_found_whose_login_or_servers_name_what_they_have_no_value_for(
    store: Store,
) -> None:
    provider = await stored_provider(store)
    naming = an_imap_server(hostname="%NODE%.provider.example")
    plain, served = a_domain("plain.example"), a_domain("served.example", servers=(naming,))
    filled = a_domain("filled.example", variables={"NODE": "a"})
    for domain in (plain, served, filled):
        await stored_domain(store, domain)
    wanted = [
        (plain, a_mailbox("login@plain.example", login="%NODE%")),
        (plain, a_mailbox("servers@plain.example", servers=(naming,))),
        (served, a_mailbox("differs@served.example", variables={"X": "1"})),
    ]
    for mailbox in (
        a_mailbox("none@plain.example", login="node"),
        a_mailbox("own@plain.example", login="%NODE%", variables={"NODE": "b"}),
        a_mailbox("same@served.example", login="x"),
        a_mailbox("filled@filled.example", login="%NODE%"),
        *(one for _, one in wanted),
    ):
        await stored_mailbox(store, mailbox)
    async with store.reading() as unit:
        found = await owners(unit.provider_dependents.mailboxes_naming(provider.id, ["NODE"], limit=500))
    assert found == [Dependent(domain=domain, mailbox=mailbox) for domain, mailbox in wanted]


async def test_domains_that_leave_do_not_count_nor_do_their_mailboxes(store: Store) -> None:
    provider = await stored_provider(store)
    needy = an_imap_server(hostname="%NODE%.provider.example")
    for name in ("stays.example", "leaves.example"):
        await stored_domain(store, a_domain(name, servers=(needy,), variables={"X": name}))
        await stored_mailbox(store, a_mailbox(f"jane@{name}", login="%NODE%", variables={"X": "own"}))
    query = ValueQuery(names=("X",), types=())
    async with store.reading() as unit:
        staying = unit.provider_dependents.without(["leaves.example", "elsewhere.example"])
        sets = await joined(staying.domain_values(provider.id, query, limit=9))
        sets += await joined(staying.mailbox_values(provider.id, query, limit=9))
        found = await owners(staying.owners_naming(provider.id, ["NODE"], limit=9))
        found += await owners(staying.mailboxes_naming(provider.id, ["NODE"], limit=9))
    assert [name.ascii for one in sets for name in one.names] == ["stays.example"] * 2
    assert [one.domain.name.ascii for one in found] == ["stays.example"] * 2
