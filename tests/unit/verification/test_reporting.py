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
from app.verification.reporting import DUE_IN, FIRST_CONFIRMATION, report_domain, report_endpoint, state_of
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


def report(observation: EndpointObservation, before: EndpointReport | None = None) -> EndpointReport:
    return report_endpoint(observation, judge(observation, TRUST, NOW), before)


@pytest.mark.parametrize(
    ("observation", "state"),
    [(GOOD, State.GOOD), (CLOSED, State.BAD), (BUSY, State.UNTESTED), (OLD_TOO, State.WARNING)],
)
def test_the_worst_finding_makes_the_state(observation: EndpointObservation, state: State) -> None:
    assert report(observation).state is state


def test_what_is_good_to_know_leaves_the_state_good() -> None:
    assert state_of(judge(CASES["no TLS 1.3"][0], TRUST, NOW)) is State.GOOD


def test_runs_in_one_state_are_counted() -> None:
    first = report(CLOSED)
    second = report(CLOSED, first)
    assert (first.runs_in_state, second.runs_in_state, report(GOOD, second).runs_in_state) == (1, 2, 1)


def test_a_change_names_what_came_and_what_went() -> None:
    first = report(OLD_TOO)
    change = report(CLOSED, first).change
    assert first.change is None
    assert change is not None
    assert change.before is State.WARNING
    assert [one.code for one in change.appeared] == ["connect.refused"]
    assert [one.code for one in change.gone] == ["tls.old-versions-too"]


def test_the_same_findings_are_no_change() -> None:
    assert report(CLOSED, report(CLOSED)).change is None


def expiring(days: float) -> EndpointObservation:
    sent = chain(issue(issuer=INTERMEDIATE, days=(days - 90, days)), INTERMEDIATE)
    return observed(IMAPS, seen_at(IMAPS, tls=a_session(sent)))


def test_days_to_the_expiry_are_told() -> None:
    assert report(expiring(30.5)).days_to_expiry(NOW) == 30
    assert report(expiring(-1.5)).days_to_expiry(NOW) == -2
    assert report(CLOSED).days_to_expiry(NOW) is None


def test_what_is_bad_or_expires_is_looked_at_sooner() -> None:
    good, bad = report(GOOD), report(CLOSED)
    assert good.due_in == DUE_IN[State.GOOD]
    assert bad.due_in == DUE_IN[State.BAD] < good.due_in
    assert report(expiring(10)).due_in < good.due_in
    assert report(CLOSED, good).due_in == FIRST_CONFIRMATION < bad.due_in
    assert report(CLOSED, bad).due_in == bad.due_in


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
    worse = report_domain(planned(), reports, promises, before=found)
    assert worse.state is State.BAD
    assert [one.code for one in worse.listings[1].findings] == ["login.not-offered"]
    assert worse.change is not None
    assert [one.code for one in worse.change.appeared] == ["login.not-offered"]


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
    assert report_domain(plan, {}, {}).state is State.GOOD


def test_a_report_is_due_within_a_day() -> None:
    assert max(DUE_IN.values()) <= timedelta(hours=24)
