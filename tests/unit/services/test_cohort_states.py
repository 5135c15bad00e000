"""A host that more cohorts list than one transaction works out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from app.core.domains import PublishedName
from app.core.queries import DomainQuery
from app.core.reports import State
from app.services.assigning import Assigning
from app.services.domains import DomainService

from builders import a_domain, a_provider, an_imap_server, an_smtp_server
from databases import OPERATOR, stored_domain, stored_provider
from fakes.observer import has_expired, works
from observed import offering
from verifying import Verifier, choices

if TYPE_CHECKING:
    from app.core.domains import Domain
    from app.core.provider import Provider
    from app.store.unit_of_work import Store

    from fakes.clock import FixedClock

DOMAINS = 8
CROWD = 3
SHARED = "imap.provider.example"
OWN = "srv1.host.example"
NODE = {"NODE": "srv1"}


class Crowded(Verifier):
    """Works out three cohorts at a time."""

    def __init__(self, store: Store, clock: FixedClock) -> None:
        super().__init__(store, clock)
        self.assigning = Assigning(store, clock, crowd=CROWD)
        self.checking = self.another_process(crowd=CROWD)

    async def are(self, state: State) -> int:
        """Count the domains whose servers came to a state."""
        return await DomainService(self.store, self.clock).count(OPERATOR, DomainQuery(verified=state))

    async def probe(self) -> None:
        """Probe what is due, and leave what follows for cohorts to be worked out."""
        await self.checking.start_due()
        await self.checking.settle()


async def crowded(store: Store, clock: FixedClock, provider: Provider, *domains: Domain) -> Crowded:
    await stored_provider(store, provider)
    for domain in domains:
        await stored_domain(store, domain)
    verifier = Crowded(store, clock)
    await verifier.assigning.catch_up()
    return verifier


@pytest.fixture
async def verifier(store: Store, clock: FixedClock) -> Crowded:
    """One host that each of several domains lists beside one of its own."""
    servers = (an_imap_server(), an_smtp_server(hostname="smtp.%EMAILDOMAIN%"))
    domains = [a_domain(f"d{number}.example") for number in range(DOMAINS)]
    return await crowded(store, clock, a_provider(servers=servers), *domains)


@pytest.fixture
async def automatic(store: Store, clock: FixedClock) -> Crowded:
    """A node's own name and the shared one, listed by cohorts that differ by something else."""
    servers = (
        an_imap_server(hostname="%NODE%.host.example", shared_hostname=SHARED),
        an_smtp_server(hostname="smtp.%EMAILDOMAIN%"),
    )
    domains = [
        a_domain(f"d{number}.example", variables=NODE, published_name=PublishedName.AUTOMATIC)
        for number in range(DOMAINS)
    ]
    return await crowded(store, clock, a_provider(servers=servers, variables=NODE), *domains)


async def test_many_cohorts_are_worked_out_after_the_run_and_not_with_it(verifier: Crowded) -> None:
    await verifier.probe()
    assert await verifier.are(State.GOOD) == 0
    # Three, three and two.
    assert await verifier.assigning.catch_up() == 3
    assert await verifier.are(State.GOOD) == DOMAINS


async def test_what_a_later_run_saw_reaches_those_who_were_worked_out_already(verifier: Crowded) -> None:
    await verifier.probe()
    await verifier.assigning.catch_up()
    verifier.observer.answers[SHARED] = has_expired
    verifier.clock.advance(days=1)
    await verifier.probe()
    await verifier.assigning.catch_up()
    assert await verifier.are(State.BAD) == DOMAINS


async def test_a_run_that_changes_nothing_leaves_nothing_to_work_out(verifier: Crowded) -> None:
    await verifier.rounds(4)
    await verifier.assigning.catch_up()
    await verifier.probe()
    assert await verifier.assigning.catch_up() == 0


async def test_a_broken_promise_reaches_all_who_made_it(verifier: Crowded) -> None:
    await verifier.rounds(4)
    await verifier.assigning.catch_up()
    no_password = offering("XOAUTH2", atoms=("LOGINDISABLED",))
    verifier.observer.answers[SHARED] = lambda endpoint: works(endpoint, in_tls=no_password)
    await verifier.probe()
    assert (await verifier.all())[f"imap:{SHARED}:993:tls"].standing.state is State.GOOD
    assert await verifier.assigning.catch_up() == 3
    assert await verifier.are(State.BAD) == DOMAINS


async def test_a_cohort_that_comes_meanwhile_is_worked_out_too(verifier: Crowded) -> None:
    verifier.observer.answers[SHARED] = has_expired
    await verifier.probe()
    await stored_domain(verifier.store, a_domain("late.example"))
    await verifier.assigning.catch_up()
    assert await verifier.are(State.BAD) == DOMAINS + 1


async def test_a_name_that_many_cohorts_are_given_is_told_of_once(automatic: Crowded) -> None:
    for _ in range(4):
        await automatic.rounds(1)
        await automatic.assigning.catch_up()
    assert await choices(automatic) == ["own"]
    automatic.observer.answers[OWN] = has_expired
    for _ in range(4):
        await automatic.rounds(1)
        await automatic.assigning.catch_up()
    assert await choices(automatic) == ["own", "shared"]
    assert await automatic.are(State.GOOD) == DOMAINS


async def test_each_provider_is_told_of_a_name_that_its_domains_are_given(automatic: Crowded) -> None:
    async with automatic.store.reading() as unit:
        stored = await unit.providers.find("provider")
    assert stored is not None
    await stored_provider(automatic.store, replace(stored.value, slug="other"))
    for number in range(DOMAINS):
        domain = a_domain(
            f"o{number}.example",
            provider="other",
            variables=NODE,
            published_name=PublishedName.AUTOMATIC,
        )
        await stored_domain(automatic.store, domain)
    for _ in range(4):
        await automatic.rounds(1)
        await automatic.assigning.catch_up()
    assert await choices(automatic) == ["own", "own"]


async def test_what_one_process_works_out_no_other_does(verifier: Crowded) -> None:
    other = Assigning(verifier.store, verifier.clock, crowd=CROWD)
    await verifier.probe()
    async with verifier.store.writing() as unit:
        assert await unit.listings.find_behind() is not None
        if verifier.store.engine.dialect.name == "postgresql":
            assert await other.catch_up() == 0
    assert await other.catch_up() == 3
    assert await verifier.are(State.GOOD) == DOMAINS
