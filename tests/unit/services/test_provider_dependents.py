"""Writes of a provider that somebody relies on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from app.core.domains import PublishedName
from app.core.errors import InvalidInput
from app.core.names import DomainName
from app.core.servers import ServerType
from app.core.stored import Stored
from app.services.providers import ProviderService
from app.store.domain_batches import PlacedDomain
from sqlalchemy import event

from builders import a_domain, a_mailbox, a_pop3_server, a_provider, an_imap_server, an_smtp_server
from databases import OPERATOR, stored_domain, stored_mailbox, stored_provider
from fakes.clock import NOW

if TYPE_CHECKING:
    from app.core.domains import Domain
    from app.store.unit_of_work import Store

    from fakes.clock import FixedClock

NODE_SERVER = an_imap_server(hostname="%NODE%.provider.example")
NODE_LOGIN = an_imap_server(username="%NODE%")
OWN_SERVER = an_smtp_server(key="own", hostname="%NODE%.provider.example")
WITH_DEFAULT = a_provider(servers=(NODE_SERVER,), variables={"NODE": "srv1"})
WITHOUT_DEFAULT = replace(WITH_DEFAULT, variables={})
PLAIN = a_provider(variables={"NODE": "srv1"})
TARGET = DomainName("target.example")


@pytest.fixture
def providers(store: Store, clock: FixedClock) -> ProviderService:
    return ProviderService(store, clock)


async def stored_domains(store: Store, domains: list[Domain]) -> None:
    """Store many domains of the provider at once."""
    async with store.writing() as unit:
        provider = await unit.providers.find("provider")
        assert provider is not None
        ids = await unit.domain_batches.reserve_ids(len(domains))
        placed = [
            PlacedDomain(
                stored=Stored(id=domain_id, value=domain, version=1, created_at=NOW, updated_at=NOW),
                provider_id=provider.id,
                alias_of_id=None,
            )
            for domain_id, domain in zip(ids, domains, strict=True)
        ]
        await unit.domain_batches.insert(placed)


async def test_a_default_that_fits_no_host_name_is_refused_where_a_domain_relies_on_it(
    store: Store, providers: ProviderService
) -> None:
    await stored_provider(store, WITH_DEFAULT)
    unfit = replace(WITH_DEFAULT, variables={"NODE": "srv_2"})
    await stored_domain(store, a_domain("own.example", variables={"NODE": "srv7"}))
    taken, _ = await providers.put(OPERATOR, unfit)
    await providers.put(OPERATOR, WITH_DEFAULT)
    await stored_domain(store)
    with pytest.raises(InvalidInput, match=r"^variables: must fit server imap, .*for customer\.example$"):
        await providers.put(OPERATOR, unfit)
    assert taken.value == unfit
    assert (await providers.get(OPERATOR, "provider")).value == WITH_DEFAULT


async def test_a_default_that_goes_is_refused_where_a_domain_relies_on_it(
    store: Store, providers: ProviderService
) -> None:
    await stored_provider(store, WITH_DEFAULT)
    await stored_domain(store, a_domain("own.example", variables={"NODE": "srv7"}))
    await stored_domain(store)
    message = r"^variables: must define NODE: server imap needs the variable NODE, .* customer\.example$"
    with pytest.raises(InvalidInput, match=message):
        await providers.put(OPERATOR, WITHOUT_DEFAULT)


async def test_a_server_is_refused_that_puts_a_domains_own_value_where_it_does_not_fit(
    store: Store, providers: ProviderService
) -> None:
    await stored_provider(store, a_provider(servers=(NODE_LOGIN,)))
    await stored_domain(store, a_domain("a.example", variables={"NODE": "srv1"}))
    await stored_domain(store, a_domain("b.example", variables={"NODE": "user_2"}))
    message = r"^servers\.0: could not be published for b\.example, .* must fit server imap"
    with pytest.raises(InvalidInput, match=message):
        await providers.put_server(OPERATOR, "provider", NODE_SERVER)
    await providers.put_server(OPERATOR, "provider", an_imap_server(username="x-%NODE%"))


async def test_a_new_servers_unfit_default_is_the_variables_fault(
    store: Store, providers: ProviderService
) -> None:
    await stored_provider(store)
    await stored_domain(store)
    with pytest.raises(InvalidInput, match=r"^variables: must fit server imap"):
        await providers.put(OPERATOR, replace(WITH_DEFAULT, variables={"NODE": "srv_2"}))


@pytest.mark.parametrize("value", [None, "srv_2"])
async def test_what_a_domains_own_servers_rely_on_is_not_taken_away(
    store: Store, providers: ProviderService, value: str | None
) -> None:
    await stored_provider(store, PLAIN)
    changed = replace(PLAIN, variables={} if value is None else {"NODE": value})
    await stored_domain(store, a_domain("own.example", servers=(OWN_SERVER,), variables={"NODE": "srv7"}))
    await providers.put(OPERATOR, changed)
    await providers.put(OPERATOR, PLAIN)
    await stored_domain(store, a_domain("target.example", servers=(OWN_SERVER,)))
    with pytest.raises(InvalidInput, match=r"^variables: must .* server own.* for target\.example$"):
        await providers.put(OPERATOR, changed)


async def test_what_an_alias_alone_relies_on_counts(store: Store, providers: ProviderService) -> None:
    await stored_provider(store, a_provider(servers=(NODE_LOGIN,)))
    await stored_domain(store, a_domain(TARGET.ascii, variables={"NODE": "srv1"}))
    await stored_domain(store, a_domain("alias.example", alias_of=TARGET, variables={"NODE": "user_2"}))
    with pytest.raises(InvalidInput, match=r"^servers\.0: could not be published for alias\.example"):
        await providers.put_server(OPERATOR, "provider", NODE_SERVER)


async def test_an_alias_has_the_values_and_the_servers_of_its_target(
    store: Store, providers: ProviderService
) -> None:
    await stored_provider(store, PLAIN)
    await stored_domain(store, a_domain(TARGET.ascii, variables={"NODE": "srv7"}, servers=(OWN_SERVER,)))
    await stored_domain(store, a_domain("alias.example", alias_of=TARGET))
    await providers.put(OPERATOR, replace(WITHOUT_DEFAULT, display_name="Other"))


@pytest.mark.parametrize(
    "mailbox",
    [
        a_mailbox(login="%NODE%-jane"),
        a_mailbox(servers=(OWN_SERVER,)),
    ],
    ids=["login", "servers"],
)
async def test_what_a_mailbox_relies_on_is_not_taken_away(
    store: Store, providers: ProviderService, mailbox: Any
) -> None:
    await stored_provider(store, PLAIN)
    await stored_domain(store)
    await stored_mailbox(store, mailbox)
    with pytest.raises(InvalidInput, match=r"^variables: must define NODE, .* a mailbox of") as refused:
        await providers.put(OPERATOR, replace(PLAIN, variables={}))
    # Errors are logged.
    assert "jane" not in str(refused.value)


async def test_a_mailboxs_own_value_counts_with_its_domains_servers(
    store: Store, providers: ProviderService
) -> None:
    long = "a" * 40
    both = an_smtp_server(key="own", hostname="%NODE%%CUSTOMER%.provider.example")
    provider = a_provider(variables={"NODE": "a", "CUSTOMER": "b"})
    await stored_provider(store, provider)
    await stored_domain(store, a_domain(servers=(both,)))
    await stored_mailbox(store, a_mailbox(variables={"CUSTOMER": long}))
    with pytest.raises(InvalidInput, match=r"^variables: must fit server own, .* a mailbox of"):
        await providers.put(OPERATOR, replace(provider, variables={"NODE": long, "CUSTOMER": "b"}))


async def test_a_mailboxs_own_value_that_fits_a_login_alone_counts(
    store: Store, providers: ProviderService
) -> None:
    await stored_provider(store, a_provider(servers=(NODE_LOGIN,)))
    await stored_domain(store, a_domain(variables={"NODE": "srv1"}))
    await stored_mailbox(store, a_mailbox(variables={"NODE": "jane_2"}))
    message = r"^servers\.0: could not be published for a mailbox of customer\.example"
    with pytest.raises(InvalidInput, match=message) as refused:
        await providers.put_server(OPERATOR, "provider", NODE_SERVER)
    assert "jane@" not in str(refused.value)


async def test_a_server_in_whose_place_a_domain_has_its_own_is_not_counted(
    store: Store, providers: ProviderService
) -> None:
    await stored_provider(store)
    await stored_domain(store, a_domain(servers=(an_imap_server(key="own"),)))
    stored, _ = await providers.put_server(OPERATOR, "provider", NODE_SERVER)
    assert stored.value.servers[0] == NODE_SERVER
    with pytest.raises(InvalidInput, match=r"^servers\.1: needs the variable NODE, .* customer\.example$"):
        await providers.put_server(OPERATOR, "provider", a_pop3_server(hostname="%NODE%.provider.example"))


async def test_a_login_of_a_mailboxs_own_is_in_the_servers_place(
    store: Store, providers: ProviderService
) -> None:
    server = an_imap_server(hostname="%NODE%.provider.example", username="%CUSTOMER%%CUSTOMER%")
    await stored_provider(store, a_provider(servers=(replace(server, username="x"),)))
    await stored_domain(store, a_domain(variables={"NODE": "srv1", "CUSTOMER": "c"}))
    await stored_mailbox(store, a_mailbox(login="jane", variables={"CUSTOMER": "c" * 200}))
    stored, _ = await providers.put_server(OPERATOR, "provider", server)
    assert stored.value.servers == (server,)


async def test_the_longest_names_are_looked_at_where_servers_hold_the_name(
    store: Store, providers: ProviderService
) -> None:
    await stored_provider(store)
    long = ".".join(["x" * 60] * 4)
    for name in ("a.example", long, "y.example"):
        await stored_domain(store, a_domain(name))
    await providers.put_server(OPERATOR, "provider", an_imap_server(hostname="imap.%EMAILDOMAIN%"))
    with pytest.raises(InvalidInput, match=rf"^servers\.0: could not be published for {long}, whose name"):
        await providers.put_server(
            OPERATOR, "provider", an_imap_server(hostname="imap.provider.%EMAILDOMAIN%")
        )


async def test_what_could_not_be_published_before_is_in_nobodys_way(
    store: Store, providers: ProviderService
) -> None:
    # As an import of the ISPDB leaves it.
    await stored_provider(store, a_provider(servers=(NODE_SERVER, an_smtp_server())))
    await stored_domain(store)
    renamed = replace(NODE_SERVER, key="renamed", port=143)
    for servers in (
        (NODE_SERVER, an_smtp_server(port=587)),
        (replace(NODE_SERVER, hostname="imap-%NODE%.provider.example"), an_smtp_server()),
        (renamed, an_smtp_server()),
    ):
        await providers.put(OPERATOR, a_provider(servers=servers, variables={"OTHER": "x"}))
        await providers.put(OPERATOR, a_provider(servers=servers))
    with pytest.raises(InvalidInput, match=r"^servers\.1: needs the variable NODE"):
        await providers.put_server(OPERATOR, "provider", an_smtp_server(hostname="%NODE%.provider.example"))


async def test_of_domains_with_one_value_it_counts_which_could_be_published_before(
    store: Store, providers: ProviderService
) -> None:
    before = an_imap_server(hostname="%OLD%.provider.example")
    await stored_provider(store, a_provider(servers=(before,)))
    for number in range(3):
        await stored_domain(store, a_domain(f"a{number}.example"))
    await providers.put_server(OPERATOR, "provider", NODE_SERVER)
    await providers.put_server(OPERATOR, "provider", before)
    await stored_domain(store, a_domain("published.example", variables={"OLD": "srv1"}))
    with pytest.raises(InvalidInput, match=r"needs the variable NODE, .* published\.example$"):
        await providers.put_server(OPERATOR, "provider", NODE_SERVER)


async def test_the_name_that_is_published_counts(store: Store, providers: ProviderService) -> None:
    shared = an_imap_server(shared_hostname="imap.provider.%EMAILDOMAIN%")
    own, automatic = (".".join([letter * 60] * 4) for letter in "xy")
    await stored_provider(store)
    await stored_domain(store, a_domain(own, published_name=PublishedName.OWN))
    await providers.put_server(OPERATOR, "provider", shared)
    await providers.put_server(OPERATOR, "provider", an_imap_server())
    await stored_domain(store, a_domain(automatic))
    with pytest.raises(InvalidInput, match=rf"^servers\.0: could not be published for {automatic}"):
        await providers.put_server(OPERATOR, "provider", shared)


async def test_neither_other_providers_domains_nor_a_provider_without_any_count(
    store: Store, providers: ProviderService
) -> None:
    await stored_provider(store, WITH_DEFAULT)
    await stored_provider(store, replace(WITH_DEFAULT, slug="other"))
    await stored_domain(store, a_domain(provider="other"))
    await providers.put(OPERATOR, WITHOUT_DEFAULT)


async def test_servers_that_name_more_than_one_owner_may_define_are_checked(
    store: Store, providers: ProviderService
) -> None:
    of_target = {f"T{number}": "x" for number in range(32)}
    of_alias = {f"Z{number}": "x" for number in range(32)}
    await stored_provider(store)
    await stored_domain(store, a_domain(TARGET.ascii, variables=of_target))
    await stored_domain(store, a_domain("alias.example", alias_of=TARGET, variables=of_alias))
    named = [f"%{name}%" for name in (*of_target, *of_alias)]
    servers = [
        an_imap_server(key=f"imap-{place}", hostname="".join(named[place : place + 16]) + ".provider.example")
        for place in range(0, 64, 16)
    ]
    with pytest.raises(InvalidInput, match=r"needs the variable Z0, .* target\.example"):
        await providers.put(OPERATOR, a_provider(servers=tuple(servers)))


async def test_nothing_is_read_of_domains_where_no_text_and_no_value_changes(
    store: Store, providers: ProviderService
) -> None:
    await stored_provider(store, WITH_DEFAULT)
    await stored_domain(store)
    read: list[str] = []

    def remember(*arguments: Any) -> None:
        if any(f"FROM {table}" in arguments[2] for table in ("domain", "mailbox")):
            read.append(arguments[2])

    event.listen(store.engine.sync_engine, "before_cursor_execute", remember)
    await providers.put(OPERATOR, replace(WITH_DEFAULT, display_name="Other"))
    await providers.put_server(OPERATOR, "provider", replace(NODE_SERVER, port=143))
    await providers.put_server(OPERATOR, "provider", an_smtp_server())
    await providers.delete_server(OPERATOR, "provider", "smtp")
    assert read == []
    await providers.put(OPERATOR, replace(WITH_DEFAULT, variables={"NODE": "srv2"}))
    assert len(read) >= 1


async def test_one_value_among_thousands_is_found(store: Store, providers: ProviderService) -> None:
    await stored_provider(store, a_provider(servers=(NODE_LOGIN,)))
    fitting = [a_domain(f"d{number}.example", variables={"NODE": f"srv{number}"}) for number in range(3000)]
    await stored_domains(store, fitting)
    await providers.put_server(OPERATOR, "provider", NODE_SERVER)
    await providers.put_server(OPERATOR, "provider", NODE_LOGIN)
    await stored_domains(store, [a_domain("unfit.example", variables={"NODE": "srv_x"})])
    with pytest.raises(InvalidInput, match=r"could not be published for unfit\.example"):
        await providers.put_server(OPERATOR, "provider", NODE_SERVER)


async def test_one_value_among_many_that_did_not_fit_before_is_found(
    store: Store, providers: ProviderService
) -> None:
    await stored_provider(store, a_provider(servers=(NODE_SERVER,)))
    unfit = [a_domain(f"d{number}.example", variables={"NODE": f"srv_{number}"}) for number in range(250)]
    await stored_domains(store, [*unfit, a_domain("fitting.example", variables={"NODE": "srv1"})])
    longer = an_imap_server(hostname="imap-%NODE%.provider.example")
    await providers.put_server(OPERATOR, "provider", longer)
    with pytest.raises(InvalidInput, match=r"needs the variable OTHER, .* fitting\.example$"):
        await providers.put_server(
            OPERATOR, "provider", an_imap_server(hostname="%NODE%-%OTHER%.provider.example")
        )


async def test_a_type_that_changes_counts_like_another_text(store: Store, providers: ProviderService) -> None:
    await stored_provider(store, a_provider(servers=(NODE_SERVER,)))
    await stored_domain(store, a_domain(servers=(an_imap_server(key="own"),)))
    changed = replace(NODE_SERVER, type=ServerType.POP3)
    with pytest.raises(InvalidInput, match=r"^servers\.0: needs the variable NODE"):
        await providers.put_server(OPERATOR, "provider", changed)
