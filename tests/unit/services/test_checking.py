from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from app.core.audit import AuditFilter
from app.core.cohorts import cohort_state
from app.core.domains import PublishedName
from app.core.names import DomainName
from app.core.queries import DomainQuery
from app.core.reports import State
from app.core.verified import EndpointFilter, FindingFilter
from app.services.auditing import Auditing
from app.services.domain_checking import DomainChecking
from app.services.domains import DomainService
from app.services.upkeep import Upkeep

from builders import a_domain, a_provider, an_imap_server, an_smtp_server
from databases import OPERATOR, a_caller, stored_domain, stored_provider
from fakes.observer import ScriptedObserver, expires_in, has_expired, is_down, turns_away, works
from observed import offering, seen_at
from verifying import Verifier, always, cohort_of, published, subscribe, told

if TYPE_CHECKING:
    from app.core.verified import StoredVerification
    from app.store.unit_of_work import Store

    from fakes.clock import FixedClock

IMAP = "imap:imap.provider.example:993:tls"
SMTP = "smtp:smtp.provider.example:465:tls"
CUSTOMER = DomainName("customer.example")
SERVERS = (an_imap_server(), an_smtp_server())
OWN, SHARED = "mail.customer.example", "srv1.host.example"


@pytest.fixture
async def verifier(store: Store, clock: FixedClock) -> Verifier:
    await stored_provider(store, a_provider(servers=SERVERS))
    await stored_domain(store)
    return Verifier(store, clock)


@pytest.fixture
async def automatic(store: Store, clock: FixedClock) -> Verifier:
    """A domain whose server has a name of its own and one that many share."""
    server = an_imap_server(hostname="mail.%EMAILDOMAIN%", shared_hostname=SHARED)
    await stored_provider(store, a_provider(servers=(server,)))
    await stored_domain(store, a_domain(published_name=PublishedName.AUTOMATIC))
    return Verifier(store, clock)


async def test_what_is_listed_is_probed_once_and_written_down(verifier: Verifier) -> None:
    assert await verifier.check() == 2
    assert sorted(verifier.observer.asked) == [IMAP, SMTP]
    endpoint = (await verifier.all())[IMAP]
    assert (endpoint.standing.state, endpoint.standing.checked_at) == (State.GOOD, verifier.clock())
    assert endpoint.standing.certificate_expires_at == verifier.clock() + timedelta(days=60)
    assert endpoint.due_at > verifier.clock()
    assert await verifier.check() == 0


async def test_domains_of_several_providers_share_a_probe(verifier: Verifier) -> None:
    await stored_provider(verifier.store, a_provider(slug="other", servers=SERVERS))
    await stored_domain(verifier.store, a_domain("other.example", provider="other"))
    assert await verifier.check() == 2


async def test_findings_are_kept_with_their_first_moment_and_read_by_severity(verifier: Verifier) -> None:
    verifier.observer.answers[IMAP] = has_expired
    first = verifier.clock()
    await verifier.rounds(2)
    (finding,) = await verifier.endpoints.findings(OPERATOR, FindingFilter(), limit=10)
    assert (finding.code, finding.severity, finding.subject) == ("certificate.expired", "bad", IMAP)
    assert finding.since == first
    wanted = FindingFilter(severity=finding.severity, hostname="imap.provider.example")
    assert await verifier.endpoints.count_findings(OPERATOR, wanted) == 1
    assert await verifier.endpoints.count(OPERATOR, EndpointFilter(state=State.BAD)) == 1


async def test_a_domain_is_as_its_worst_endpoint_and_is_found_by_that(verifier: Verifier) -> None:
    service = DomainService(verifier.store, verifier.clock)
    await verifier.check()
    assert await service.count(OPERATOR, DomainQuery(verified=State.GOOD)) == 1
    verifier.observer.answers[SMTP] = is_down
    verifier.clock.advance(days=2)
    await verifier.check()
    assert await service.count(OPERATOR, DomainQuery(verified=State.BAD)) == 1
    assert await service.count(OPERATOR, DomainQuery(verified=State.GOOD)) == 0


async def test_a_promise_that_is_broken_is_the_domains_and_not_the_endpoints(verifier: Verifier) -> None:
    verifier.observer.answers[IMAP] = lambda endpoint: works(
        endpoint, in_tls=offering("XOAUTH2", atoms=("LOGINDISABLED",))
    )
    await verifier.check()
    assert (await verifier.all())[IMAP].standing.state is State.GOOD
    cohort_id = await cohort_of(verifier.store, "customer.example")
    assert cohort_id is not None
    async with verifier.store.writing() as unit:
        (cohort,) = await unit.listings.keep_cohorts((cohort_id,))
    assert cohort.state is State.BAD
    assert cohort_state(cohort.listings, cohort.proven) is State.BAD


async def test_an_alarm_is_told_once_after_three_bad_runs_to_those_concerned(verifier: Verifier) -> None:
    await stored_provider(verifier.store, a_provider(slug="other"))
    await subscribe(verifier, "provider")
    await subscribe(verifier, "other")
    verifier.observer.answers[IMAP] = is_down
    await verifier.rounds(2)
    assert await told(verifier) == []
    await verifier.rounds(3)
    ((event, subject, data),) = await told(verifier)
    assert (event, subject, data["endpoint"]) == ("host.bad", "imap.provider.example", IMAP)
    assert data["findings"][0]["severity"] == "bad"
    del verifier.observer.answers[IMAP]
    await verifier.rounds(3)
    assert [event for event, _, _ in await told(verifier)] == ["host.bad", "host.good"]


async def test_a_host_that_turns_us_away_is_no_alarm(verifier: Verifier) -> None:
    await subscribe(verifier)
    verifier.observer.answers[IMAP] = turns_away
    await verifier.rounds(6)
    assert (await verifier.all())[IMAP].standing.state is State.UNTESTED
    assert await told(verifier) == []


async def test_a_certificate_that_ends_soon_is_told_once(verifier: Verifier) -> None:
    await subscribe(verifier)
    verifier.observer.answers[IMAP] = expires_in(15)
    await verifier.rounds(4)
    assert [event for event, _, _ in await told(verifier)] == ["certificate.expiring"]


async def test_the_own_name_is_published_once_it_is_proven_three_times(automatic: Verifier) -> None:
    await subscribe(automatic)
    seen = [await published(automatic)]
    for _ in range(4):
        await automatic.rounds(1)
        seen.append(await published(automatic))
    assert seen == [SHARED, SHARED, SHARED, "mail.%EMAILDOMAIN%", "mail.%EMAILDOMAIN%"]
    assert await told(automatic) == [
        ("host.chosen", OWN, {"hostname": OWN, "published": "own", "provider": "provider"})
    ]
    (entry,) = await Auditing(automatic.store).page(OPERATOR, AuditFilter(kind="hostname"), limit=10)
    assert entry.before is not None
    assert entry.after is not None
    assert (entry.action, entry.token_id, entry.resource) == ("hostname.choose", "verification", OWN)
    assert (entry.before["published"], entry.after["published"]) == ("shared", "own")


async def test_the_shared_name_comes_back_after_three_bad_certificates_and_never_earlier(
    automatic: Verifier,
) -> None:
    await automatic.rounds(3)
    for number in range(9):
        automatic.observer.answers[OWN] = works if number % 3 == 2 else has_expired
        await automatic.rounds(1)
        assert await published(automatic) == "mail.%EMAILDOMAIN%"
    automatic.observer.answers[OWN] = has_expired
    await automatic.rounds(3)
    assert await published(automatic) == SHARED


async def test_a_name_that_nobody_is_given_makes_no_domain_bad(automatic: Verifier) -> None:
    automatic.observer.answers[OWN] = has_expired
    await automatic.check()
    service = DomainService(automatic.store, automatic.clock)
    assert await service.count(OPERATOR, DomainQuery(verified=State.GOOD)) == 1


async def test_no_more_than_there_is_room_for_is_taken(verifier: Verifier) -> None:
    servers = tuple(an_imap_server(key=f"imap-{n}", port=1000 + n) for n in range(10))
    await stored_domain(verifier.store, a_domain("many.example", servers=servers))
    narrow = verifier.another_process(at_once=4)
    await verifier.assigning.catch_up()
    verifier.observer.gate.clear()
    assert await narrow.start_due() == 4
    await verifier.observer.wait_for(4)
    assert await narrow.start_due() == 0
    verifier.observer.gate.set()
    await narrow.settle()
    assert verifier.observer.most_at_once == 4
    assert await narrow.start_due() == 4
    await narrow.settle()


async def test_an_address_has_a_quarter_of_the_places_and_what_is_elsewhere_the_rest(
    verifier: Verifier,
) -> None:
    servers = tuple(an_imap_server(key=f"imap-{n}", hostname=f"hung{n}.example") for n in range(10))
    await stored_domain(verifier.store, a_domain("many.example", servers=servers))
    for hostname in ("imap.provider.example", "smtp.provider.example"):
        verifier.observer.answers[hostname] = lambda endpoint: seen_at(endpoint, "192.0.2.99")
    await verifier.rounds(1)
    narrow = verifier.another_process(at_once=16)
    verifier.observer.asked.clear()
    verifier.observer.gate.clear()
    begun = [await narrow.start_due() for _ in range(3)]
    await verifier.observer.wait_for(sum(begun))
    # Four of the ten, and both of the others.
    assert sum(begun) == 6
    assert {IMAP, SMTP} < set(verifier.observer.asked)
    verifier.observer.gate.set()
    await narrow.settle()
    # The others are not forgotten, and come one after the other.
    for _ in range(2):
        verifier.clock.advance(seconds=30)
        await verifier.check(narrow)
    assert len(set(verifier.observer.asked)) == len(verifier.observer.asked) == 12


async def asked_during_a_run(verifier: Verifier, after: timedelta) -> StoredVerification:
    """Have somebody ask for a verification while a run goes on that began before; then it ends."""
    slow = ScriptedObserver(verifier.clock)
    # Until the certificates are believed, runs follow each other within minutes anyway.
    await verifier.rounds(4)
    slow.begins_at_once = True
    slow.gate.clear()
    process = verifier.another_process(slow)
    await process.start_due()
    await slow.wait_for(2)
    verifier.clock.advance(seconds=after.total_seconds())
    started = await verifier.verifying.start(OPERATOR, CUSTOMER)
    slow.gate.set()
    await process.settle()
    return started


async def test_a_run_that_began_long_before_somebody_asked_is_followed_by_another(
    verifier: Verifier,
) -> None:
    started = await asked_during_a_run(verifier, timedelta(minutes=5))
    await verifier.domains.start_open()
    assert await verifier.check() == 2
    await asyncio.wait_for(verifier.domains.settle(), 2)
    assert (await verifier.verifying.get(OPERATOR, CUSTOMER, started.public_id)).state is State.GOOD
    assert await verifier.check() == 0


async def test_a_run_that_began_a_moment_before_somebody_asked_is_enough(verifier: Verifier) -> None:
    await asked_during_a_run(verifier, timedelta(seconds=30))
    assert await verifier.check() == 0


async def test_two_processes_never_take_the_same(verifier: Verifier) -> None:
    servers = tuple(an_imap_server(key=f"imap-{n}", port=1000 + n) for n in range(10))
    await stored_domain(verifier.store, a_domain("many.example", servers=servers))
    await verifier.assigning.catch_up()
    processes = [verifier.another_process(at_once=6) for _ in range(3)]
    verifier.observer.gate.clear()
    counts = await asyncio.gather(*(process.start_due() for process in processes))
    verifier.observer.gate.set()
    for process in processes:
        await process.settle()
    asked = verifier.observer.asked
    assert len(asked) == sum(counts) == len(set(asked))


async def test_what_a_dead_process_held_is_taken_when_its_lease_is_over(verifier: Verifier) -> None:
    dead = verifier.another_process(lease_seconds=60)
    await verifier.assigning.catch_up()
    ids = [one.id for one in (await verifier.all()).values()]
    assert len(await dead.take(ids)) == 2
    assert await verifier.checking.start_due() == 0
    verifier.clock.advance(seconds=61)
    assert await verifier.check() == 2


async def test_a_result_that_comes_after_the_lease_was_taken_over_is_dropped(verifier: Verifier) -> None:
    await verifier.assigning.catch_up()
    ids = [one.id for one in (await verifier.all()).values()]
    slow = ScriptedObserver(verifier.clock)
    slow.answers[IMAP] = is_down
    slow.gate.clear()
    process = verifier.another_process(slow)
    talking = [asyncio.create_task(process.check(leased)) for leased in await process.take(ids)]
    await slow.wait_for(2)
    verifier.clock.advance(days=1)
    assert await verifier.check() == 2
    slow.gate.set()
    await asyncio.gather(*talking)
    assert (await verifier.all())[IMAP].standing.state is State.GOOD
    assert len(await verifier.endpoints.history(OPERATOR, ids[0], limit=10)) == 1


async def test_no_one_is_talked_to_whose_lease_was_long_in_the_writing(verifier: Verifier) -> None:
    await verifier.assigning.catch_up()
    ids = [one.id for one in (await verifier.all()).values()]
    late = verifier.another_process(lease_seconds=10)
    taken = await late.take(ids)
    verifier.clock.advance(seconds=9)
    for leased in taken:
        await late.check(leased)
    assert verifier.observer.asked == []


async def test_no_one_is_talked_to_for_longer_than_is_left_of_the_lease(verifier: Verifier) -> None:
    await verifier.assigning.catch_up()
    ids = [one.id for one in (await verifier.all()).values()]
    late = verifier.another_process(lease_seconds=60)
    taken = await late.take(ids)
    verifier.clock.advance(seconds=58.95)
    verifier.observer.gate.clear()
    await asyncio.wait_for(asyncio.gather(*(late.check(leased) for leased in taken)), 10)
    assert len(verifier.observer.asked) == 2
    assert (await verifier.all())[IMAP].standing.checked_at is None


async def test_no_one_is_talked_to_for_longer_than_the_lease(verifier: Verifier) -> None:
    hasty = verifier.another_process(lease_seconds=1.05)
    verifier.observer.gate.clear()
    await verifier.assigning.catch_up()
    await hasty.start_due()
    await asyncio.wait_for(hasty.settle(), 10)
    assert (await verifier.all())[IMAP].standing.checked_at is None
    assert verifier.observer.under_way == set()


async def test_a_process_that_is_told_to_stop_lets_go_of_what_it_holds(verifier: Verifier) -> None:
    stopping = verifier.another_process(stop_seconds=0.01)
    await verifier.assigning.catch_up()
    verifier.observer.gate.clear()
    running = asyncio.create_task(stopping.run())
    await verifier.observer.wait_for(2)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    verifier.observer.gate.set()
    assert await verifier.check() == 2


async def test_history_and_reports_are_forgotten_in_time(verifier: Verifier) -> None:
    await verifier.rounds(3)
    (endpoint, *_) = (await verifier.all()).values()
    kept = Upkeep(verifier.store, verifier.clock, report_retention=timedelta(days=2, hours=1))
    await kept.forget_reports()
    history = await verifier.endpoints.history(OPERATOR, endpoint.id, limit=10)
    assert len(history) == 2


async def test_a_token_of_one_provider_sees_only_what_its_domains_list(verifier: Verifier) -> None:
    await stored_provider(verifier.store, a_provider(slug="other", servers=(an_imap_server(port=10_993),)))
    await stored_domain(verifier.store, a_domain("other.example", provider="other"))
    await verifier.check()
    caller = a_caller("verify", provider="other")
    (seen,) = await verifier.endpoints.page(caller, limit=10)
    assert seen.endpoint.port == 10_993
    assert await verifier.endpoints.count(caller, EndpointFilter(provider="provider")) == 0


async def test_a_verification_probes_reports_and_is_followed_to_its_end(verifier: Verifier) -> None:
    name = DomainName("customer.example")
    verifier.observer.answers[SMTP] = is_down
    started = await verifier.verifying.start(OPERATOR, name)
    assert (await verifier.verifying.start(OPERATOR, name)).public_id == started.public_id

    async def follow() -> list[str]:
        found = verifier.verifying.watch(OPERATOR, name, started.public_id, always)
        return [event async for event, data in found if data is not None]

    following = asyncio.create_task(follow())
    await verifier.domains.start_open()
    await verifier.check()
    await verifier.domains.settle()
    assert await asyncio.wait_for(following, 10) == ["endpoint", "endpoint", "finished"]
    done = await verifier.verifying.get(OPERATOR, name, started.public_id)
    assert (done.state, done.finished_at) == (State.BAD, verifier.clock())
    report = await verifier.verifying.report(OPERATOR, name)
    assert report == done.report
    assert {one["endpoint"]: one["state"] for one in report["endpoints"]} == {IMAP: "good", SMTP: "bad"}


async def test_what_was_probed_a_moment_ago_is_not_probed_because_somebody_asks(verifier: Verifier) -> None:
    await verifier.check()
    verifier.clock.advance(seconds=30)
    for _ in range(3):
        await verifier.verifying.start(OPERATOR, DomainName("customer.example"))
        assert await verifier.check() == 0
    await verifier.domains.start_open()
    await verifier.domains.settle()
    (only,) = await verifier.verifying.page(OPERATOR, DomainName("customer.example"), limit=10)
    assert only.state is State.GOOD


async def test_the_command_line_probes_whatever_is_due_or_not(verifier: Verifier) -> None:
    await verifier.check()
    verifier.clock.advance(seconds=1)
    shown: list[int] = []
    report = await verifier.domains.verify_now(
        DomainName("customer.example"), lambda _, waiting: shown.append(len(waiting))
    )
    assert report.state is State.GOOD
    assert len(verifier.observer.asked) == 4
    assert (shown[0], shown[-1]) == (2, 0)


async def test_what_the_command_line_could_not_probe_is_untested_whatever_was_seen_yesterday(
    verifier: Verifier,
) -> None:
    await verifier.rounds(1)
    hasty = verifier.another_process(lease_seconds=1.05)
    domains = DomainChecking(verifier.store, verifier.clock, hasty, verifier.own)
    verifier.observer.gate.clear()
    report = await domains.verify_now(DomainName("customer.example"), lambda *_: None)
    assert report.state is State.UNTESTED
    assert [(one.state, one.is_missed) for one in report.listings] == [(State.UNTESTED, True)] * 2


async def test_what_the_command_line_probed_is_not_missed(verifier: Verifier) -> None:
    report = await verifier.domains.verify_now(DomainName("customer.example"), lambda *_: None)
    assert [(one.state, one.is_missed) for one in report.listings] == [(State.GOOD, False)] * 2


async def test_a_suspended_domain_is_verified_with_nothing_to_probe(verifier: Verifier) -> None:
    service = DomainService(verifier.store, verifier.clock)
    name = DomainName("customer.example")
    await service.patch(
        OPERATOR, name, lambda stored: replace(stored.value, status=type(stored.value.status)("suspended"))
    )
    report = await verifier.domains.verify_now(name, lambda *_: None)
    assert report.state is State.UNTESTED
    assert verifier.observer.asked == []
