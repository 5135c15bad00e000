"""What another program has stored becomes providers and domains, in one transaction."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from app.core.automx2_tables import Tables
from app.core.domain_lines import DomainLine, NumberedLine, Operation
from app.core.errors import InvalidInput, ProviderNotFound
from app.core.moving import Loss
from app.core.replacing import domain_notes, provider_notes, replaced_domain, replaced_provider
from app.core.servers import variables_of
from app.services.bulk import MOST_LINES
from app.services.bulk_planning import Result
from app.services.callers import CONSOLE
from app.store.foreign_file import read_tables

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
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
    notes: list[Loss] = field(default_factory=list)
    """What is kept though it does not fit what the other program has, or goes and was known here only."""
    _expected: dict[str | None, list[Loss]] = field(default_factory=dict, init=False, repr=False)
    """Notes on domains that hold once these are changed."""

    def add(self, outcomes: Sequence[Outcome]) -> None:
        """Take what became of domains."""
        for outcome in outcomes:
            self.domains[outcome.result] += 1
            expected = self._expected.pop(outcome.name, ())
            if outcome.error is not None:
                self.losses.append(Loss(f"domain {outcome.name}", str(outcome.error)))
            elif outcome.result is Result.UPDATED:
                self.notes.extend(expected)

    def expect(self, domain: Domain, reasons: Iterable[str]) -> None:
        """Take what is to be told of a domain once it is changed."""
        name = domain.name.ascii
        self._expected[name] = [Loss(f"domain {name}", reason) for reason in reasons]

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

        Doing it again changes nothing. What only is known here is never in question, above all whether a
        domain is answered for.

        Args:
            belongings: What the other program had.
            overwrite: Whether what is stored already with other settings gets those of the other program.
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
            subject = f"provider {provider.slug}"
            stored = present.get(provider.slug)
            wanted = provider if stored is None else replaced_provider(stored.value, provider)
            is_same = stored is not None and stored.value == wanted
            if stored is not None and not (is_same or overwrite):
                move.leave_out(move.providers, subject, _PROVIDER_DIFFERS)
                continue
            try:
                _, is_new = await self._providers.put(caller, wanted)
            except InvalidInput as error:
                move.leave_out(move.providers, subject, str(error))
                continue
            taken.add(provider.slug)
            changed = Result.UNCHANGED if is_same else Result.UPDATED
            move.providers[Result.CREATED if is_new else changed] += 1
            if stored is not None:
                move.notes += [Loss(subject, reason) for reason in provider_notes(stored.value, wanted)]
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

    def to_be_stored(
        self, present: PresentDomain | None, domain: Domain, needed: Mapping[str, frozenset[str]], move: Move
    ) -> Domain | None:
        """Return what to store of it; otherwise note why nothing.

        Args:
            present: What is stored.
            domain: What the other program has.
            needed: The variables that the servers of its provider name, of the stored one and of the other.
            move: Takes what there is to tell.
        """
        if present is None or (not self.are_names_only and present.is_same_as(domain)):
            return domain
        subject = f"domain {domain.name.ascii}"
        if self.are_names_only:
            if present.provider == domain.provider:
                move.domains[Result.UNCHANGED] += 1
            else:
                reason = f"is stored already, with the provider {present.provider}"
                move.leave_out(move.domains, subject, reason)
            return None
        stored = present.stored.value
        if stored.status is not domain.status:
            move.notes.append(Loss(subject, f"is {domain.status} there and stays {stored.status} here"))
        replaced = replaced_domain(stored, domain)
        if replaced == stored:
            return stored
        if not self.overwrite:
            move.leave_out(move.domains, subject, _DOMAIN_DIFFERS)
            return None
        before, after = needed[stored.provider], needed[domain.provider]
        move.expect(domain, domain_notes(stored, replaced, needed=before, needed_now=after))
        return replaced


async def _batches(
    unit: UnitOfWork, domains: Sequence[Domain], move: Move, rule: _Rule
) -> AsyncIterator[list[NumberedLine]]:
    """Give lines that store the domains, but for those that are left as they are."""
    for start in range(0, len(domains), MOST_LINES):
        batch = domains[start : start + MOST_LINES]
        present = await unit.domain_batches.find([domain.name.ascii for domain in batch])
        slugs = {domain.provider for domain in batch} | {one.provider for one in present.values()}
        providers = await unit.providers.named(sorted(slugs)) if present else {}
        needed = {slug: variables_of(stored.value.servers) for slug, stored in providers.items()}
        lines = []
        for number, domain in enumerate(batch, start + 1):
            name = domain.name
            wanted = rule.to_be_stored(present.get(name.ascii), domain, needed, move)
            if wanted is not None:
                line = DomainLine(operation=Operation.PUT, name=name, domain=wanted)
                lines.append(NumberedLine(number, name.ascii, line))
        yield lines
