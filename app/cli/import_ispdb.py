"""``signpost import ispdb``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.progress import progress_bar
from app.cli.session import EXIT_NEGATIVE, EXIT_USAGE, err, fail, out, run_with_services
from app.parsers.autoconfig import MAX_BYTES

if TYPE_CHECKING:
    from app.services.importing import ImportPlan
    from app.wiring import Services


def import_ispdb(
    path: Annotated[Path, typer.Argument(help="A folder of .xml files, or one file.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan; change nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Allow sweeping change.")] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove imported providers that the folder no longer has.")
    ] = False,
) -> None:
    """Import Mozilla ISPDB files: providers with their servers, and domains.

    Shows a plan with counts, then applies it in one transaction. Running it again changes nothing.
    What was written through the API is kept. Exit status 1 when a file was refused.
    """
    if prune and not path.is_dir():
        fail("--prune needs a folder: a single file says nothing about the others.")
        raise typer.Exit(EXIT_USAGE)
    files = _read_files(path)

    async def work(services: Services) -> ImportPlan:
        plan = await services.importing.plan(files, prune=prune)
        _show(plan)
        if dry_run or not plan.steps:
            return plan
        with progress_bar() as progress:
            task = progress.add_task("Importing", total=plan.steps)
            return await services.importing.apply(
                files,
                prune=prune,
                force=force,
                progress=lambda done, steps: progress.update(task, completed=done, total=steps),
            )

    plan = run_with_services(work)
    if dry_run:
        needed = " It would need --force: a large share would change or go." if plan.is_sweeping else ""
        err.print(f"Nothing was changed: this was a dry run.{needed}")
    elif not plan.steps:
        err.print(f"Nothing to do: {'the rest' if plan.refused else 'everything'} is stored already.")
    else:
        err.print("Done.")
    if plan.refused:
        raise typer.Exit(EXIT_NEGATIVE)


def _read_files(path: Path) -> dict[str, bytes]:
    if not path.exists():
        fail(f"{path} does not exist.")
        raise typer.Exit(EXIT_USAGE)
    paths = [one for one in sorted(path.glob("*.xml")) if one.is_file()] if path.is_dir() else [path]
    if not paths:
        fail(f"{path} has no .xml files.")
        raise typer.Exit(EXIT_USAGE)
    return {one.name: _read_file(one) for one in paths}


def _read_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            # One byte more than is allowed tells the parser that there is too much.
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        fail(f"{path} cannot be read: {error.strerror}.")
        raise typer.Exit(EXIT_USAGE) from None


def _show(plan: ImportPlan) -> None:
    domains = {
        "new": sum(map(len, plan.new_domains.values())),
        "changed": sum(map(len, plan.changed_domains.values())),
        "unchanged": plan.unchanged_domains,
        "removed": len(plan.gone_domains),
    }
    providers = {
        "new": len(plan.new_providers),
        "changed": len(plan.changed_providers),
        "unchanged": plan.unchanged_providers,
        "removed": len(plan.gone_providers),
    }
    for name, counts in (("Providers", providers), ("Domains", domains)):
        out.print(f"{name + ':':<11}" + ", ".join(f"{count} {what}" for what, count in counts.items()))
    for stored, _provider in plan.changed_providers:
        out.print(f"  changes: {stored.value.slug}", markup=False)
    for stored in plan.gone_providers:
        out.print(f"  removes the provider: {stored.value.slug}", markup=False)
    for domain in plan.gone_domains:
        out.print(f"  removes the domain: {domain}", markup=False)
    for remark in plan.refused:
        out.print(f"Refused {remark.file}: {remark.reason}", markup=False, style="red")
    for remark in plan.remarks:
        out.print(f"Note on {remark.file}: {remark.reason}", markup=False, style="yellow")
