"""``signpost dns doctor``."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from app.cli.session import EXIT_FAILURE, EXIT_NEGATIVE, EXIT_USAGE, err, fail, out, run_with_services
from app.cli.slugs import named
from app.core.dns_diagnosis import DiagnosedState, Readiness
from app.core.dns_records import presented
from app.core.names import DomainName
from app.renderers.dns_records import render_octodns_fix, render_zone_fix
from app.services.diagnosis_records import diagnosis_record
from app.services.dns_doctor import Undiagnosed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.core.dns_diagnosis import Diagnosis
    from app.wiring import Services

_STYLES: Final = {
    DiagnosedState.PRESENT: "green",
    DiagnosedState.UNKNOWN: "yellow",
    Readiness.READY: "green",
    Readiness.UNKNOWN: "yellow",
}


class DoctorFormat(StrEnum):
    """How a diagnosis is written."""

    TEXT = "text"
    JSON = "json"
    ZONE = "zone"
    OCTODNS = "octodns"


def doctor(
    domain: Annotated[str | None, typer.Argument(help="A domain.")] = None,
    provider: Annotated[
        str | None,
        typer.Option("--provider", metavar="SLUG", callback=named, help="All domains of a provider instead."),
    ] = None,
    form: Annotated[
        DoctorFormat, typer.Option("--format", help="zone and octodns write what mends it.")
    ] = DoctorFormat.TEXT,
) -> None:
    """Compare the DNS with what should be there, look at the certificates, and write what mends it.

    Exit status 1 when something is missing, drifted, conflicting or unsafe, signatures do not hold or a
    host is not ready; else 3 when something could not be found out.
    """
    if (domain is None) == (provider is None):
        fail("A domain is needed, or --provider.")
        raise typer.Exit(EXIT_USAGE)
    report = Report(form)

    async def work(services: Services) -> None:
        async for diagnosis in _diagnoses(services, domain, provider):
            if isinstance(diagnosis, Undiagnosed):
                report.add_failed(diagnosis)
            else:
                report.add(diagnosis)

    run_with_services(work)
    report.finish(is_many=provider is not None)
    raise typer.Exit(report.exit_code)


async def _diagnoses(
    services: Services, domain: str | None, provider: str | None
) -> AsyncIterator[Diagnosis | Undiagnosed]:
    doctor = services.verification.doctor
    if provider is not None:
        async for diagnosis in doctor.diagnose_provider(provider):
            yield diagnosis
    elif domain is not None:
        yield await doctor.diagnose_as_operator(DomainName.parse(domain))


@dataclass(slots=True)
class Report:
    """What a run comes to."""

    form: DoctorFormat
    exit_code: int = 0
    _counts: Counter[DiagnosedState] = field(default_factory=Counter)
    _documents: list[dict[str, Any]] = field(default_factory=list)
    _domains: Counter[str] = field(default_factory=Counter)

    def add(self, diagnosis: Diagnosis) -> None:
        """Take a domain, and write it where that can be done at once."""
        self._counts.update(one.state for one in diagnosis.records)
        self._domains["wrong" if diagnosis.is_wrong else "fine" if diagnosis.is_known else "unknown"] += 1
        if diagnosis.is_wrong:
            self.exit_code = EXIT_NEGATIVE
        elif not diagnosis.is_known and not self.exit_code:
            self.exit_code = EXIT_FAILURE
        match self.form:
            case DoctorFormat.JSON:
                self._documents.append(diagnosis_record(diagnosis))
            case DoctorFormat.ZONE:
                _write(render_zone_fix(diagnosis.planned, diagnosis.fix))
            case DoctorFormat.OCTODNS:
                _write(render_octodns_fix(diagnosis.planned, diagnosis.fix))
            case DoctorFormat.TEXT:
                _show(diagnosis)

    def add_failed(self, failed: Undiagnosed) -> None:
        """Take a domain of which there is nothing to write."""
        self._domains["unknown"] += 1
        self.exit_code = self.exit_code or EXIT_FAILURE
        fail(f"{failed.domain} could not be looked at, by a fault of the program that is logged above.")

    def finish(self, *, is_many: bool) -> None:
        """Write what is written at the end."""
        if self.form is DoctorFormat.JSON:
            written = self._documents if is_many else self._documents[0]
            _write(f"{json.dumps(written, indent=2)}\n".encode())
        elif is_many:
            domains = ", ".join(f"{self._domains[word]} {word}" for word in ("fine", "wrong", "unknown"))
            records = ", ".join(f"{self._counts[state]} {state}" for state in DiagnosedState)
            err.print(f"Domains: {domains}\nRecords: {records}")


def _write(data: bytes) -> None:
    typer.echo(data, nl=False)


def _show(diagnosis: Diagnosis) -> None:
    out.print(f"{diagnosis.planned.domain} (zone: {diagnosis.signing})", markup=False, style="bold")
    for one in diagnosis.records:
        out.print(f"  {one.state:<11}", style=_STYLES.get(one.state, "red"), end=" ")
        out.print(f"{one.record.name} {one.record.type} {presented(one.record.data)}", markup=False)
        if one.detail:
            out.print(f"{'':<14}{one.detail}", markup=False)
        if one.state is not DiagnosedState.PRESENT and one.found:
            out.print(f"{'':<14}published: {' | '.join(one.found)}", markup=False)
    for host in diagnosis.hosts:
        out.print(f"  {host.state:<11}", style=_STYLES.get(host.state, "red"), end=" ")
        until = "" if host.not_after is None else f", until {host.not_after:%Y-%m-%d}"
        out.print(f"https://{host.hostname}{until}", markup=False)
        for reason in host.reasons:
            out.print(f"{'':<14}{reason}", markup=False)
    for removal in diagnosis.fix.remove:
        out.print(f"  remove      {removal.name} {removal.type} {removal.value}", markup=False)
    for left in diagnosis.fix.withheld:
        out.print(f"  left as is  {left.detail}", markup=False)
    if not diagnosis.records:
        out.print("  There is nothing to publish for this domain.")
    for omission in diagnosis.planned.omissions:
        what = omission.server or "records"
        err.print(f"left out: {what} ({omission.reason}). {omission.detail}", markup=False)
