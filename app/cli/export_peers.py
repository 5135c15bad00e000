"""``signpost export automx2``, ``automx``, ``monogramm`` and ``postfix``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

import typer

from app.cli.domain_files import STANDARD_STREAM
from app.cli.folders import replace_file
from app.cli.moving import show_losses
from app.cli.session import EXIT_FAILURE, EXIT_NEGATIVE, EXIT_USAGE, err, fail, run_with_services
from app.cli.slugs import named
from app.renderers.peers.automx import render_automx
from app.renderers.peers.automx2 import render_seed, render_sql
from app.renderers.peers.monogramm import render_monogramm
from app.renderers.peers.postfix import render_postfix

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.core.leaving import Household, PeerFile
    from app.core.moving import Loss
    from app.wiring import Services

    Render: TypeAlias = Callable[[Sequence[Household]], PeerFile]

_BY_SUFFIX: Final = {".sql": render_sql, ".json": render_seed}

File: TypeAlias = Annotated[Path, typer.Argument(metavar="FILE", help="The file to write; - for stdout.")]
Slug: TypeAlias = Annotated[
    str | None,
    typer.Option("--provider", metavar="SLUG", callback=named, help="Write this provider only."),
]
OneSlug: TypeAlias = Annotated[
    str, typer.Option("--provider", metavar="SLUG", callback=named, help="The provider to write.")
]


def export_automx2(file: File, provider: Slug = None) -> None:
    """Write automx2's tables as .sql, or one provider as .json, to seed it with.

    Tells what that cannot hold. Exit status 1 when something was left out.
    """
    render = _BY_SUFFIX.get(file.suffix.lower())
    if render is None:
        fail(f"{file} must end in .sql or .json.")
        raise typer.Exit(EXIT_USAGE)
    _export(file, render, provider)


def export_automx(file: File, provider: Slug = None) -> None:
    """Write a configuration of automx (automx.conf of 1.1).

    Tells what that cannot hold. Exit status 1 when something was left out.
    """
    _export(file, render_automx, provider)


def export_monogramm(file: File, provider: OneSlug) -> None:
    """Write a provider as the environment of Monogramm's autodiscover-email-settings.

    Tells what that cannot hold. Exit status 1 when something was left out.
    """
    _export(file, render_monogramm, provider)


def export_postfix(file: File, provider: Slug = None) -> None:
    """Write the active domains as a lookup table of Postfix (virtual_mailbox_domains).

    Tells what that cannot hold. Exit status 1 when something was left out.
    """
    _export(file, render_postfix, provider)


def _export(file: Path, render: Render, provider: str | None) -> None:
    async def work(services: Services) -> tuple[PeerFile, list[Loss]]:
        households, losses = await services.moving.away.gather(provider)
        return render(households), losses

    written, losses = run_with_services(work)
    try:
        if file == STANDARD_STREAM:
            typer.echo(written.data, nl=False)
        else:
            replace_file(file, written.data)
    except OSError as error:
        fail(f"{file} could not be written: {error.strerror}.")
        raise typer.Exit(EXIT_FAILURE) from None
    show_losses((*losses, *written.losses), "Not written")
    err.print(f"Domains: {written.domains}")
    if losses or written.losses:
        raise typer.Exit(EXIT_NEGATIVE)
