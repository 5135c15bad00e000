"""From findings to reports: how things stand, and when to look again. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from app.core.findings import Severity
from app.core.reports import DomainReport, EndpointReport, ListingReport, State
from app.verification.evidence import in_order
from app.verification.judging import find_expiry

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

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
EXPIRING: Final = timedelta(days=21)
EXPIRING_DUE_IN: Final = timedelta(hours=6)


def state_of(findings: Iterable[Finding]) -> State:
    """Return the state that the worst of the findings makes."""
    return max(
        (_STATES[finding.severity] for finding in findings), key=lambda state: state.rank, default=State.GOOD
    )


def report_endpoint(observation: EndpointObservation, findings: tuple[Finding, ...]) -> EndpointReport:
    """Report on an endpoint.

    Args:
        observation: What the run saw.
        findings: What ``judge`` made of it.
    """
    return EndpointReport(
        endpoint=observation.endpoint,
        at=observation.at,
        state=state_of(findings),
        findings=in_order(findings),
        certificate_expires_at=find_expiry(observation),
    )


def due_in(report: EndpointReport, *, is_given: bool) -> timedelta:
    """Return when to look at an endpoint again: sooner when it is bad or a certificate expires.

    One that clients are not given is in no hurry: an own name that has no certificate yet may never have one.
    """
    if not is_given:
        return DUE_IN[State.GOOD]
    usual, expires_at = DUE_IN[report.state], report.certificate_expires_at
    if expires_at is not None and expires_at - report.at < EXPIRING:
        return min(usual, EXPIRING_DUE_IN)
    return usual


def report_domain(
    plan: VerificationPlan,
    reports: Mapping[Endpoint, EndpointReport],
    promises: Mapping[Listing, tuple[Finding, ...]],
    own: tuple[Finding, ...] = (),
) -> DomainReport:
    """Report on a domain.

    Args:
        plan: What the domain lists.
        reports: By endpoint, as far as there are any.
        promises: By listing, what ``judge_listing`` found.
        own: What was found of its DNS records and documents.
    """
    listings = tuple(
        _report_listing(listing, reports.get(listing.endpoint), promises.get(listing, ()))
        for listing in plan.listings
    )
    return DomainReport(
        domain=plan.domain,
        state=_worst(listings, own),
        listings=listings,
        findings=in_order(own),
        unprobed=plan.unprobed,
    )


def counting_since(report: DomainReport, since: datetime) -> DomainReport:
    """Return a report in which nothing counts that was seen before a moment.

    Args:
        report: How a domain stands.
        since: When looking at it began.
    """
    listings = tuple(
        replace(one, state=State.UNTESTED, findings=(), is_missed=True)
        if one.at is None or one.at < since
        else one
        for one in report.listings
    )
    return replace(report, listings=listings, state=_worst(listings, report.findings))


def _worst(listings: Iterable[ListingReport], own: Iterable[Finding]) -> State:
    # Where clients are given nothing that could be probed, nothing is known.
    states = [one.state for one in listings if one.listing.is_published] or [State.UNTESTED]
    return max((state_of(own), *states), key=lambda one: one.rank)


def _report_listing(
    listing: Listing, report: EndpointReport | None, promises: tuple[Finding, ...]
) -> ListingReport:
    if report is None:
        return ListingReport(listing=listing, state=State.UNTESTED, findings=promises, at=None)
    findings = in_order((*report.findings, *promises))
    return ListingReport(listing=listing, state=state_of(findings), findings=findings, at=report.at)
