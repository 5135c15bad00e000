"""``signpost verify``."""

from __future__ import annotations

import asyncio
import json
import sys
from enum import StrEnum
from typing import Annotated, Final

import typer
from rich.padding import Padding
from rich.text import Text

from app.cli.junit import junit_document
from app.cli.live_table import STYLES, LiveTable
from app.cli.session import EXIT_NEGATIVE, err, out, run_with_services
from app.core.findings import Finding, Severity
from app.core.names import DomainName
from app.core.reports import DomainReport
from app.services.domain_reports import report_record
from app.wiring import Services


class ReportForm(StrEnum):
    """How reports are written."""

    TEXT = "text"
    JSON = "json"
    JUNIT = "junit"


def verify(
    domains: Annotated[list[str], typer.Argument(help="Domains that are stored.", metavar="DOMAIN…")],
    form: Annotated[ReportForm, typer.Option("--format", help="How to write the reports.")] = ReportForm.TEXT,
    fail_on: Annotated[
        Severity, typer.Option("--fail-on", help="The least severity that makes the exit status 1.")
    ] = Severity.BAD,
) -> None:
    """Probe all that domains list, at once, and say what is found.

    Exit status: 0 fine, 1 findings of --fail-on or worse, 2 wrong usage, 3 our own failure. What could not be
    probed this time is untested, whatever was seen before.
    """

    async def work(services: Services) -> list[DomainReport]:
        names = list(dict.fromkeys(DomainName.parse(domain) for domain in domains))
        services.verification.trust.load()
        with LiveTable(err, [name.ascii for name in names]) as live:
            return list(
                await asyncio.gather(
                    *(services.verification.domains.verify_now(name, live.show) for name in names)
                )
            )

    reports = run_with_services(work)
    _WRITERS[form](reports)
    raise typer.Exit(exit_status(reports, fail_on))


def exit_status(reports: list[DomainReport], fail_on: Severity) -> int:
    """Return the exit status for what was found, and for what was not probed."""
    found = [severity for report in reports for severity in _severities(report)]
    return EXIT_NEGATIVE if any(severity.rank >= fail_on.rank for severity in found) else 0


def _severities(report: DomainReport) -> list[Severity]:
    """Return what counts: of the domain's own findings, and of what clients are given, probed or not."""
    published = [one for one in report.listings if one.listing.is_published]
    findings = [*report.findings, *(finding for one in published for finding in one.findings)]
    missed = [Severity.UNTESTED for one in published if one.is_missed]
    return [*(finding.severity for finding in findings), *missed]


def write_text(reports: list[DomainReport]) -> None:
    """Write reports for people."""
    for report in reports:
        out.print(report.domain.ascii, style="bold", end=": ")
        out.print(report.state.value, style=STYLES[report.state])
        for one in report.listings:
            note = "" if one.listing.is_published else " (not published)"
            out.print(f"  {one.state.value:<9}", style=STYLES[one.state], end=" ")
            missed = ": not probed this time" if one.is_missed else ""
            out.print(f"{one.listing.endpoint.key}{note}{missed}", markup=False)
            _write_findings(one.findings)
        if report.findings:
            out.print("  DNS records and documents")
            _write_findings(report.findings)
        for gap in report.unprobed:
            _write(2, f"not probed: server {gap.server}. {gap.detail}")


def _write_findings(findings: tuple[Finding, ...]) -> None:
    for finding in findings:
        where = f" [{', '.join(finding.addresses)}]" if finding.addresses else ""
        _write(4, f"{finding.severity.value}: {finding.statement}{where}")
        _write(6, finding.advice)


def _write(indent: int, text: str) -> None:
    """Write a line: broken between words on a terminal, in one piece for programs."""
    if out.is_terminal:
        out.print(Padding(Text(text), (0, 0, 0, indent), expand=False), soft_wrap=False)
    else:
        out.print(f"{'':{indent}}{text}", markup=False)


def _write_json(reports: list[DomainReport]) -> None:
    out.print(json.dumps([report_record(report) for report in reports], indent=2), markup=False)


def _write_junit(reports: list[DomainReport]) -> None:
    sys.stdout.buffer.write(junit_document(reports))
    sys.stdout.buffer.flush()


_WRITERS: Final = {
    ReportForm.TEXT: write_text,
    ReportForm.JSON: _write_json,
    ReportForm.JUNIT: _write_junit,
}
