"""``signpost verify``."""

from __future__ import annotations

import asyncio
import json
import sys
from enum import StrEnum
from typing import Annotated, Final

import typer
from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from app.cli.junit import junit_document
from app.cli.session import EXIT_NEGATIVE, err, out, run_with_services
from app.core.findings import Finding, Severity
from app.core.names import DomainName
from app.core.reports import DomainReport, State
from app.services.domain_reports import report_record
from app.wiring import Services

_STYLES: Final = {
    State.GOOD: "green", State.UNTESTED: "yellow", State.WARNING: "yellow", State.BAD: "red",
}  # fmt: skip


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

    Exit status: 0 fine, 1 findings of --fail-on or worse, 2 wrong usage, 3 our own failure.
    """

    async def work(services: Services) -> list[DomainReport]:
        names = list(dict.fromkeys(DomainName.parse(domain) for domain in domains))
        services.verification.trust.load()
        live = _LiveTable([name.ascii for name in names])
        with live:
            return list(
                await asyncio.gather(
                    *(services.verification.domains.verify_now(name, live.show) for name in names)
                )
            )

    reports = run_with_services(work)
    _WRITERS[form](reports)
    found = [finding.severity.rank for report in reports for finding in _findings(report)]
    if any(rank >= fail_on.rank for rank in found):
        raise typer.Exit(EXIT_NEGATIVE)


def _findings(report: DomainReport) -> list[Finding]:
    """Return what counts: the domain's own, and those of what clients are given."""
    published = [one for one in report.listings if one.listing.is_published]
    return [*report.findings, *(finding for one in published for finding in one.findings)]


class _LiveTable:
    """How things stand while they are looked at; not drawn where standard error is no terminal."""

    def __init__(self, names: list[str]) -> None:
        self._shown: dict[str, tuple[DomainReport, frozenset[str]]] = {}
        self._names = names
        self._live = Live(console=err, transient=True) if err.is_terminal else None

    def __enter__(self) -> None:
        if self._live is not None:
            self._live.start()

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, report: DomainReport, waiting: frozenset[str]) -> None:
        self._shown[report.domain.ascii] = (report, waiting)
        if self._live is not None:
            self._live.update(
                Group(*(_table(*self._shown[name]) for name in self._names if name in self._shown))
            )


def _table(report: DomainReport, waiting: frozenset[str]) -> Table:
    table = Table(title=report.domain.ascii, title_justify="left", box=None, pad_edge=False)
    for heading in ("state", "endpoint", "findings"):
        table.add_column(heading)
    for one in report.listings:
        key = one.listing.endpoint.key
        if key in waiting:
            table.add_row(Text("…"), Text(key), "")
            continue
        codes = ", ".join(finding.code for finding in one.findings)
        table.add_row(Text(one.state.value, style=_STYLES[one.state]), Text(key), Text(codes))
    return table


def _write_text(reports: list[DomainReport]) -> None:
    for report in reports:
        out.print(report.domain.ascii, style="bold", end=": ")
        out.print(report.state.value, style=_STYLES[report.state])
        for one in report.listings:
            note = "" if one.listing.is_published else " (not published)"
            out.print(f"  {one.state.value:<9}", style=_STYLES[one.state], end=" ")
            out.print(f"{one.listing.endpoint.key}{note}", markup=False)
            _write_findings(one.findings)
        if report.findings:
            out.print("  DNS records and documents")
            _write_findings(report.findings)
        for gap in report.unprobed:
            out.print(f"  not probed: server {gap.server}. {gap.detail}", markup=False)


def _write_findings(findings: tuple[Finding, ...]) -> None:
    for finding in findings:
        where = f" [{', '.join(finding.addresses)}]" if finding.addresses else ""
        out.print(f"    {finding.severity.value}: {finding.statement}{where}", markup=False)
        out.print(f"      {finding.advice}", markup=False)


def _write_json(reports: list[DomainReport]) -> None:
    out.print(json.dumps([report_record(report) for report in reports], indent=2), markup=False)


def _write_junit(reports: list[DomainReport]) -> None:
    sys.stdout.buffer.write(junit_document(reports))
    sys.stdout.buffer.flush()


_WRITERS: Final = {
    ReportForm.TEXT: _write_text,
    ReportForm.JSON: _write_json,
    ReportForm.JUNIT: _write_junit,
}
