"""``signpost import automx2``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from app.cli.session import EXIT_NEGATIVE, err, out, run_with_services
from app.core.errors import refuse
from app.parsers.automx2 import MAX_BYTES, parse_seed, read_tables
from app.services.bulk_planning import Result

if TYPE_CHECKING:
    from collections import Counter

    from app.core.moving import Belongings
    from app.services.moving_in import Move
    from app.wiring import Services

_SQLITE: Final = b"SQLite format 3\x00"
_WORDS: Final = {
    Result.CREATED: "new",
    Result.UPDATED: "changed",
    Result.UNCHANGED: "unchanged",
    Result.FAILED: "left out",
}


def import_automx2(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="automx2's SQLite database, or the JSON of its seeding."),
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show it; change nothing.")] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Change what is stored already with other settings.")
    ] = False,
) -> None:
    """Take over providers, servers and domains from automx2, in one transaction.

    Tells what could not be carried over. Running it again changes nothing. Exit status 1 when something
    was left out or kept.
    """

    async def work(services: Services) -> Move:
        return await services.moving_in.apply(_belongings(services, file), overwrite=replace, dry_run=dry_run)

    move = run_with_services(work)
    for loss in move.losses:
        err.print(f"Not taken, {loss.subject}: {loss.reason}", markup=False, style="yellow")
    out.print(f"Providers: {_counted(move.providers)}\nDomains:   {_counted(move.domains)}")
    if dry_run:
        err.print("Nothing was changed: this was a dry run.")
    if move.losses:
        raise typer.Exit(EXIT_NEGATIVE)


def _belongings(services: Services, file: Path) -> Belongings:
    try:
        with file.open("rb") as data:
            head = data.read(len(_SQLITE))
            if head != _SQLITE:
                # One byte more than is read, so that a longer file is refused and not cut.
                return parse_seed(head + data.read(MAX_BYTES))
    except OSError as error:
        raise refuse(f"cannot be read: {error.strerror}", str(file)) from None
    return read_tables(services.moving_in.read_automx2(file))


def _counted(counts: Counter[Result]) -> str:
    return ", ".join(f"{counts[result]} {word}" for result, word in _WORDS.items())
