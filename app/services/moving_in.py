"""What another program has stored becomes providers and domains, in one transaction."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from app.core.authoring import check_authored_provider
from app.core.domain_lines import DomainLine, NumberedLine, Operation
from app.core.errors import InvalidInput
from app.core.moving import Loss
from app.parsers.automx2 import Tables
from app.services.bulk_planning import Result
from app.services.callers import CONSOLE, trial
from app.services.changes import Changes
from app.store.foreign_file import read_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from app.core.domains import Domain
    from app.core.moving import Belongings
    from app.core.provider import Provider
    from app.services.bulk import BulkService
    from app.services.changes import Change
    from app.store.unit_of_work import Store

_BATCH: Final = 1000
_PROVIDER_DIFFERS: Final = (
    "is stored already with other settings, and is kept; its domains are left out (--replace changes it)"
)
_DOMAIN_DIFFERS: Final = "is stored already with other settings, and is kept (--replace changes it)"


@dataclass(slots=True)
class Move:
    """What was done, or would be."""

    providers: Counter[Result] = field(default_factory=Counter)
    domains: Counter[Result] = field(default_factory=Counter)
    losses: list[Loss] = field(default_factory=list)
    """What could not be carried over, and what was kept as it is stored."""


class MovingIn:
    """Takes over from another program."""

    def __init__(self, store: Store, clock: Callable[[], datetime], bulk: BulkService) -> None:
        """Take the database, the time, and what writes many domains."""
        self._changes = Changes(store, clock)
        self._bulk = bulk

    @staticmethod
    def read_automx2(path: Path) -> Tables:
        """Read the SQLite database of automx2, which is not changed.

        Raises:
            InvalidInput: When it is none.
        """
        needed, others = ("provider", "domain", "server", "server_domain"), ("davserver", "davserver_domain")
        found = read_tables(path, needed, others)
        return Tables(
            providers=found["provider"],
            domains=found["domain"],
            servers=found["server"],
            server_links=[(row["server_id"], row["domain_id"]) for row in found["server_domain"]],
            dav_servers=found["davserver"],
            dav_links=[(row["davserver_id"], row["domain_id"]) for row in found["davserver_domain"]],
        )

    async def apply(self, belongings: Belongings, *, replace: bool = False, dry_run: bool = False) -> Move:
        """Store what is not there yet: all of it, or nothing when the database fails.

        Doing it again changes nothing.

        Args:
            belongings: What the other program had.
            replace: Whether what is stored already with other settings is changed.
            dry_run: Whether nothing is to be changed.
        """
        caller = trial(CONSOLE) if dry_run else CONSOLE
        move = Move(losses=list(belongings.losses))
        async with self._changes.making(caller) as change:
            taken = await self._write_providers(change, belongings.providers, move, replace=replace)
            domains = [domain for domain in belongings.domains if domain.provider in taken]
            for start in range(0, len(domains), _BATCH):
                await self._write_domains(change, domains[start : start + _BATCH], move, replace=replace)
                await change.write_down()
        return move

    async def _write_providers(
        self, change: Change, providers: Sequence[Provider], move: Move, *, replace: bool
    ) -> set[str]:
        """Store providers; return those whose domains belong to what is stored now."""
        present = await change.unit.providers.named([provider.slug for provider in providers])
        taken = set()
        for provider in providers:
            stored = present.get(provider.slug)
            try:
                check_authored_provider(provider)
            except InvalidInput as error:
                move.losses.append(Loss(f"provider {provider.slug}", str(error)))
                continue
            if stored is None:
                new = await change.unit.providers.insert(provider, change.now)
                change.note("provider.import", None, new)
                result = Result.CREATED
            elif stored.value == provider:
                result = Result.UNCHANGED
            elif replace:
                changed = await change.unit.providers.replace(stored, provider, change.now)
                change.note("provider.import", stored, changed)
                result = Result.UPDATED
            else:
                move.losses.append(Loss(f"provider {provider.slug}", _PROVIDER_DIFFERS))
                continue
            taken.add(provider.slug)
            move.providers[result] += 1
        return taken

    async def _write_domains(
        self, change: Change, domains: Sequence[Domain], move: Move, *, replace: bool
    ) -> None:
        present = await change.unit.domain_batches.find([domain.name.ascii for domain in domains])
        lines = []
        for number, domain in enumerate(domains, 1):
            stored = present.get(domain.name.ascii)
            if stored is not None and not replace and not stored.is_same_as(domain):
                move.losses.append(Loss(f"domain {domain.name.ascii}", _DOMAIN_DIFFERS))
            else:
                line = DomainLine(operation=Operation.PUT, name=domain.name, domain=domain)
                lines.append(NumberedLine(number, domain.name.ascii, line))
        for outcome in await self._bulk.write_in(change, CONSOLE, lines):
            move.domains[outcome.result] += 1
            if outcome.error is not None:
                move.losses.append(Loss(f"domain {outcome.name}", str(outcome.error)))
