from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from app.core.domains import DomainStatus
from app.core.names import DomainName
from app.services.assigning import work_out_listings
from app.services.callers import VERIFICATION
from app.services.changes import Changes
from app.services.domains import DomainService
from app.services.providers import ProviderService

from builders import a_domain, a_provider, an_imap_server, an_smtp_server
from databases import OPERATOR, stored_domain, stored_provider
from verifying import Verifier, cohort_of

if TYPE_CHECKING:
    from app.core.domains import Domain
    from app.core.stored import Stored
    from app.store.unit_of_work import Store

    from fakes.clock import FixedClock

NODES = (an_imap_server(hostname="%NODE%.host.example"), an_smtp_server(hostname="smtp.host.example"))


@pytest.fixture
async def verifier(store: Store, clock: FixedClock) -> Verifier:
    await stored_provider(store, a_provider(servers=NODES, variables={"NODE": "srv1"}))
    return Verifier(store, clock)


async def change(verifier: Verifier, name: str, **changes: Any) -> None:
    service = DomainService(verifier.store, verifier.clock)

    def edit(stored: Stored[Domain]) -> Domain:
        return replace(stored.value, **changes)

    await service.patch(OPERATOR, DomainName(name), edit)


async def hosts(verifier: Verifier) -> list[str]:
    await verifier.assigning.catch_up()
    return sorted(one.endpoint.hostname for one in (await verifier.all()).values())


async def test_many_domains_make_few_endpoints(verifier: Verifier) -> None:
    for number in range(30):
        node = {"NODE": f"srv{number % 3}"}
        await stored_domain(verifier.store, a_domain(f"d{number}.example", variables=node))
    assert await hosts(verifier) == ["smtp.host.example", *(f"srv{node}.host.example" for node in range(3))]
    assert await cohort_of(verifier.store, "d0.example") == await cohort_of(verifier.store, "d3.example")
    assert await verifier.assigning.catch_up() == 0


async def test_a_domain_that_changes_goes_to_another_cohort_and_what_nobody_lists_is_removed(
    verifier: Verifier,
) -> None:
    await stored_domain(verifier.store, a_domain("a.example"))
    assert await hosts(verifier) == ["smtp.host.example", "srv1.host.example"]
    await change(verifier, "a.example", variables={"NODE": "srv2"})
    await verifier.assigning.catch_up()
    assert await verifier.assigning.tidy() == 2
    assert await hosts(verifier) == ["smtp.host.example", "srv2.host.example"]


async def test_a_suspended_domain_lists_nothing_and_lists_again_when_it_is_resumed(
    verifier: Verifier,
) -> None:
    await stored_domain(verifier.store, a_domain("a.example"))
    await hosts(verifier)
    await change(verifier, "a.example", status=DomainStatus.SUSPENDED)
    await verifier.assigning.catch_up()
    await verifier.assigning.tidy()
    assert await hosts(verifier) == []
    await change(verifier, "a.example", status=DomainStatus.ACTIVE)
    assert await hosts(verifier) == ["smtp.host.example", "srv1.host.example"]


async def test_a_cohort_that_was_left_lists_again_when_a_domain_comes_back(verifier: Verifier) -> None:
    await stored_domain(verifier.store, a_domain("a.example"))
    await hosts(verifier)
    first = await cohort_of(verifier.store, "a.example")
    await change(verifier, "a.example", variables={"NODE": "srv2"})
    await hosts(verifier)
    await change_provider(verifier, (*NODES, an_imap_server(key="imap-2", port=143)))
    await hosts(verifier)
    await change(verifier, "a.example", variables={})
    await verifier.assigning.catch_up()
    assert await cohort_of(verifier.store, "a.example") == first
    await verifier.assigning.tidy()
    assert await hosts(verifier) == ["imap.provider.example", "smtp.host.example", "srv1.host.example"]


async def change_provider(verifier: Verifier, servers: tuple[Any, ...], **changes: Any) -> None:
    service = ProviderService(verifier.store, verifier.clock)
    await service.patch(
        OPERATOR, "provider", lambda stored: replace(stored.value, servers=servers, **changes)
    )


async def test_a_change_of_the_provider_reaches_all_cohorts(verifier: Verifier) -> None:
    for node in ("srv1", "srv2"):
        await stored_domain(verifier.store, a_domain(f"{node}.example", variables={"NODE": node}))
    await hosts(verifier)
    cohorts = [await cohort_of(verifier.store, f"{node}.example") for node in ("srv1", "srv2")]
    await change_provider(verifier, (an_imap_server(hostname="%NODE%.new.example"),))
    await verifier.assigning.catch_up()
    await verifier.assigning.tidy()
    assert await hosts(verifier) == ["srv1.new.example", "srv2.new.example"]
    # What its servers name is the same, so that no domain had to be touched.
    assert [await cohort_of(verifier.store, f"{node}.example") for node in ("srv1", "srv2")] == cohorts


async def test_servers_that_name_something_else_part_the_domains_anew(verifier: Verifier) -> None:
    for name in ("a.example", "b.example"):
        await stored_domain(verifier.store, a_domain(name))
    await hosts(verifier)
    await change_provider(verifier, (an_imap_server(hostname="mail.%EMAILDOMAIN%"),))
    await verifier.assigning.catch_up()
    await verifier.assigning.tidy()
    assert await hosts(verifier) == ["mail.a.example", "mail.b.example"]


async def test_a_changed_variable_of_the_provider_is_followed(verifier: Verifier) -> None:
    await stored_domain(verifier.store, a_domain("a.example"))
    await hosts(verifier)
    await change_provider(verifier, NODES, variables={"NODE": "srv9"})
    await verifier.assigning.catch_up()
    await verifier.assigning.tidy()
    assert await hosts(verifier) == ["smtp.host.example", "srv9.host.example"]


async def test_an_alias_follows_its_target(verifier: Verifier) -> None:
    target = a_domain("a.example", variables={"NODE": "srv1"})
    await stored_domain(verifier.store, target)
    await stored_domain(verifier.store, a_domain("alias.example", alias_of=target.name))
    await hosts(verifier)
    await change(verifier, "a.example", variables={"NODE": "srv2"})
    await verifier.assigning.catch_up()
    assert await cohort_of(verifier.store, "alias.example") == await cohort_of(verifier.store, "a.example")
    await verifier.assigning.tidy()
    assert await hosts(verifier) == ["smtp.host.example", "srv2.host.example"]


async def test_a_cohort_that_comes_to_a_known_endpoint_has_its_state_at_once(verifier: Verifier) -> None:
    await stored_domain(verifier.store, a_domain("a.example"))
    await verifier.check()
    await stored_domain(verifier.store, a_domain("b.example", servers=(an_imap_server(),)))
    await verifier.assigning.catch_up()
    cohort_id = await cohort_of(verifier.store, "b.example")
    assert cohort_id is not None
    async with verifier.store.writing() as unit:
        (cohort,) = await unit.listings.keep_cohorts((cohort_id,))
    states = {one.hostname: (one.endpoint_state, one.promise_state) for one in cohort.listings}
    assert states["smtp.host.example"] == ("good", "good")
    assert states["imap.provider.example"] == ("untested", "untested")
    assert cohort.state == "untested"


async def test_a_cohort_whose_domain_went_since_it_was_found_is_passed_over(verifier: Verifier) -> None:
    await stored_domain(verifier.store, a_domain("a.example"))
    await verifier.assigning.catch_up()
    cohort = await cohort_of(verifier.store, "a.example")
    assert cohort is not None
    before = await verifier.all()
    async with Changes(verifier.store, verifier.clock).making(VERIFICATION) as made:
        await work_out_listings(made, [(cohort, "gone.example")])
    assert await verifier.all() == before
