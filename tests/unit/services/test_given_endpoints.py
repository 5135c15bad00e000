"""Who is told of what clients are not given: nobody, until they are."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from app.core.domains import PublishedName
from app.core.names import DomainName
from app.core.reports import State
from app.core.verified import EndpointFilter
from app.services.domains import DomainService
from app.services.metrics import endpoint_metrics
from app.store.migrating import migrate
from app.store.rows import ENDPOINT, LISTING
from sqlalchemy import select

from builders import a_domain, a_provider, an_imap_server
from databases import OPERATOR, a_caller, stored_domain, stored_provider
from fakes.observer import ScriptedObserver, expires_in, is_down
from verifying import Verifier, choices, published, subscribe, told_of_hosts

if TYPE_CHECKING:
    from app.core.checks import StoredEndpoint
    from app.core.domains import Domain
    from app.core.stored import Stored
    from app.store.unit_of_work import Store

    from fakes.clock import FixedClock

OWN, SHARED = "mail.customer.example", "srv1.host.example"
SERVER = an_imap_server(hostname="mail.%EMAILDOMAIN%", shared_hostname=SHARED)
ALARMED = EndpointFilter(is_alarmed=True)


@pytest.fixture
async def verifier(store: Store, clock: FixedClock) -> Verifier:
    """A domain whose server has a name of its own, without a certificate, and one that many share."""
    await stored_provider(store, a_provider(servers=(SERVER,)))
    await stored_domain(store, a_domain(published_name=PublishedName.AUTOMATIC))
    verifier = Verifier(store, clock)
    verifier.observer.answers[OWN] = is_down
    await subscribe(verifier)
    return verifier


async def change(verifier: Verifier, **changes: Any) -> None:
    def edit(stored: Stored[Domain]) -> Domain:
        return replace(stored.value, **changes)

    await DomainService(verifier.store, verifier.clock).patch(OPERATOR, DomainName("customer.example"), edit)


async def host(verifier: Verifier, name: str = OWN) -> StoredEndpoint:
    (found,) = [one for one in (await verifier.all()).values() if one.endpoint.hostname == name]
    return found


async def metrics(verifier: Verifier, caller: Any = OPERATOR) -> str:
    return await endpoint_metrics(verifier.endpoints, caller, verifier.clock())


async def test_a_bad_name_that_no_client_is_given_is_no_alarm_and_can_be_read(verifier: Verifier) -> None:
    await verifier.rounds(5)
    assert await told_of_hosts(verifier) == []
    assert await verifier.endpoints.page(OPERATOR, ALARMED, limit=10) == []
    assert await verifier.endpoints.count(OPERATOR, EndpointFilter(is_alarmed=False)) == 2
    (bad,) = await verifier.endpoints.page(OPERATOR, EndpointFilter(state=State.BAD), limit=10)
    assert (bad.endpoint.hostname, bad.standing.failures, bad.standing.alarmed_at) == (OWN, 5, None)
    assert await verifier.endpoints.count(OPERATOR, EndpointFilter(is_given=False)) == 1


@pytest.mark.parametrize("provider", [None, "provider"])
async def test_metrics_count_what_clients_are_given(verifier: Verifier, provider: str | None) -> None:
    await verifier.rounds(5)
    text = await metrics(verifier, OPERATOR if provider is None else a_caller("verify", provider=provider))
    assert 'signpost_endpoints{state="good"} 1' in text
    assert 'signpost_endpoints{state="bad"} 0' in text
    assert "signpost_endpoints_left_out 0" in text
    assert OWN not in text


async def test_a_bad_name_that_no_client_is_given_is_in_no_hurry(verifier: Verifier) -> None:
    await verifier.rounds(3)
    await verifier.check()
    assert (await host(verifier)).due_at - verifier.clock() >= timedelta(hours=6)


async def test_a_bad_name_is_told_of_once_clients_are_given_it(verifier: Verifier) -> None:
    await verifier.rounds(3)
    await verifier.check()
    verifier.clock.advance(minutes=1)
    await change(verifier, published_name=PublishedName.OWN)
    await verifier.check()
    assert await told_of_hosts(verifier) == [("host.bad", OWN)]
    (alarmed,) = await verifier.endpoints.page(OPERATOR, ALARMED, limit=10)
    assert alarmed.endpoint.hostname == OWN
    assert f'signpost_endpoint_alarmed{{endpoint="{alarmed.endpoint.key}"' in await metrics(verifier)
    await verifier.rounds(2)
    assert await told_of_hosts(verifier) == [("host.bad", OWN)]


async def test_an_alarm_of_what_clients_are_not_given_any_more_is_kept_to_itself_until_it_is_over(
    verifier: Verifier,
) -> None:
    verifier.observer.answers[SHARED] = is_down
    await verifier.rounds(3)
    assert await told_of_hosts(verifier) == [("host.bad", SHARED)]
    del verifier.observer.answers[OWN]
    await verifier.rounds(3)
    assert (await told_of_hosts(verifier))[1:] == [("host.chosen", OWN)]
    assert await verifier.endpoints.page(OPERATOR, ALARMED, limit=10) == []
    assert "signpost_endpoints_alarmed 0" in await metrics(verifier)
    del verifier.observer.answers[SHARED]
    await verifier.rounds(2)
    assert (await told_of_hosts(verifier))[2:] == [("host.good", SHARED)]


async def test_a_shared_name_that_was_bad_all_along_is_told_of_when_clients_come_to_it(
    store: Store, clock: FixedClock
) -> None:
    await stored_provider(store, a_provider(servers=(SERVER,)))
    await stored_domain(store, a_domain(published_name=PublishedName.AUTOMATIC))
    verifier = Verifier(store, clock)
    await verifier.rounds(3)
    await subscribe(verifier)
    assert await published(verifier) == "mail.%EMAILDOMAIN%"
    verifier.observer.answers = {SHARED: is_down}
    await verifier.rounds(4)
    assert await told_of_hosts(verifier) == []
    verifier.observer.answers[OWN] = is_down
    await verifier.rounds(2)
    await verifier.check()
    assert await told_of_hosts(verifier) == [("host.chosen", OWN)]
    # What comes to be given and is bad is looked at at once.
    verifier.clock.advance(seconds=1)
    assert await verifier.check() == 1
    assert await told_of_hosts(verifier) == [("host.chosen", OWN), ("host.bad", SHARED)]


async def test_a_name_that_clients_are_not_given_any_more_by_the_same_run_is_no_alarm(
    verifier: Verifier,
) -> None:
    verifier.observer.answers = {}
    await verifier.rounds(4)
    assert await told_of_hosts(verifier) == [("host.chosen", OWN)]
    verifier.observer.answers[OWN] = is_down
    await verifier.rounds(5)
    assert await told_of_hosts(verifier) == [("host.chosen", OWN), ("host.chosen", OWN)]
    assert (await host(verifier)).standing.alarmed_at is None
    assert await choices(verifier) == ["own", "shared"]


async def test_only_those_are_told_whose_clients_are_given_it(verifier: Verifier) -> None:
    direct = an_imap_server(hostname=OWN)
    await stored_provider(verifier.store, a_provider(slug="direct", servers=(direct,)))
    await stored_domain(verifier.store, a_domain("direct.example", provider="direct"))
    await subscribe(verifier, "provider")
    await verifier.rounds(4)
    # Those of the one who sees all.
    assert await told_of_hosts(verifier) == [("host.bad", OWN)]
    callers = [a_caller("verify", provider=slug) for slug in ("direct", "provider")]
    assert [await verifier.endpoints.count(one, ALARMED) for one in callers] == [1, 0]
    assert [f'hostname="{OWN}"' in await metrics(verifier, one) for one in callers] == [True, False]


async def test_a_certificate_that_ends_soon_is_told_once_clients_are_given_the_name(
    verifier: Verifier,
) -> None:
    verifier.observer.answers[OWN] = expires_in(10)
    for _ in range(2):
        await verifier.check()
        verifier.clock.advance(minutes=11)
    assert await told_of_hosts(verifier) == []
    await verifier.check()
    verifier.clock.advance(seconds=1)
    assert await told_of_hosts(verifier) == [("host.chosen", OWN)]
    await verifier.check()
    assert await told_of_hosts(verifier) == [("host.chosen", OWN), ("certificate.expiring", OWN)]


async def test_what_comes_to_be_given_while_it_is_probed_is_probed_again_at_once(verifier: Verifier) -> None:
    await verifier.rounds(3)
    slow = ScriptedObserver(verifier.clock)
    slow.answers[OWN] = is_down
    slow.gate.clear()
    process = verifier.another_process(slow)
    (leased,) = await process.take([(await host(verifier)).id])
    talking = asyncio.create_task(process.check(leased))
    await slow.wait_for(1)
    await change(verifier, published_name=PublishedName.OWN)
    await verifier.assigning.catch_up()
    slow.gate.set()
    await talking
    assert await told_of_hosts(verifier) == []
    assert (await host(verifier)).due_at <= verifier.clock()
    await verifier.check()
    assert await told_of_hosts(verifier) == [("host.bad", OWN)]


async def test_the_migration_finds_what_clients_were_given_before(verifier: Verifier) -> None:
    servers = (an_imap_server(hostname="own.host.example", shared_hostname=SHARED),)
    second = a_domain("b.example", published_name=PublishedName.AUTOMATIC, servers=servers)
    await stored_domain(verifier.store, second)
    await verifier.rounds(3)
    verifier.observer.answers["own.host.example"] = is_down
    await verifier.rounds(2)
    before = await listed(verifier)
    # Of the one the shared name is given, of the other the own one.
    assert sorted(is_given for _, is_given in before.values()) == [False, False, True, True]
    await migrate(verifier.store.engine, "0013")
    await migrate(verifier.store.engine)
    assert await listed(verifier) == before
    await verifier.rounds(1)
    assert (await told_of_hosts(verifier))[-1] == ("host.chosen", "own.host.example")
    assert (await choices(verifier))[-1] == "shared"


async def listed(verifier: Verifier) -> dict[int, tuple[str, bool]]:
    """Return what cohorts list: the host names, and whether clients are given them."""
    joined = LISTING.join(ENDPOINT, LISTING.c.endpoint_id == ENDPOINT.c.id)
    statement = select(LISTING.c.id, ENDPOINT.c.hostname, LISTING.c.is_given).select_from(joined)
    async with verifier.store.engine.connect() as connection:
        return {row.id: (row.hostname, row.is_given) for row in await connection.execute(statement)}
