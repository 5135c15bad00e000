"""Writers that each find the other's change not yet made, on PostgreSQL; SQLite has one writer at a time."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from app.core.domain_lines import read_line
from app.core.errors import ConcurrentChange, DomainNotFound, InvalidInput, StaleVersion
from app.core.names import DomainName
from app.services.bulk import BulkService
from app.services.bulk_planning import Outcome, Result
from app.services.domains import DomainService
from app.services.importing import Importing
from app.services.lifecycle import LifecycleService, Move
from app.services.mailboxes import MailboxService
from app.services.preconditions import Precondition
from app.services.providers import ProviderService
from app.services.verifying import Verifying

from builders import a_domain, a_mailbox, a_provider, an_imap_server
from databases import ON_POSTGRESQL, OPERATOR, stored_domain, stored_mailbox, stored_provider
from interleaving import interleaved, until_waiting, within
from management import A_SERVER

if TYPE_CHECKING:
    from app.core.domains import Domain
    from app.services.callers import Caller
    from app.store.unit_of_work import Store

    from fakes.clock import FixedClock

pytestmark = ON_POSTGRESQL

CUSTOMER = DomainName("customer.example")
TARGET = DomainName("target.example")
OTHER = DomainName("other.example")
JANE = a_mailbox(login="c1")
NEW = Precondition(must_not_exist=True)
NAMES_NODE = an_imap_server(hostname="%NODE%.customer.example")
RELIANT = a_domain("reliant.example", servers=(NAMES_NODE,))


class Services(NamedTuple):
    """All that writes."""

    store: Store
    providers: ProviderService
    domains: DomainService
    mailboxes: MailboxService
    lifecycle: LifecycleService
    bulk: BulkService
    importing: Importing
    verifying: Verifying

    async def line(self, caller: Caller, **members: Any) -> Outcome:
        """Do one line of bulk."""
        line = read_line(1, json.dumps(members).encode())
        return (await self.bulk.apply(caller, [line]))[0]

    async def drop_node(self, caller: Caller) -> Any:
        """Take the provider's variable away."""
        return await self.providers.patch(caller, "provider", lambda one: replace(one.value, variables={}))

    async def make_alias(self, caller: Caller, name: DomainName, target: DomainName) -> Any:
        """Have a domain become an alias."""
        return await self.domains.patch(caller, name, lambda one: replace(one.value, alias_of=target))

    async def move(self, caller: Caller, name: DomainName) -> Any:
        """Move a domain to the other provider."""
        return await self.lifecycle.move(caller, name, Move(provider="elsewhere"))


@pytest.fixture
async def services(store: Store, clock: FixedClock) -> Services:
    """Two providers, the first with a variable, and three of its domains."""
    await stored_provider(store, a_provider(variables={"NODE": "srv"}))
    await stored_provider(store, a_provider(slug="elsewhere"))
    for name in (CUSTOMER, TARGET, OTHER):
        await stored_domain(store, a_domain(name.ascii))
    writers = (
        ProviderService,
        DomainService,
        MailboxService,
        LifecycleService,
        BulkService,
        Importing,
        Verifying,
    )
    return Services(store, *(writer(store, clock) for writer in writers))  # type: ignore[arg-type]


async def domain_of(services: Services, name: DomainName) -> Domain:
    return (await services.domains.get(OPERATOR, name)).value


async def test_a_bulk_patch_keeps_what_was_written_while_it_waited(services: Services) -> None:
    outcome = await interleaved(
        services.store,
        lambda caller: services.make_alias(caller, CUSTOMER, TARGET),
        lambda: services.line(OPERATOR, op="patch", name=CUSTOMER.ascii, reference="r"),
    )
    assert (outcome.result, outcome.version) == (Result.UPDATED, 3)
    assert await domain_of(services, CUSTOMER) == a_domain(alias_of=TARGET, reference="r")


@pytest.mark.parametrize(
    ("members", "result"),
    [({"op": "patch", "reference": "r"}, Result.UPDATED), ({"op": "delete"}, Result.DELETED)],
)
async def test_a_domain_that_moves_meanwhile_is_there_for_bulk(
    services: Services, members: dict[str, Any], result: Result
) -> None:
    outcome = await interleaved(
        services.store,
        lambda caller: services.move(caller, CUSTOMER),
        lambda: services.line(OPERATOR, name=CUSTOMER.ascii, **members),
    )
    assert (outcome.result, outcome.error) == (result, None)


async def delete(services: Services) -> Any:
    return await services.domains.delete(OPERATOR, CUSTOMER)


async def delete_in_bulk(services: Services) -> Any:
    outcome = await services.line(OPERATOR, op="delete", name=CUSTOMER.ascii)
    assert outcome.result is Result.DELETED


@pytest.mark.parametrize("deletion", [delete, delete_in_bulk])
async def test_a_mailbox_that_comes_while_its_domain_is_deleted_is_brought_back_with_it(
    services: Services, deletion: Any
) -> None:
    outcome = await interleaved(
        services.store, lambda caller: services.mailboxes.put(caller, JANE), lambda: deletion(services)
    )
    assert outcome is None
    await services.lifecycle.restore(OPERATOR, CUSTOMER)
    assert (await services.mailboxes.get(OPERATOR, JANE.address)).value == JANE


@pytest.mark.parametrize("deletion", [delete, delete_in_bulk])
async def test_a_mailbox_that_changes_while_its_domain_is_deleted_is_brought_back_as_it_is(
    services: Services, deletion: Any
) -> None:
    await stored_mailbox(services.store, a_mailbox(login="c0"))
    outcome = await interleaved(
        services.store,
        lambda caller: services.mailboxes.patch(caller, JANE.address, lambda _: JANE),
        lambda: deletion(services),
    )
    assert outcome is None
    await services.lifecycle.restore(OPERATOR, CUSTOMER)
    assert (await services.mailboxes.get(OPERATOR, JANE.address)).value == JANE


async def put_reliant(services: Services, caller: Caller) -> Any:
    return await services.domains.put(caller, RELIANT)


async def put_reliant_in_bulk(services: Services, caller: Caller) -> Any:
    server = {**A_SERVER, "key": "imap", "hostname": NAMES_NODE.hostname}
    outcome = await services.line(
        caller, op="put", name="reliant.example", provider="provider", servers=[server]
    )
    if outcome.error is not None:
        raise outcome.error


async def put_reliant_mailbox(services: Services, caller: Caller) -> Any:
    return await services.mailboxes.put(caller, a_mailbox(servers=(NAMES_NODE,)))


RELIANTS = pytest.mark.parametrize("put", [put_reliant, put_reliant_in_bulk, put_reliant_mailbox])


@RELIANTS
async def test_a_provider_does_not_lose_what_is_just_being_relied_on(services: Services, put: Any) -> None:
    outcome = await interleaved(
        services.store, lambda caller: put(services, caller), lambda: services.drop_node(OPERATOR)
    )
    assert isinstance(outcome, InvalidInput)
    assert (await services.providers.get(OPERATOR, "provider")).value.variables == {"NODE": "srv"}


@RELIANTS
async def test_nobody_comes_to_rely_on_what_a_provider_is_just_losing(services: Services, put: Any) -> None:
    outcome = await interleaved(services.store, services.drop_node, lambda: put(services, OPERATOR))
    assert isinstance(outcome, InvalidInput)


async def test_who_comes_after_a_change_of_the_provider_waits_for_it(services: Services) -> None:
    """Else one bulk request after the other would keep it from being made."""
    async with services.store.writing() as unit:
        await services.domains.put(within(unit), a_domain("first.example"))
        change = asyncio.create_task(services.drop_node(OPERATOR))
        await until_waiting(services.store, change)
        put = asyncio.create_task(services.domains.put(OPERATOR, RELIANT))
        await until_waiting(services.store, change, put)
        assert not put.done()
    _, outcome = await asyncio.gather(change, put, return_exceptions=True)
    assert isinstance(outcome, InvalidInput)


async def test_what_changes_nothing_that_others_rely_on_waits_for_nobody(services: Services) -> None:
    async with services.store.writing() as unit:
        await services.domains.put(within(unit), RELIANT)
        async with asyncio.timeout(5):
            await services.providers.patch(
                OPERATOR, "provider", lambda one: replace(one.value, display_name="Other")
            )


async def drop_variable(services: Services, caller: Caller) -> Any:
    return await services.domains.patch(caller, CUSTOMER, lambda one: replace(one.value, variables={}))


async def drop_variable_by_moving(services: Services, caller: Caller) -> Any:
    return await services.lifecycle.move(caller, CUSTOMER, Move(variables={"BOX": None}))


async def drop_variable_in_bulk(services: Services, caller: Caller) -> Any:
    outcome = await services.line(caller, op="patch", name=CUSTOMER.ascii, variables=None)
    if outcome.error is not None:
        raise outcome.error


@pytest.mark.parametrize("drop", [drop_variable, drop_variable_by_moving, drop_variable_in_bulk])
@pytest.mark.parametrize("is_mailbox_first", [True, False])
async def test_a_mailbox_does_not_come_to_rely_on_what_its_domain_is_just_losing(
    services: Services, drop: Any, *, is_mailbox_first: bool
) -> None:
    await services.domains.put(OPERATOR, a_domain(variables={"BOX": "b1"}))
    reliant = a_mailbox(servers=(an_imap_server(hostname="%BOX%.customer.example"),))

    def put(caller: Caller) -> Any:
        return services.mailboxes.put(caller, reliant)

    def lose(caller: Caller) -> Any:
        return drop(services, caller)

    first, second = (put, lose) if is_mailbox_first else (lose, put)
    outcome = await interleaved(services.store, first, lambda: second(OPERATOR))
    assert isinstance(outcome, InvalidInput)


def alias_of_customer(services: Services, caller: Caller) -> Any:
    return services.make_alias(caller, TARGET, CUSTOMER)


def new_alias_of_customer(services: Services, caller: Caller) -> Any:
    return services.domains.put(caller, a_domain("new.example", alias_of=CUSTOMER))


async def alias_of_customer_in_bulk(services: Services, caller: Caller) -> Any:
    outcome = await services.line(caller, op="patch", name=TARGET.ascii, alias_of=CUSTOMER.ascii)
    if outcome.error is not None:
        raise outcome.error


def turn(services: Services, caller: Caller) -> Any:
    return services.make_alias(caller, CUSTOMER, OTHER)


async def turn_in_bulk(services: Services, caller: Caller) -> Any:
    outcome = await services.line(caller, op="patch", name=CUSTOMER.ascii, alias_of=OTHER.ascii)
    if outcome.error is not None:
        raise outcome.error


ALIASES = pytest.mark.parametrize(
    "alias", [alias_of_customer, new_alias_of_customer, alias_of_customer_in_bulk]
)
TURNS = pytest.mark.parametrize("turn_away", [turn, turn_in_bulk])


@ALIASES
@TURNS
async def test_what_becomes_an_alias_gets_none_at_the_same_time(
    services: Services, alias: Any, turn_away: Any
) -> None:
    outcome = await interleaved(
        services.store, lambda caller: turn_away(services, caller), lambda: alias(services, OPERATOR)
    )
    assert isinstance(outcome, InvalidInput)


@ALIASES
@TURNS
async def test_what_gets_an_alias_becomes_none_at_the_same_time(
    services: Services, alias: Any, turn_away: Any
) -> None:
    outcome = await interleaved(
        services.store, lambda caller: alias(services, caller), lambda: turn_away(services, OPERATOR)
    )
    assert isinstance(outcome, InvalidInput)


@ALIASES
async def test_an_alias_that_comes_while_its_target_moves_goes_with_it(
    services: Services, alias: Any
) -> None:
    await interleaved(
        services.store,
        lambda caller: alias(services, caller),
        lambda: services.move(OPERATOR, CUSTOMER),
    )
    name = DomainName("new.example") if alias is new_alias_of_customer else TARGET
    assert [(await domain_of(services, one)).provider for one in (CUSTOMER, name)] == ["elsewhere"] * 2


@ALIASES
async def test_a_domain_that_moves_gets_no_alias_where_it_was(services: Services, alias: Any) -> None:
    outcome = await interleaved(
        services.store,
        lambda caller: services.move(caller, CUSTOMER),
        lambda: alias(services, OPERATOR),
    )
    assert isinstance(outcome, InvalidInput)


async def test_a_domain_that_gets_mailboxes_becomes_no_alias_at_the_same_time(services: Services) -> None:
    outcome = await interleaved(
        services.store,
        lambda caller: services.mailboxes.put(caller, JANE),
        lambda: turn(services, OPERATOR),
    )
    assert isinstance(outcome, InvalidInput)


PUTS = pytest.mark.parametrize(
    ("resource", "value"),
    [("domains", a_domain("new.example")), ("providers", a_provider(slug="new")), ("mailboxes", JANE)],
)


@PUTS
async def test_a_put_that_is_repeated_while_the_first_is_under_way_changes_nothing(
    services: Services, resource: str, value: Any
) -> None:
    put = getattr(services, resource).put
    outcome = await interleaved(
        services.store, lambda caller: put(caller, value), lambda: put(OPERATOR, value)
    )
    stored, is_new = outcome
    assert (stored.value, stored.version, is_new) == (value, 1, False)


@PUTS
async def test_a_put_of_something_new_finds_that_it_just_came(
    services: Services, resource: str, value: Any
) -> None:
    put = getattr(services, resource).put
    outcome = await interleaved(
        services.store, lambda caller: put(caller, value), lambda: put(OPERATOR, value, NEW)
    )
    assert isinstance(outcome, StaleVersion)


async def test_a_domain_that_is_deleted_is_not_verified(services: Services) -> None:
    outcome = await interleaved(
        services.store,
        lambda caller: services.domains.delete(caller, CUSTOMER),
        lambda: services.verifying.start(OPERATOR, CUSTOMER),
    )
    assert isinstance(outcome, ConcurrentChange | DomainNotFound)


def a_file(*domains: str) -> bytes:
    listed = "".join(f"<domain>{name}</domain>" for name in domains)
    return (
        f'<clientConfig version="1.1"><emailProvider id="p.example">{listed}<displayName>P</displayName>'
        '<incomingServer type="imap"><hostname>mail.p.example</hostname><port>993</port>'
        "<socketType>SSL</socketType><username>%EMAILADDRESS%</username>"
        "<authentication>password-cleartext</authentication></incomingServer></emailProvider></clientConfig>"
    ).encode()


async def test_an_import_moves_no_domain_that_gets_an_alias_at_the_same_time(services: Services) -> None:
    await services.importing.apply({"p.xml": a_file("a.example"), "q.xml": a_file("q.example")})
    alias = a_domain("alias.example", provider="p", alias_of=DomainName("a.example"))
    outcome = await interleaved(
        services.store,
        lambda caller: services.domains.put(caller, alias),
        lambda: services.importing.apply(
            {"p.xml": a_file("b.example"), "q.xml": a_file("a.example", "q.example")}
        ),
    )
    assert isinstance(outcome, ConcurrentChange)


async def test_an_import_gives_no_domain_to_a_provider_that_is_just_becoming_another(
    services: Services,
) -> None:
    await services.importing.apply({"p.xml": a_file("a.example")})
    outcome = await interleaved(
        services.store,
        lambda caller: services.providers.patch(
            caller, "p", lambda one: replace(one.value, servers=(an_imap_server(hostname="%EMAILDOMAIN%"),))
        ),
        lambda: services.importing.apply({"p.xml": a_file("a.example", "b.example")}),
    )
    assert isinstance(outcome, ConcurrentChange)
