"""What the imports from other programs share: reading their files, and telling what became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import typer

from app.cli.session import EXIT_NEGATIVE, err, out, run_with_services
from app.core.errors import refuse
from app.core.moving import MAX_FILE_BYTES
from app.services.bulk_planning import Result

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from app.core.moving import Belongings, Loss
    from app.services.moving_in import Move
    from app.wiring import Services

_WORDS: Final = {
    Result.CREATED: "new",
    Result.UPDATED: "changed",
    Result.UNCHANGED: "unchanged",
    Result.FAILED: "left out",
}


def move_in(read: Callable[[Services], Belongings], *, dry_run: bool, replace: bool = False) -> None:
    """Store what another program had; where there is something to tell of it the exit status is 1."""

    async def work(services: Services) -> Move:
        return await services.moving.to_here.apply(read(services), overwrite=replace, dry_run=dry_run)

    move = run_with_services(work)
    show_losses(move.losses, "Not taken")
    show_losses(move.notes, "Note")
    out.print(f"Providers: {_counted(move.providers)}\nDomains:   {_counted(move.domains)}")
    if dry_run:
        err.print("Nothing was changed: this was a dry run.")
    if move.losses or move.notes:
        raise typer.Exit(EXIT_NEGATIVE)


def show_losses(losses: Iterable[Loss], words: str) -> None:
    """Say on standard error what could not be carried over."""
    for loss in losses:
        err.print(_printable(f"{words}, {loss.subject}: {loss.reason}"), markup=False, style="yellow")


def read_whole(path: Path, max_bytes: int = MAX_FILE_BYTES) -> bytes:
    """Read a file; one byte more than is allowed is kept, so that a longer one is refused and not cut.

    Raises:
        InvalidInput: When it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(max_bytes + 1)
    except OSError as error:
        raise refuse(f"cannot be read: {error.strerror}", str(path)) from None


def _counted(counts: Counter[Result]) -> str:
    return ", ".join(f"{counts[result]} {word}" for result, word in _WORDS.items())


def _printable(text: str) -> str:
    """Write control characters, and halves of surrogate pairs, as their numbers: files come from anywhere."""
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape", "backslashreplace").decode()
        for one in text
    )
