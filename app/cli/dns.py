"""``signpost dns``."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from app.cli.session import EXIT_FAILURE, EXIT_NEGATIVE, EXIT_USAGE, err, fail, out, run_with_services
from app.core.dns_comparison import RecordState
from app.core.dns_records import presented
from app.core.names import DomainName
from app.renderers.dns_records import JSON, OCTODNS, RECORD_FORMS, ZONE

if TYPE_CHECKING:
    from app.core.dns_comparison import CheckedRecord
    from app.core.dns_records import PlannedRecords
    from app.wiring import Services

_FORMS: Final = ", ".join(RECORD_FORMS)
_WRONG: Final = frozenset({RecordState.MISSING, RecordState.DIFFERENT, RecordState.CONFLICTING})
_STYLES: Final = {RecordState.OK: "green", RecordState.UNKNOWN: "yellow"}


def dns(
    domain: Annotated[str, typer.Argument(help="A domain.")],
    form_name: Annotated[str, typer.Option("--format", help=f"One of: {_FORMS}.")] = ZONE.name,
    check: Annotated[bool, typer.Option("--check", help="Compare with what is published.")] = False,
) -> None:
    """Write the DNS records to publish for a domain, or say how they stand.

    With --check: exit status 1 when something is missing, different or conflicting, 3 when that could
    not be found out; --format json writes the comparison as JSON.
    """
    if form_name not in RECORD_FORMS or (check and form_name == OCTODNS.name):
        fail(f"--format must be one of {_FORMS}; with --check, zone or json.")
        raise typer.Exit(EXIT_USAGE)

    async def work(services: Services) -> tuple[PlannedRecords, tuple[CheckedRecord, ...]]:
        planned = await services.dns_records.plan_as_operator(DomainName.parse(domain))
        return planned, await services.dns_records.check(planned) if check else ()

    planned, checked = run_with_services(work)
    if check:
        _show(planned, checked, as_json=form_name == JSON.name)
        raise typer.Exit(_exit_code(checked))
    sys.stdout.buffer.write(RECORD_FORMS[form_name].render(planned))
    sys.stdout.buffer.flush()


def _show(planned: PlannedRecords, checked: tuple[CheckedRecord, ...], *, as_json: bool) -> None:
    if as_json:
        document = {"domain": planned.domain.ascii, "records": [_as_json(one) for one in checked]}
        out.print(json.dumps(document, indent=2), markup=False)
        return
    for one in checked:
        wanted = f"{one.record.name} {one.record.type} {presented(one.record.data)}"
        out.print(f"{one.state:<11}", style=_STYLES.get(one.state, "red"), end=" ")
        out.print(wanted, markup=False)
        if one.detail:
            out.print(f"{'':<12}{one.detail}", markup=False)
        if one.state in _WRONG and one.found:
            out.print(f"{'':<12}published: {' | '.join(one.found)}", markup=False)
    if not checked:
        out.print("There is nothing to publish for this domain.")
    _tell_omissions(planned)


def _as_json(one: CheckedRecord) -> dict[str, Any]:
    return {
        "name": one.record.name,
        "type": one.record.type.value,
        "value": presented(one.record.data),
        "state": one.state.value,
        "found": list(one.found),
        "detail": one.detail,
        "is_authenticated": one.is_authenticated,
    }


def _exit_code(checked: tuple[CheckedRecord, ...]) -> int:
    states = {one.state for one in checked}
    if states & _WRONG:
        return EXIT_NEGATIVE
    return EXIT_FAILURE if RecordState.UNKNOWN in states else 0


def _tell_omissions(planned: PlannedRecords) -> None:
    for omission in planned.omissions:
        what = omission.server or "records"
        err.print(f"left out: {what} ({omission.reason}). {omission.detail}", markup=False)
