"""``signpost import automx``, ``monogramm``, ``mailcow``, ``stalwart`` and ``postfix``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

import typer

from app.cli.moving import move_in, read_whole
from app.cli.slugs import named
from app.core.moving import attach
from app.parsers.automx import parse_automx
from app.parsers.domain_lists import parse_domain_lists
from app.parsers.mailcow import parse_mailcow
from app.parsers.monogramm import parse_monogramm
from app.parsers.stalwart import parse_stalwart

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.core.moving import Belongings, DomainList, MovedDomain

    Parse: TypeAlias = Callable[[bytes, Sequence[MovedDomain]], Belongings]

File: TypeAlias = Annotated[Path, typer.Argument(metavar="FILE", help="Its configuration.")]
Lists: TypeAlias = Annotated[
    list[Path] | None,
    typer.Option(
        "--domains", metavar="FILE", help="A list of domains: text, table or JSON. May be repeated."
    ),
]
DryRun: TypeAlias = Annotated[bool, typer.Option("--dry-run", help="Show it; change nothing.")]
Replace: TypeAlias = Annotated[
    bool,
    typer.Option("--replace", help="Give what is stored already its settings; keep what only is known here."),
]


_TELLS: Final = (
    "Tells what could not be carried over. Running it again changes nothing. "
    "Exit status 1 when something was left out or kept."
)


def _importing(parse: Parse, purpose: str) -> Callable[..., None]:
    """Return the command for a program whose file does not name all its domains."""

    def take(file: File, domains: Lists = None, dry_run: DryRun = False, replace: Replace = False) -> None:
        def read() -> Belongings:
            listed = _read_lists(domains or ())
            return parse(read_whole(file), listed.domains).with_losses(listed.losses)

        move_in(lambda _services: read(), dry_run=dry_run, replace=replace)

    take.__doc__ = f"{purpose}\n\n{_TELLS}"
    return take


import_automx = _importing(
    parse_automx, "Take over automx's configuration (automx.conf of 0.10 to 1.1), in one transaction."
)
import_monogramm = _importing(
    parse_monogramm,
    "Take over the environment of Monogramm's autodiscover-email-settings: .env, Compose or systemd.",
)
import_mailcow = _importing(
    parse_mailcow, "Take over mailcow.conf; its domains come from its API or its database, as files."
)
import_stalwart = _importing(
    parse_stalwart,
    "Take over Stalwart's configuration: TOML or settings (to 0.15), or a snapshot (from 0.16).",
)


def import_postfix(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE…", help="Lists of domains: text, tables or JSON.")
    ],
    provider: Annotated[
        str,
        typer.Option(
            "--provider", metavar="SLUG", callback=named, help="The stored provider that they belong to."
        ),
    ],
    dry_run: DryRun = False,
) -> None:
    """Put the domains of Postfix, iRedMail or PostfixAdmin with a provider, in one transaction.

    Domains that are stored already are left as they are. Exit status 1 when something was left out.
    """

    def read() -> Belongings:
        lists = _read_lists(files)
        return attach(lists.domains, provider, lists.losses)

    move_in(lambda _services: read(), dry_run=dry_run)


def _read_lists(files: Sequence[Path]) -> DomainList:
    return parse_domain_lists(*map(read_whole, files))
