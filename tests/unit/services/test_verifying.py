"""Verifications of domains that do not go as they should: much to do before them, nobody who probes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from app.core.names import DomainName
from app.core.reports import State
from app.services.domain_checking import DomainChecking
from app.services.domains import DomainService
from app.services.providers import ProviderService

from builders import a_domain, a_provider, an_imap_server
from databases import OPERATOR, stored_domain, stored_provider
from verifying import PATIENCE, Verifier, always

if TYPE_CHECKING:
    from app.core.findings import Finding
    from app.core.verified import StoredVerification
    from app.store.unit_of_work import Store

    from fakes.clock import FixedClock

COHORTS = 30
LAST = DomainName(f"d{COHORTS - 1}.example")


@pytest.fixture
async def verifier(store: Store, clock: FixedClock) -> Verifier:
    """A provider whose every domain is a cohort of its own."""
    servers = (an_imap_server(hostname="%NODE%.host.example"),)
    await stored_provider(store, a_provider(servers=servers, variables={"NODE": "srv"}))
    for number in range(COHORTS):
        await stored_domain(store, a_domain(f"d{number}.example", variables={"NODE": f"srv{number}"}))
    return Verifier(store, clock)


async def change_provider(verifier: Verifier, hostname: str) -> None:
    service = ProviderService(verifier.store, verifier.clock)
    servers = (an_imap_server(hostname=hostname),)
    await service.patch(OPERATOR, "provider", lambda stored: replace(stored.value, servers=servers))


@pytest.mark.parametrize("hostname", ["%NODE%.new.example", "mail.%EMAILDOMAIN%"])
async def test_a_verification_waits_for_no_cohort_but_its_own(verifier: Verifier, hostname: str) -> None:
    await verifier.assigning.catch_up()
    await change_provider(verifier, hostname)
    await verifier.verifying.start(OPERATOR, LAST)
    own = f"srv{COHORTS - 1}.new.example" if "NODE" in hostname else f"mail.{LAST}"
    async with verifier.store.reading() as unit:
        listed = await unit.endpoints.by_keys([f"imap:{own}:993:tls"])
        others = await unit.endpoints.by_keys(
            ["imap:srv0.new.example:993:tls", "imap:mail.d0.example:993:tls"]
        )
    assert len(listed) == 1
    assert others == {}


async def test_the_command_line_probes_what_a_domain_lists_however_much_is_to_be_worked_out(
    verifier: Verifier,
) -> None:
    await verifier.assigning.catch_up()
    await change_provider(verifier, "%NODE%.new.example")
    report = await verifier.domains.verify_now(LAST, lambda *_: None)
    assert report.state == "good"
    assert verifier.observer.asked == [f"imap:srv{COHORTS - 1}.new.example:993:tls"]


class Dawdler:
    """Looks at what is a domain's own, and comes to no end."""

    def __init__(self) -> None:
        self.looking = asyncio.Event()

    async def check(self, _domain: DomainName) -> tuple[Finding, ...]:
        self.looking.set()
        await asyncio.Event().wait()
        return ()


async def finished(verifier: Verifier, public_id: str) -> StoredVerification:
    return await verifier.verifying.get(OPERATOR, LAST, public_id)


async def test_own_checks_that_come_to_no_end_hold_up_neither_endpoints_nor_the_report(
    verifier: Verifier,
) -> None:
    dawdler, patience = Dawdler(), timedelta(seconds=1.5)
    domains = DomainChecking(verifier.store, verifier.clock, verifier.checking, dawdler, patience)
    started = await verifier.verifying.start(OPERATOR, LAST)
    await verifier.check()
    await domains.start_open()
    await asyncio.wait_for(dawdler.looking.wait(), 10)
    await asyncio.wait_for(domains.settle(), 20)
    found = await finished(verifier, started.public_id)
    assert (found.state, found.finished_at) == (State.UNTESTED, verifier.clock())
    assert found.report is not None
    assert [one["state"] for one in found.report["endpoints"]] == ["good"]


async def test_what_was_begun_again_and_again_is_finished_as_it_is(verifier: Verifier) -> None:
    started = await verifier.verifying.start(OPERATOR, LAST)
    verifier.clock.advance(seconds=2 * PATIENCE.total_seconds() + 1)
    assert await verifier.domains.start_open() == 1
    # Nobody probes, and nobody waits.
    await asyncio.wait_for(verifier.domains.settle(), PATIENCE.total_seconds() / 2)
    found = await finished(verifier, started.public_id)
    assert (found.state, found.finished_at) == (State.UNTESTED, verifier.clock())


async def test_who_follows_what_nobody_sees_through_is_let_go(verifier: Verifier) -> None:
    started = await verifier.verifying.start(OPERATOR, LAST)
    seen: list[str] = []
    async with asyncio.timeout(10):
        async for event, _ in verifier.verifying.watch(OPERATOR, LAST, started.public_id, always):
            seen.append(event)
            verifier.clock.advance(seconds=30)
    # Two patiences and a minute.
    assert seen == ["waiting"] * 3


async def test_an_alias_is_verified_as_its_target_is_since_a_moment_ago(verifier: Verifier) -> None:
    await stored_domain(verifier.store, a_domain("alias.example", alias_of=LAST))
    await verifier.assigning.catch_up()
    service = DomainService(verifier.store, verifier.clock)
    node = {"NODE": "srv99"}
    await service.patch(OPERATOR, LAST, lambda stored: replace(stored.value, variables=node))
    await verifier.domains.verify_now(DomainName("alias.example"), lambda *_: None)
    assert verifier.observer.asked == ["imap:srv99.host.example:993:tls"]
