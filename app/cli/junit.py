"""Reports as JUnit XML, which CI systems show: a suite for each domain, a case for each endpoint."""

from __future__ import annotations

from collections.abc import Iterable

from app.core.findings import Finding, Severity
from app.core.markup import Element, element, leaf, to_document
from app.core.reports import DomainReport


def junit_document(reports: Iterable[DomainReport]) -> bytes:
    """Write reports: what is bad fails, what could not be tested is skipped, the rest is output."""
    return to_document(element("testsuites", *map(_suite, reports), name="signpost verify"))


def _suite(report: DomainReport) -> Element:
    domain = report.domain.ascii
    published = [one for one in report.listings if one.listing.is_published]
    cases = [
        _case(
            domain,
            one.listing.endpoint.key,
            one.findings,
            is_looked_at=one.at is not None and not one.is_missed,
        )
        for one in published
    ]
    if report.findings:
        cases.append(_case(domain, "dns", report.findings))
    failures = sum(
        any(finding.severity is Severity.BAD for finding in findings)
        for findings in (*(one.findings for one in published), report.findings)
    )
    return element("testsuite", *cases, name=domain, tests=str(len(cases)), failures=str(failures))


def _case(domain: str, name: str, findings: tuple[Finding, ...], *, is_looked_at: bool = True) -> Element:
    bad = [finding for finding in findings if finding.severity is Severity.BAD]
    untested = [finding for finding in findings if finding.severity is Severity.UNTESTED]
    parts = [leaf("failure", one.advice, type=one.code, message=one.statement) for one in bad]
    if not bad and (untested or not is_looked_at):
        message = untested[0].statement if untested else "It was not looked at."
        parts.append(element("skipped", message=message))
    others = [finding for finding in findings if finding not in bad]
    if others:
        lines = (f"{finding.severity.value}: {finding.statement} {finding.advice}" for finding in others)
        parts.append(leaf("system-out", "\n".join(lines)))
    return element("testcase", *parts, classname=domain, name=name)
