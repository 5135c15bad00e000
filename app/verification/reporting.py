"""From findings to reports: how things stand, what changed, when to look again. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from app.core.findings import Severity
from app.core.reports import Change, DomainReport, EndpointReport, ListingReport, State
from app.verification.evidence import in_order
from app.verification.judging import find_expiry

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from app.core.endpoints import Endpoint, Listing, VerificationPlan
    from app.core.findings import Finding
    from app.core.observations import EndpointObservation

_STATES: Final = {
    Severity.INFO: State.GOOD,
    Severity.UNTESTED: State.UNTESTED,
    Severity.WARNING: State.WARNING,
    Severity.BAD: State.BAD,
}
DUE_IN: Final = {
    State.GOOD: timedelta(hours=12),
    State.UNTESTED: timedelta(hours=2),
    State.WARNING: timedelta(hours=6),
    State.BAD: timedelta(minutes=30),
}
FIRST_CONFIRMATION: Final = timedelta(minutes=5)
"""Until a state that just got worse is looked at again: it may have been a moment's."""
EXPIRING: Final = timedelta(days=21)
EXPIRING_DUE_IN: Final = timedelta(hours=6)


def state_of(findings: Iterable[Finding]) -> State:
    """Return the state that the worst of the findings makes."""
    return max(
        (_STATES[finding.severity] for finding in findings), key=lambda state: state.rank, default=State.GOOD
    )


def report_endpoint(
    observation: EndpointObservation,
    findings: tuple[Finding, ...],
    before: EndpointReport | None = None,
) -> EndpointReport:
    """Report on an endpoint.

    Args:
        observation: What the run saw.
        findings: What ``judge`` made of it.
        before: The report before this one.
    """
    state = state_of(findings)
    is_same = before is not None and before.state is state
    runs = before.runs_in_state + 1 if before is not None and is_same else 1
    expires_at = find_expiry(observation)
    return EndpointReport(
        endpoint=observation.endpoint,
        at=observation.at,
        state=state,
        findings=in_order(findings),
        certificate_expires_at=expires_at,
        runs_in_state=runs,
        change=None if before is None else change_from(before.state, before.findings, state, findings),
        due_in=_due_in(state, before, None if expires_at is None else expires_at - observation.at),
    )


def report_domain(
    plan: VerificationPlan,
    reports: Mapping[Endpoint, EndpointReport],
    promises: Mapping[Listing, tuple[Finding, ...]],
    own: tuple[Finding, ...] = (),
    before: DomainReport | None = None,
) -> DomainReport:
    """Report on a domain.

    Args:
        plan: What the domain lists.
        reports: By endpoint, as far as there are any.
        promises: By listing, what ``judge_listing`` found.
        own: What was found of its DNS records and documents.
        before: The report before this one.
    """
    listings = tuple(
        _report_listing(listing, reports.get(listing.endpoint), promises.get(listing, ()))
        for listing in plan.listings
    )
    published = [report for report in listings if report.listing.is_published]
    states = [state_of(own), *(report.state for report in published)]
    state = max(states, key=lambda one: one.rank)
    change = None
    if before is not None:
        change = change_from(
            before.state, _all_findings(before.listings, before.findings), state, _all_findings(listings, own)
        )
    return DomainReport(
        domain=plan.domain,
        state=state,
        listings=listings,
        findings=in_order(own),
        unprobed=plan.unprobed,
        change=change,
    )


def change_from(
    before: State, findings_before: tuple[Finding, ...], state: State, findings: tuple[Finding, ...]
) -> Change | None:
    """Compare two reports by state and by the codes of each subject; None where nothing is different."""
    old = {(finding.subject, finding.code) for finding in findings_before}
    new = {(finding.subject, finding.code) for finding in findings}
    if before is state and old == new:
        return None
    return Change(
        before=before,
        appeared=in_order(one for one in findings if (one.subject, one.code) not in old),
        gone=in_order(one for one in findings_before if (one.subject, one.code) not in new),
    )


def _report_listing(
    listing: Listing, report: EndpointReport | None, promises: tuple[Finding, ...]
) -> ListingReport:
    if report is None:
        return ListingReport(listing=listing, state=State.UNTESTED, findings=promises, at=None)
    findings = in_order((*report.findings, *promises))
    return ListingReport(listing=listing, state=state_of(findings), findings=findings, at=report.at)


def _all_findings(listings: tuple[ListingReport, ...], own: tuple[Finding, ...]) -> tuple[Finding, ...]:
    published = (report for report in listings if report.listing.is_published)
    return (*(finding for report in published for finding in report.findings), *own)


def _due_in(state: State, before: EndpointReport | None, left: timedelta | None) -> timedelta:
    got_worse = before is not None and state.rank > before.state.rank
    if got_worse and state is not State.GOOD:
        return FIRST_CONFIRMATION
    if left is not None and left < EXPIRING:
        return min(DUE_IN[state], EXPIRING_DUE_IN)
    return DUE_IN[state]
