"""``signpost import automx2``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from app.cli.moving import move_in, read_whole
from app.parsers.automx2 import parse_seed, read_tables

if TYPE_CHECKING:
    from app.core.moving import Belongings
    from app.wiring import Services

_SQLITE: Final = b"SQLite format 3\x00"


def import_automx2(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="automx2's SQLite database, or the JSON of its seeding."),
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show it; change nothing.")] = False,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace", help="Give what is stored already its settings; keep what only is known here."
        ),
    ] = False,
) -> None:
    """Take over providers, servers and domains from automx2, in one transaction.

    Tells what could not be carried over. Running it again changes nothing. Exit status 1 when something
    was left out or kept.
    """
    move_in(lambda services: _belongings(services, file), dry_run=dry_run, replace=replace)


def _belongings(services: Services, file: Path) -> Belongings:
    if read_whole(file, len(_SQLITE)).startswith(_SQLITE):
        return read_tables(services.moving.to_here.read_automx2(file))
    return parse_seed(read_whole(file))
