"""What another program has stored becomes providers and domains, in one transaction."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from app.core.automx2_tables import Tables
from app.core.domain_lines import DomainLine, NumberedLine, Operation
from app.core.errors import InvalidInput, ProviderNotFound
from app.core.moving import Loss
from app.services.bulk import MOST_LINES
from app.services.bulk_planning import Result
from app.services.callers import CONSOLE
from app.store.foreign_file import read_tables

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from app.core.domains import Domain
    from app.core.moving import Belongings
    from app.core.provider import Provider
    from app.services.bulk import BulkService
    from app.services.bulk_planning import Outcome
    from app.services.callers import Caller
    from app.services.providers import ProviderService
    from app.store.domain_batches import PresentDomain
    from app.store.unit_of_work import Store, UnitOfWork

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

    def add(self, outcomes: Sequence[Outcome]) -> None:
        """Take what became of domains."""
        for outcome in outcomes:
            self.domains[outcome.result] += 1
            if outcome.error is not None:
                self.losses.append(Loss(f"domain {outcome.name}", str(outcome.error)))

    def leave_out(self, counts: Counter[Result], subject: str, reason: str) -> None:
        """Take that something is left out, or kept as it is stored."""
        counts[Result.FAILED] += 1
        self.losses.append(Loss(subject, reason))


class MovingIn:
    """Takes over from another program."""

    def __init__(self, store: Store, providers: ProviderService, bulk: BulkService) -> None:
        """Take the database, and what writes providers and many domains."""
        self._store = store
        self._providers = providers
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

    async def apply(self, belongings: Belongings, *, overwrite: bool = False, dry_run: bool = False) -> Move:
        """Store what is not there yet: all of it, or nothing when the database fails.

        Doing it again changes nothing.

        Args:
            belongings: What the other program had.
            overwrite: Whether what is stored already with other settings is changed.
            dry_run: Whether nothing is to be changed.
        """
        move = Move(losses=list(belongings.losses))
        async with self._store.writing(keep=not dry_run) as unit:
            caller = replace(CONSOLE, call=replace(CONSOLE.call, transaction=unit))
            taken = await self._put_providers(caller, belongings.providers, move, overwrite=overwrite)
            taken |= await _stored_providers(unit, belongings)
            domains = [domain for domain in belongings.domains if domain.provider in taken]
            if left := len(belongings.domains) - len(domains):
                move.domains[Result.FAILED] += left
            rule = _Rule(overwrite=overwrite, are_names_only=belongings.are_names_only)
            batches = _batches(unit, domains, move, rule)
            await self._bulk.apply_whole(caller, batches, move.add)
        return move

    async def _put_providers(
        self, caller: Caller, providers: Sequence[Provider], move: Move, *, overwrite: bool
    ) -> set[str]:
        """Store providers; return those whose domains belong to what is stored now."""
        assert caller.call.transaction is not None, "all in one"  # noqa: S101
        present = await caller.call.transaction.providers.named([provider.slug for provider in providers])
        taken = set()
        for provider in providers:
            stored = present.get(provider.slug)
            is_same = stored is not None and stored.value == provider
            if stored is not None and not (is_same or overwrite):
                move.leave_out(move.providers, f"provider {provider.slug}", _PROVIDER_DIFFERS)
                continue
            try:
                _, is_new = await self._providers.put(caller, provider)
            except InvalidInput as error:
                move.leave_out(move.providers, f"provider {provider.slug}", str(error))
                continue
            taken.add(provider.slug)
            changed = Result.UNCHANGED if is_same else Result.UPDATED
            move.providers[Result.CREATED if is_new else changed] += 1
        return taken


async def _stored_providers(unit: UnitOfWork, belongings: Belongings) -> set[str]:
    """Return the providers that the other program's domains are put with, though it has them not."""
    own = {provider.slug for provider in belongings.providers}
    others = {domain.provider for domain in belongings.domains} - own
    present = await unit.providers.named(sorted(others))
    if missing := sorted(others - present.keys()):
        raise ProviderNotFound(missing[0])
    return others


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """What is done about a domain that is stored already."""

    overwrite: bool
    are_names_only: bool

    def is_to_be_stored(self, present: PresentDomain | None, domain: Domain, move: Move) -> bool:
        """Tell whether to store it; otherwise note why not."""
        subject = f"domain {domain.name.ascii}"
        if present is None:
            return True
        if not self.are_names_only:
            if is_kept := not (self.overwrite or present.is_same_as(domain)):
                move.leave_out(move.domains, subject, _DOMAIN_DIFFERS)
            return not is_kept
        if present.provider == domain.provider:
            move.domains[Result.UNCHANGED] += 1
        else:
            move.leave_out(move.domains, subject, f"is stored already, with the provider {present.provider}")
        return False


async def _batches(
    unit: UnitOfWork, domains: Sequence[Domain], move: Move, rule: _Rule
) -> AsyncIterator[list[NumberedLine]]:
    """Give lines that store the domains, but for those that are left as they are."""
    for start in range(0, len(domains), MOST_LINES):
        batch = domains[start : start + MOST_LINES]
        present = await unit.domain_batches.find([domain.name.ascii for domain in batch])
        lines = []
        for number, domain in enumerate(batch, start + 1):
            if rule.is_to_be_stored(present.get(domain.name.ascii), domain, move):
                line = DomainLine(operation=Operation.PUT, name=domain.name, domain=domain)
                lines.append(NumberedLine(number, domain.name.ascii, line))
        yield lines
