"""``signpost discover``."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.table import Table
from rich.text import Text

from app.cli.live_table import Drawing
from app.cli.session import EXIT_NEGATIVE, EXIT_USAGE, err, fail, out, run_with_services
from app.cli.verify import write_text
from app.core.candidates import Candidate, Outcome, Trust
from app.discovery.comparing import ComparedServer, Standing
from app.discovery.views import CLIENTS
from app.discovery.views.view import Verdict
from app.services.callers import CONSOLE, Call
from app.services.discovery_records import adoption_record, comparison_record, discovered_record
from app.services.domain_reports import report_record

if TYPE_CHECKING:
    from app.core.reports import DomainReport
    from app.core.servers import Server
    from app.discovery.views.view import ClientView
    from app.services.adopting import Adoption
    from app.services.discovering import Discovered
    from app.wiring import Services

_STYLES: Final = {
    Outcome.FOUND: "green", Outcome.UNUSABLE: "red", Outcome.FAILED: "yellow", Outcome.FORBIDDEN: "red",
}  # fmt: skip
_STANDING_STYLES: Final = {Standing.SAME: "green", Standing.DIFFERENT: "red"}
_VERDICT_STYLES: Final = {
    Verdict.TAKEN: "green", Verdict.IN_THE_WAY: "red", Verdict.UNKNOWN: "yellow",
}  # fmt: skip
_VOUCHED: Final = {
    Trust.LOCAL: "the operator, whose copy it is", Trust.HTTPS: "the host's certificate",
    Trust.DNSSEC: "signatures in the DNS", Trust.HTTP: "nobody: a part of the way is plain http",
    Trust.DNS: "nobody: DNS answers without signatures led there",
}  # fmt: skip


def discover(  # noqa: PLR0913, PLR0917 - one for each option
    asked: Annotated[str, typer.Argument(help="A mail address, or a domain.", metavar="ADDRESS")],
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
    clients: Annotated[
        list[str] | None,
        typer.Option("--as", help=f"What this client makes of it: {', '.join(CLIENTS)}.", metavar="CLIENT"),
    ] = None,
    with_stored: Annotated[
        bool, typer.Option("--compare", help="Compare with what is stored for the domain.")
    ] = False,
    adopted_by: Annotated[
        str | None,
        typer.Option(
            "--adopt",
            help="Show what would be stored as a domain of this provider, which is made if it is not there.",
            metavar="PROVIDER",
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="With --adopt: take the servers of this source alone, not what all come to.",
            metavar="SOURCE",
        ),
    ] = None,
    applies: Annotated[
        bool, typer.Option("--apply", help="With --adopt: store it, and verify the domain at once.")
    ] = False,
) -> None:
    """Ask everywhere that mail clients ask, and say what they find today.

    Exit status: 0 found, 1 nothing found or, with --compare, anything else than what is stored,
    2 wrong usage, 3 our own failure.
    """
    if (applies or source is not None) and adopted_by is None:
        fail("--apply and --from say what is to become of what --adopt shows; they need --adopt.")
        raise typer.Exit(EXIT_USAGE)
    unknown = [client for client in clients or () if client not in CLIENTS]
    if unknown:
        fail(f"--as must be one of {', '.join(CLIENTS)}.")
        raise typer.Exit(EXIT_USAGE)

    async def work(services: Services) -> _Results:
        with _Progress() as progress:
            found = await services.discovering.discover(asked, progress.show)
        compared = await services.discovering.compare_as_operator(found) if with_stored else None
        if adopted_by is None or found.proposal.source is None:
            return _Results(discovered=found, compared=compared)
        caller = replace(CONSOLE, call=Call(dry_run=not applies))
        adoption = await services.adopting.adopt(caller, found, adopted_by, source)
        report = await _verified(services, adoption) if applies else None
        return _Results(discovered=found, compared=compared, adoption=adoption, report=report)

    results = run_with_services(work)
    if as_json:
        _write_json(results)
    else:
        _write_text(results, clients or [])
    differs = any(one.standing is not Standing.SAME for one in results.compared or ())
    if results.discovered.proposal.source is None or differs:
        raise typer.Exit(EXIT_NEGATIVE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Results:
    """All that a run of the command came to."""

    discovered: Discovered
    compared: tuple[ComparedServer, ...] | None = None
    adoption: Adoption | None = None
    report: DomainReport | None = None
    """Of the domain that was stored."""


async def _verified(services: Services, adoption: Adoption) -> DomainReport:
    services.verification.trust.load()
    return await services.verification.domains.verify_now(adoption.domain.value.name, lambda *_: None)


class _Progress(Drawing):
    """What has come in so far."""

    def __init__(self) -> None:
        super().__init__(err)
        self._found: list[Candidate] = []

    def show(self, candidates: tuple[Candidate, ...]) -> None:
        self._found += candidates
        self.draw(lambda: _progress_table(self._found))


def _write_json(results: _Results) -> None:
    document: dict[str, Any] = discovered_record(results.discovered)
    if results.compared is not None:
        document["comparison"] = comparison_record(results.compared)
    if results.adoption is not None:
        document["adoption"] = adoption_record(results.adoption, is_stored=results.report is not None)
    if results.report is not None:
        document["report"] = report_record(results.report)
    out.print(json.dumps(document, indent=2), markup=False)


def _write_text(results: _Results, clients: list[str]) -> None:
    discovered, compared = results.discovered, results.compared
    _write_candidates(discovered.discovery.candidates)
    _write_notices(discovered.discovery.candidates)
    _write_proposal(discovered)
    for view in discovered.views:
        if view.client in clients:
            _write_view(view)
    if compared is not None:
        out.print("\nCompared with what is stored", style="bold")
        for one in compared:
            _write_standing(one)
        if not compared:
            out.print("  nothing is stored, and nothing found")
    if results.adoption is not None:
        _write_adoption(results.adoption, results.report)


def _progress_table(candidates: list[Candidate]) -> Table:
    table = Table(box=None, pad_edge=False, show_edge=False)
    for heading in ("outcome", "source", "seconds"):
        table.add_column(heading)
    for one in candidates:
        outcome = Text(one.outcome.value, style=_STYLES.get(one.outcome, ""))
        table.add_row(outcome, Text(one.source), Text(f"{one.seconds:.2f}"))
    return table


def _write_candidates(candidates: tuple[Candidate, ...]) -> None:
    out.print(f"{'outcome':<10}{'source':<23}{'seconds':<9}asked, and what came of it", style="bold")
    for one in candidates:
        seconds = "" if one.outcome is Outcome.NOT_ASKED else f"{one.seconds:.2f}"
        out.print(f"{one.outcome.value:<10}", style=_STYLES.get(one.outcome), end="")
        out.print(f"{one.source:<23}{seconds:<9}{one.asked}", markup=False)
        for line in _came_of(one):
            out.print(f"{'':<44}{line}", markup=False)


def _came_of(candidate: Candidate) -> list[str]:
    """Return what is to be said below what was asked."""
    said = [f"by way of {url}" for url in candidate.redirects if url != candidate.asked]
    if candidate.reason:
        said.append(candidate.reason)
    if candidate.is_found:
        said.append(f"vouched for by {_VOUCHED[candidate.trust]}")
    return said + [_written(server) for server in candidate.servers]


def _written(server: Server) -> str:
    where = server.url or f"{server.hostname}:{server.port} {server.socket_type}"
    methods = ", ".join(method.value for method in server.authentication)
    login = f" as {server.username}" if server.username else ""
    return f"{server.type} {where}{login}" + (f" ({methods})" if methods else "")


def _write_notices(candidates: tuple[Candidate, ...]) -> None:
    for candidate in candidates:
        for notice in candidate.notices:
            out.print(f"{candidate.source}: {notice.where}: {notice.reason}", markup=False, style="yellow")


def _write_proposal(discovered: Discovered) -> None:
    proposal = discovered.proposal
    if proposal.source is None:
        out.print(f"\nNo mail servers are found for {discovered.discovery.subject.domain.unicode}.")
    else:
        name = f", {proposal.display_name}" if proposal.display_name else ""
        out.print(f"\nFound by {proposal.source}{name}", style="bold", markup=False)
    for one in proposal.servers:
        out.print(f"  {_written(one.server)}  [{', '.join(one.sources)}]", markup=False)
    for conflict in proposal.conflicts:
        fields = ", ".join(conflict.differs_in)
        out.print(f"  {conflict.source} differs in {fields}: ", style="yellow", end="", markup=False)
        out.print(_written(conflict.server), markup=False)


def _write_adoption(adoption: Adoption, report: DomainReport | None) -> None:
    provider, domain = adoption.provider.value, adoption.domain.value
    name, slug = domain.name.unicode, provider.slug
    what = "made with" if adoption.is_new_provider else "kept, and its servers hold but for"
    servers = provider.servers if adoption.is_new_provider else domain.servers
    head = "Stored" if report is not None else "To be stored"
    out.print(f"\n{head}: the domain {name} of the provider {slug}, which is {what}", style="bold")
    for server in servers:
        out.print(f"  {_written(server)}", markup=False)
    if not servers:
        out.print("  none")
    if report is None:
        err.print("Nothing was changed: this was a trial. --apply stores it.")
    else:
        write_text([report])


def _write_view(view: ClientView) -> None:
    out.print(f"\nAs {view.title} sees it", style="bold", markup=False)
    for step in view.steps:
        out.print(f"  {step.verdict.value:<12}", style=_VERDICT_STYLES.get(step.verdict), end="")
        reason = f": {step.reason}" if step.reason else ""
        out.print(f"{step.source:<23}{step.asked}{reason}", markup=False)
    for one in view.servers:
        port = one.port or "a port that it guesses"
        socket_type = one.socket_type or "tried"
        methods = ", ".join(method.value for method in one.authentication)
        written = f"{one.type} {one.hostname}:{port} {socket_type} as {one.username}"
        out.print(f"  {written}" + (f" ({methods})" if methods else ""), markup=False)
    if view.source is None:
        out.print("  It finds no settings.", style="yellow")
    for remark in view.remarks:
        out.print(f"  {remark}", markup=False)


def _write_standing(one: ComparedServer) -> None:
    out.print(f"  {one.standing.value:<11}", style=_STANDING_STYLES.get(one.standing, "yellow"), end=" ")
    shown = one.found or one.stored
    out.print(_written(shown) if shown else one.type.value, markup=False)
    if one.differs_in and one.stored is not None:
        out.print(f"{'':<14}stored: {_written(one.stored)}", markup=False)
