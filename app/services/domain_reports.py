"""How a domain stands, put together from what is stored of its endpoints and of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.core.reports import EndpointReport
from app.core.resolving import resolve
from app.core.sightings import sighting_from_record
from app.services.finding_records import find_finding
from app.verification.judging import judge_listing
from app.verification.planning import plan
from app.verification.reporting import report_domain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.core.account import AccountSettings
    from app.core.checks import StoredEndpoint
    from app.core.endpoints import Endpoint, Listing
    from app.core.findings import Finding
    from app.core.names import DomainName
    from app.core.reports import DomainReport, ListingReport
    from app.core.verified import StoredFinding
    from app.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """A domain's report with the endpoints as they are stored."""

    report: DomainReport
    endpoints: Mapping[str, StoredEndpoint]
    """By key; those that are not stored yet are missing."""


async def gather_report(unit: UnitOfWork, name: DomainName, own: tuple[Finding, ...] = ()) -> Gathered | None:
    """Return how a domain stands; None where it is not stored.

    Args:
        unit: The transaction.
        name: The domain.
        own: What was found of its DNS records and documents.
    """
    found = await unit.accounts.find(name)
    if found is None:
        return None
    settings = resolve(
        found.provider, found.domain, target=found.target, proven_hostnames=found.proven_hostnames
    )
    planned = plan(settings)
    keys = [endpoint.key for endpoint in planned.endpoints]
    stored = await unit.endpoints.by_keys(keys) if keys else {}
    checked = {key: one for key, one in stored.items() if one.standing.checked_at is not None}
    findings = await unit.endpoints.findings_of([one.id for one in checked.values()]) if checked else []
    reports = {one.endpoint: stored_report(one, findings) for one in checked.values()}
    promises: dict[Listing, tuple[Finding, ...]] = {}
    for listing in planned.listings:
        one = checked.get(listing.endpoint.key)
        if one is not None and listing.authentication:
            promises[listing] = await _judge_promise(unit, listing, one)
    return Gathered(report=report_domain(planned, reports, promises, own), endpoints=stored)


async def _judge_promise(unit: UnitOfWork, listing: Listing, stored: StoredEndpoint) -> tuple[Finding, ...]:
    sighting, at = await unit.endpoints.sighting(stored.id), stored.standing.checked_at
    if sighting is None or at is None:
        return ()
    return judge_listing(listing, sighting_from_record(stored.endpoint, at, sighting))


async def alarmed_reports(unit: UnitOfWork, settings: AccountSettings) -> tuple[EndpointReport, ...]:
    """Return the reports of those published endpoints of an account that are bad for certain.

    One bad run is not enough: people would be warned of what is over before they read of it.
    """
    listed = dict.fromkeys(one.endpoint.key for one in plan(settings).listings if one.is_published)
    stored = await unit.endpoints.by_keys(list(listed)) if listed else {}
    alarmed = [stored[key] for key in listed if key in stored and stored[key].standing.alarmed_at]
    if not alarmed:
        return ()
    findings = await unit.endpoints.findings_of([one.id for one in alarmed])
    return tuple(stored_report(one, findings) for one in alarmed)


def stored_report(stored: StoredEndpoint, findings: Sequence[StoredFinding]) -> EndpointReport:
    """Return the report of an endpoint that was looked at."""
    standing = stored.standing
    assert standing.checked_at is not None, "only what was looked at"  # noqa: S101
    return EndpointReport(
        endpoint=stored.endpoint,
        at=standing.checked_at,
        state=standing.state,
        findings=known_findings(stored.endpoint, findings),
        certificate_expires_at=standing.certificate_expires_at,
    )


def known_findings(endpoint: Endpoint, findings: Sequence[StoredFinding]) -> tuple[Finding, ...]:
    """Return an endpoint's findings, but for those that this version does not know."""
    records = (
        {"code": one.code, "subject": one.subject, "addresses": one.addresses, "facts": one.facts}
        for one in findings
        if one.subject == endpoint.key
    )
    found = (find_finding(record) for record in records)
    return tuple(one for one in found if one is not None)


def report_record(report: DomainReport) -> dict[str, Any]:
    """Return a domain's report as JSON has it."""
    return {
        "domain": report.domain.ascii,
        "state": report.state.value,
        "endpoints": [listing_record(one) for one in report.listings],
        "findings": [told_finding(finding) for finding in report.findings],
        "unprobed": [
            {"server": one.server, "reason": one.reason, "detail": one.detail} for one in report.unprobed
        ],
    }


def listing_record(one: ListingReport) -> dict[str, Any]:
    """Return how one endpoint stands for a domain, as JSON has it."""
    return {
        "endpoint": one.listing.endpoint.key,
        "server": one.listing.server,
        "is_published": one.listing.is_published,
        "state": one.state.value,
        "checked_at": None if one.at is None else one.at.isoformat(),
        "findings": [told_finding(finding) for finding in one.findings],
    }


def told_finding(finding: Finding) -> dict[str, Any]:
    """Return a finding with its words."""
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "subject": finding.subject,
        "addresses": list(finding.addresses),
        "statement": finding.statement,
        "meaning": finding.kind.meaning,
        "advice": finding.advice,
        "facts": dict(finding.facts),
    }
