"""``signpost import automx``, ``monogramm``, ``mailcow``, ``stalwart`` and ``postfix``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from app.cli.moving import move_in, read_whole
from app.core.moving import DomainList, attach
from app.parsers.automx import parse_automx
from app.parsers.domain_lists import parse_domain_list
from app.parsers.mailcow import parse_mailcow
from app.parsers.monogramm import parse_monogramm
from app.parsers.stalwart import parse_stalwart

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.core.moving import Belongings, MovedDomain

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
    bool, typer.Option("--replace", help="Change what is stored already with other settings.")
]


def import_automx(
    file: File, domains: Lists = None, dry_run: DryRun = False, replace: Replace = False
) -> None:
    """Take over automx's configuration (automx.conf of 0.10 to 1.1), in one transaction.

    Tells what could not be carried over. Running it again changes nothing. Exit status 1 when something
    was left out or kept.
    """
    _take(file, parse_automx, domains, dry_run=dry_run, replace=replace)


def import_monogramm(
    file: File, domains: Lists = None, dry_run: DryRun = False, replace: Replace = False
) -> None:
    """Take over the environment of Monogramm's autodiscover-email-settings: .env, Compose or systemd.

    Tells what could not be carried over. Running it again changes nothing. Exit status 1 when something
    was left out or kept.
    """
    _take(file, parse_monogramm, domains, dry_run=dry_run, replace=replace)


def import_mailcow(
    file: File, domains: Lists = None, dry_run: DryRun = False, replace: Replace = False
) -> None:
    """Take over mailcow.conf; its domains come from its API or its database, as files.

    Tells what could not be carried over. Running it again changes nothing. Exit status 1 when something
    was left out or kept.
    """
    _take(file, parse_mailcow, domains, dry_run=dry_run, replace=replace)


def import_stalwart(
    file: File, domains: Lists = None, dry_run: DryRun = False, replace: Replace = False
) -> None:
    """Take over Stalwart's configuration: TOML or settings (to 0.15), or a snapshot (from 0.16).

    Tells what could not be carried over. Running it again changes nothing. Exit status 1 when something
    was left out or kept.
    """
    _take(file, parse_stalwart, domains, dry_run=dry_run, replace=replace)


def import_postfix(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE…", help="Lists of domains: text, tables or JSON.")
    ],
    provider: Annotated[
        str, typer.Option("--provider", metavar="SLUG", help="The stored provider that they belong to.")
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


def _take(file: Path, parse: Parse, lists: list[Path] | None, *, dry_run: bool, replace: bool) -> None:
    def read() -> Belongings:
        listed = _read_lists(lists or ())
        found = parse(read_whole(file), listed.domains)
        return found.with_losses(listed.losses)

    move_in(lambda _services: read(), dry_run=dry_run, replace=replace)


def _read_lists(files: Sequence[Path]) -> DomainList:
    found = [parse_domain_list(read_whole(file)) for file in files]
    domains = {domain.name: domain for one in reversed(found) for domain in one.domains}
    return DomainList(
        # Those that others are aliases of come first.
        domains=tuple(sorted(domains.values(), key=lambda one: one.alias_of is not None)),
        losses=tuple(loss for one in found for loss in one.losses),
    )
