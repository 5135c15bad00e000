"""Which of a server's two names clients are given, while domains and providers change."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from app.core.domains import DomainStatus, PublishedName
from app.core.names import DomainName
from app.services.assigning import assign
from app.services.domains import DomainService
from app.services.providers import ProviderService

from builders import a_domain, a_pop3_server, a_provider, an_imap_server
from databases import OPERATOR, stored_domain, stored_provider
from fakes.observer import expires_in, has_expired, is_down, turns_away
from verifying import Verifier, choices, cohort_of, published, subscribe, told, told_of_hosts

if TYPE_CHECKING:
    from app.core.domains import Domain
    from app.core.servers import Server
    from app.core.stored import Stored
    from app.store.unit_of_work import Store

    from fakes.clock import FixedClock

OWN, SHARED = "mail.%EMAILDOMAIN%", "%NODE%.host.example"
IMAP = an_imap_server(hostname=OWN, shared_hostname=SHARED)
POP3 = a_pop3_server(hostname=OWN, shared_hostname=SHARED)
NODE = {"NODE": "srv1"}
MANY = 12
"""More than are worked out at a time."""


@pytest.fixture
async def verifier(store: Store, clock: FixedClock) -> Verifier:
    """Domains whose own names are proven."""
    await stored_provider(store, a_provider(servers=(IMAP,), variables=NODE))
    await stored_domain(store, a_domain(published_name=PublishedName.AUTOMATIC))
    verifier = Verifier(store, clock)
    await verifier.rounds(4)
    assert await published(verifier) == OWN
    await subscribe(verifier)
    return verifier


async def add(verifier: Verifier, *servers: Server) -> None:
    def edit(stored: Stored[Any]) -> Any:
        return replace(stored.value, servers=(*stored.value.servers, *servers))

    await ProviderService(verifier.store, verifier.clock).patch(OPERATOR, "provider", edit)


async def change(verifier: Verifier, name: str = "customer.example", **changes: Any) -> None:
    def edit(stored: Stored[Domain]) -> Domain:
        return replace(stored.value, **changes)

    await DomainService(verifier.store, verifier.clock).patch(OPERATOR, DomainName(name), edit)


async def test_a_server_that_comes_leaves_the_name_as_it_is_until_it_is_disproved(verifier: Verifier) -> None:
    verifier.observer.answers["pop3:mail.customer.example:995:tls"] = is_down
    await add(verifier, POP3)
    for _ in range(3):
        await verifier.assigning.catch_up()
        assert await published(verifier) == OWN
        await verifier.rounds(1)
    assert await published(verifier) == "srv1.host.example"
    assert await choices(verifier) == ["own", "shared"]
    assert await told_of_hosts(verifier) == [("host.chosen", "mail.customer.example")]


async def test_a_server_that_comes_and_is_well_changes_nothing(verifier: Verifier) -> None:
    await add(verifier, POP3)
    for _ in range(4):
        await verifier.assigning.catch_up()
        assert await published(verifier) == OWN
        await verifier.rounds(1)
    assert await choices(verifier) == ["own"]
    assert await told_of_hosts(verifier) == []


async def test_a_server_that_cannot_be_tested_changes_nothing(verifier: Verifier) -> None:
    verifier.observer.answers["pop3:mail.customer.example:995:tls"] = turns_away
    await add(verifier, POP3)
    await verifier.rounds(6)
    assert await published(verifier) == OWN


async def test_a_name_that_was_never_proven_is_not_given_because_a_server_came(verifier: Verifier) -> None:
    await add(verifier, a_pop3_server(hostname="pop.%EMAILDOMAIN%", shared_hostname=SHARED))
    await verifier.assigning.catch_up()
    assert await proven(verifier) == {"mail.customer.example"}
    await verifier.rounds(4)
    assert await proven(verifier) == {"mail.customer.example", "pop.customer.example"}


async def proven(verifier: Verifier) -> frozenset[str]:
    async with verifier.store.reading() as unit:
        found = await unit.accounts.find(DomainName("customer.example"))
    assert found is not None
    return found.proven_hostnames


async def test_a_certificate_that_ends_soon_is_no_reason_to_change(verifier: Verifier) -> None:
    verifier.observer.answers["mail.customer.example"] = expires_in(7)
    for _ in range(4):
        await verifier.check()
        verifier.clock.advance(minutes=61)
        assert await published(verifier) == OWN
    assert [event for event, _ in await told_of_hosts(verifier)] == ["certificate.expiring", "host.bad"]
    assert await choices(verifier) == ["own"]


async def test_many_domains_that_change_keep_their_names_while_they_wait(
    store: Store, clock: FixedClock
) -> None:
    await stored_provider(store, a_provider(servers=(IMAP,), variables=NODE))
    names = [f"d{number}.example" for number in range(MANY)]
    for name in names:
        await stored_domain(store, a_domain(name, published_name=PublishedName.AUTOMATIC))
    verifier = Verifier(store, clock)
    await verifier.rounds(4)
    before = [await cohort_of(store, name) for name in names]
    for name in names:
        await change(verifier, name, variables={"NODE": "srv2"})
    async with store.writing() as unit:
        await assign(unit, await unit.cohorts.changed_domains(100))
    after = [await cohort_of(store, name) for name in names]
    assert not set(before) & set(after)
    assert [await published(verifier, name) for name in names] == [OWN] * MANY
    await verifier.assigning.catch_up()
    await verifier.assigning.tidy()
    assert [await published(verifier, name) for name in names] == [OWN] * MANY
    assert len(await choices(verifier)) == MANY


async def test_a_choice_begins_with_what_was_proven_of_the_name_that_was_given(verifier: Verifier) -> None:
    await stored_domain(verifier.store, a_domain("b.example", published_name=PublishedName.OWN))
    await verifier.rounds(4)
    await change(verifier, "b.example", published_name=PublishedName.AUTOMATIC)
    async with verifier.store.writing() as unit:
        await assign(unit, await unit.cohorts.changed_domains(100))
    assert await published(verifier, "b.example") == OWN
    await verifier.assigning.catch_up()
    assert await published(verifier, "b.example") == OWN
    assert await choices(verifier) == ["own"]


async def test_a_choice_begins_with_the_shared_name_where_nothing_was_proven(verifier: Verifier) -> None:
    verifier.observer.answers["imap:mail.b.example:993:tls"] = has_expired
    await stored_domain(verifier.store, a_domain("b.example", published_name=PublishedName.OWN))
    await verifier.rounds(4)
    await change(verifier, "b.example", published_name=PublishedName.AUTOMATIC)
    await verifier.assigning.catch_up()
    assert await published(verifier, "b.example") == "srv1.host.example"


async def test_a_name_that_is_not_proven_is_not_carried_on(verifier: Verifier) -> None:
    """Where the domain's own name is another, what was proven of the other says nothing."""
    servers = (an_imap_server(hostname="%NODE%.host.example", shared_hostname="imap.host.example"),)
    await change(verifier, servers=servers)
    await verifier.rounds(4)
    assert await published(verifier) == "srv1.host.example"
    await change(verifier, variables={"NODE": "srv2"})
    await verifier.assigning.catch_up()
    assert await published(verifier) == "imap.host.example"


async def test_a_domain_that_is_suspended_for_a_while_comes_back_to_its_name(verifier: Verifier) -> None:
    await change(verifier, status=DomainStatus.SUSPENDED)
    await verifier.assigning.catch_up()
    await change(verifier, status=DomainStatus.ACTIVE)
    await verifier.assigning.catch_up()
    assert await published(verifier) == OWN
    assert await choices(verifier) == ["own"]


async def test_a_choice_that_follows_from_a_change_is_audited_and_told_once(verifier: Verifier) -> None:
    """A server comes whose certificate another provider's domains have shown to be invalid."""
    host, elsewhere = "mail.node.example", "pop3:mail.node.example:995:tls"
    verifier.observer.answers[elsewhere] = has_expired
    await stored_provider(verifier.store, a_provider(slug="other", servers=(a_pop3_server(hostname=host),)))
    await stored_domain(verifier.store, a_domain("other.example", provider="other"))
    choice = {"hostname": host, "shared_hostname": SHARED}
    await change(verifier, servers=(an_imap_server(**choice),))
    await verifier.rounds(4)
    assert await published(verifier) == host
    await change(verifier, servers=(an_imap_server(**choice), a_pop3_server(**choice)))
    for _ in range(3):
        await verifier.assigning.catch_up()
        assert await published(verifier) == "srv1.host.example"
    events = [
        data for event, subject, data in await told(verifier) if (event, subject) == ("host.chosen", host)
    ]
    assert [one["published"] for one in events] == ["own", "shared"]
    assert await choices(verifier) == ["own", "own", "shared"]


async def test_what_somebody_has_verified_at_once_is_audited_too(verifier: Verifier) -> None:
    host = "mail.node.example"
    verifier.observer.answers[f"pop3:{host}:995:tls"] = has_expired
    await stored_provider(verifier.store, a_provider(slug="other", servers=(a_pop3_server(hostname=host),)))
    await stored_domain(verifier.store, a_domain("other.example", provider="other"))
    choice = {"hostname": host, "shared_hostname": SHARED}
    await change(verifier, servers=(an_imap_server(**choice),))
    await verifier.rounds(4)
    await change(verifier, servers=(an_imap_server(**choice), a_pop3_server(**choice)))
    await verifier.verifying.start(OPERATOR, DomainName("customer.example"))
    assert await choices(verifier) == ["own", "own", "shared"]
