"""``signpost export ispdb``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.folders import check_replaceable, replace_file, replace_folder
from app.cli.progress import progress_bar
from app.cli.session import EXIT_FAILURE, EXIT_NEGATIVE, err, exit_codes, fail, out, run_with_services
from app.cli.slugs import named

if TYPE_CHECKING:
    from app.services.exporting import Export
    from app.wiring import Services


def export_ispdb(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder of .xml files, or none yet.")],
    provider: Annotated[
        str | None,
        typer.Option("--provider", metavar="SLUG", callback=named, help="Write this provider's file only."),
    ] = None,
) -> None:
    """Write providers and their domains as Mozilla ISPDB files, one for each provider.

    The folder is replaced as a whole, or left as it was; with --provider, one file in it is. The same
    data give the same bytes, and importing the folder gives the same data. What a file cannot hold is
    told. Exit status 1 when a provider has no file.
    """
    if provider is None:
        with exit_codes():
            check_replaceable(folder, ".xml")

    async def work(services: Services) -> Export:
        with progress_bar() as progress:
            task = progress.add_task("Exporting", total=None)
            return await services.exporting.export(
                provider,
                progress=lambda done, providers: progress.update(task, completed=done, total=providers),
            )

    export = run_with_services(work)
    _show(export)
    if not export.files:
        fail("There is nothing to write; the folder is left as it was.")
        raise typer.Exit(EXIT_NEGATIVE)
    try:
        if provider is None:
            replace_folder(folder, export.files)
        else:
            for name, data in export.files.items():
                replace_file(folder / name, data)
    except OSError as error:
        fail(f"{folder} could not be written: {error.strerror}.")
        raise typer.Exit(EXIT_FAILURE) from None
    out.print(f"Files: {len(export.files)}, domains: {export.domains}")
    if export.refused:
        raise typer.Exit(EXIT_NEGATIVE)


def _show(export: Export) -> None:
    for remark in export.refused:
        err.print(f"No file for {remark.provider}: {remark.reason}", markup=False, style="red")
    for remark in export.remarks:
        err.print(f"Note on {remark.provider}: {remark.reason}", markup=False, style="yellow")
