"""How things stand, what changed, and when to look again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from app.core.endpoints import Listing, Unprobed, VerificationPlan
from app.core.names import DomainName
from app.core.observations import FailureReason, Stage
from app.core.reports import EndpointReport, State
from app.core.servers import Authentication
from app.verification.judging import judge, judge_listing
from app.verification.publication import judge_publication
from app.verification.reporting import (
    DUE_IN,
    counting_since,
    due_in,
    report_domain,
    report_endpoint,
    state_of,
)
from app.verification.trust import TrustStore

from judging_cases import CASES, IMAPS, SUBMISSIONS
from observed import a_listing, a_session, failed_at, observed, seen_at
from pki import INTERMEDIATE, NOW, ROOT, chain, issue
from publication_cases import CASES as PUBLISHED

if TYPE_CHECKING:
    from app.core.findings import Finding
    from app.core.observations import EndpointObservation

TRUST = TrustStore.from_pem(ROOT.pem)
GOOD = observed(IMAPS)
CLOSED = observed(IMAPS, failed_at(IMAPS, Stage.CONNECT, FailureReason.REFUSED))
BUSY = observed(IMAPS, failed_at(IMAPS, Stage.GREETING, FailureReason.TURNED_AWAY))
OLD_TOO = CASES["TLS 1.0 too"][0]
DOMAIN = DomainName.parse("customer.example")


def report(observation: EndpointObservation) -> EndpointReport:
    return report_endpoint(observation, judge(observation, TRUST, NOW))


@pytest.mark.parametrize(
    ("observation", "state"),
    [(GOOD, State.GOOD), (CLOSED, State.BAD), (BUSY, State.UNTESTED), (OLD_TOO, State.WARNING)],
)
def test_the_worst_finding_makes_the_state(observation: EndpointObservation, state: State) -> None:
    assert report(observation).state is state


def test_what_is_good_to_know_leaves_the_state_good() -> None:
    assert state_of(judge(CASES["no TLS 1.3"][0], TRUST, NOW)) is State.GOOD


def test_what_was_seen_before_a_moment_counts_as_untested() -> None:
    listing = a_listing(IMAPS)
    plan = VerificationPlan(domain=DOMAIN, listings=(listing,), unprobed=())
    stood = report_domain(plan, {IMAPS: report(CLOSED)}, {})
    assert stood.state is State.BAD
    assert counting_since(stood, NOW) == stood
    later = counting_since(stood, NOW + timedelta(seconds=1))
    (missed,) = later.listings
    assert (later.state, missed.state, missed.findings, missed.is_missed, missed.at) == (
        State.UNTESTED, State.UNTESTED, (), True, NOW,
    )  # fmt: skip
    never = counting_since(report_domain(plan, {}, {}), NOW)
    assert never.listings[0].is_missed


def expiring(days: float) -> EndpointObservation:
    sent = chain(issue(issuer=INTERMEDIATE, days=(days - 90, days)), INTERMEDIATE)
    return observed(IMAPS, seen_at(IMAPS, tls=a_session(sent)))


def test_what_is_bad_or_expires_is_looked_at_sooner() -> None:
    good, bad = (due_in(report(one), is_given=True) for one in (GOOD, CLOSED))
    assert good == DUE_IN[State.GOOD]
    assert bad == DUE_IN[State.BAD] < good
    assert due_in(report(expiring(10)), is_given=True) < good


@pytest.mark.parametrize("observation", [GOOD, CLOSED, BUSY, OLD_TOO])
def test_what_clients_are_not_given_is_in_no_hurry(observation: EndpointObservation) -> None:
    assert due_in(report(observation), is_given=False) == DUE_IN[State.GOOD]


def test_an_own_name_whose_certificate_has_expired_is_in_no_hurry_while_clients_are_given_another() -> None:
    assert due_in(report(expiring(-10)), is_given=False) == DUE_IN[State.GOOD]


def listings() -> tuple[Listing, Listing, Listing]:
    password = Authentication.PASSWORD_CLEARTEXT
    imap, smtp = a_listing(IMAPS, password), a_listing(SUBMISSIONS, password, Authentication.OAUTH2)
    other = replace(imap, endpoint=replace(IMAPS, hostname="own.customer.example"), is_published=False)
    return imap, smtp, other


def planned() -> VerificationPlan:
    unprobed = (Unprobed(server="ldap", reason="no-probe", detail="There is none."),)
    return VerificationPlan(domain=DOMAIN, listings=listings(), unprobed=unprobed)


def test_a_domain_stands_as_the_worst_that_it_publishes() -> None:
    imap, smtp, other = listings()
    sending = observed(SUBMISSIONS)
    reports = {
        imap.endpoint: report(GOOD),
        smtp.endpoint: report(sending),
        other.endpoint: replace(report(CLOSED), endpoint=other.endpoint),
    }
    found = report_domain(planned(), reports, {})
    assert found.state is State.GOOD
    assert [one.state for one in found.listings] == [State.GOOD, State.GOOD, State.BAD]
    assert [one.server for one in found.unprobed] == ["ldap"]

    promises: dict[Listing, tuple[Finding, ...]] = {smtp: judge_listing(smtp, sending)}
    worse = report_domain(planned(), reports, promises)
    assert worse.state is State.BAD
    assert [one.code for one in worse.listings[1].findings] == ["login.not-offered"]


def test_what_was_not_looked_at_yet_is_untested() -> None:
    found = report_domain(planned(), {}, {})
    assert found.state is State.UNTESTED
    assert {one.at for one in found.listings} == {None}


def test_the_domains_own_findings_count() -> None:
    records, documents, _ = PUBLISHED["a web site for every name"]
    own = judge_publication(records, documents, TRUST, NOW)
    plan = VerificationPlan(domain=DOMAIN, listings=())
    found = report_domain(plan, {}, {}, own)
    assert (found.state, found.findings) == (State.BAD, own)
    assert report_domain(plan, {}, {}).state is State.UNTESTED


def test_a_report_is_due_within_a_day() -> None:
    assert max(DUE_IN.values()) <= timedelta(hours=24)
