"""Many changes of domains in one call: in batches, each all or nothing, or all of them in one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from app.core.domain_lines import DomainLine, NumberedLine, Operation
from app.core.errors import ConcurrentChange, InvalidInput
from app.core.names import DomainName
from app.core.provider import is_slug
from app.services.bulk_planning import BatchPlanner, BulkRules, Facts, Outcome, ResolvabilityChecks, Result
from app.services.bulk_writing import write_plan
from app.services.callers import Scope
from app.services.changes import Changes
from app.services.domain_mailboxes import find_relying

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Mapping, Sequence
    from datetime import datetime

    from app.services.callers import Caller
    from app.services.changes import Change
    from app.store.domain_batches import PresentDomain
    from app.store.unit_of_work import Store, UnitOfWork

MOST_LINES: Final = 1000
MOST_BYTES: Final = 4_000_000
_ATTEMPTS: Final = 3
_PLANNED_AT_ONCE: Final = 100
_WHAT: Final = "One of the domains"

EACH_LINE: Final = BulkRules()


class LineRefused(Exception):  # noqa: N818 - named for what happened
    """A line cannot be done, and with it none of them; nothing was changed."""

    def __init__(self, outcome: Outcome) -> None:
        """Take the line's outcome."""
        self.outcome = outcome
        super().__init__(str(outcome.error))


class Batch:
    """Lines that are looked up and written together: not too many, and no domain twice."""

    def __init__(self) -> None:
        """Start with none."""
        self.lines: list[NumberedLine] = []
        self._names: set[str] = set()
        self._bytes = 0

    def add(self, line: NumberedLine) -> bool:
        """Take a line; False when this one belongs to the next batch."""
        change = line.change
        if isinstance(change, DomainLine):
            name = change.name.ascii
            if name in self._names:
                return False
            self._names.add(name)
        self.lines.append(line)
        self._bytes += line.size
        return True

    @property
    def is_full(self) -> bool:
        """Tell whether it should be written before it takes more."""
        return len(self.lines) >= MOST_LINES or self._bytes >= MOST_BYTES


class BulkService:
    """Changes many domains at once; every method checks what the caller may."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        """Take the database and the time."""
        self._changes = Changes(store, clock)
        self._checks = ResolvabilityChecks()

    async def apply(
        self, caller: Caller, lines: Sequence[NumberedLine], rules: BulkRules = EACH_LINE
    ) -> list[Outcome]:
        """Do the lines of one batch in one transaction, those that can be done.

        What others get in the way of is tried again, in the end line by line.

        Raises:
            NotPermitted: When the caller may not write.
            NotAvailable: When the database does not answer; nothing of the batch was done.
        """
        caller.require(Scope.DOMAINS_WRITE)
        error: ConcurrentChange | None = None
        for _ in range(_ATTEMPTS):
            try:
                async with self._changes.making(caller) as change:
                    return await self._in(change, caller, lines, rules)
            except ConcurrentChange as lost:
                error = lost
        if len(lines) == 1:
            return [Outcome(lines[0], Result.FAILED, error=error)]
        return [outcome for line in lines for outcome in await self.apply(caller, [line], rules)]

    async def apply_whole(
        self,
        caller: Caller,
        batches: AsyncIterable[Sequence[NumberedLine]],
        tell: Callable[[Sequence[Outcome]], None],
        rules: BulkRules = EACH_LINE,
    ) -> None:
        """Do all lines in one transaction.

        Args:
            caller: Who asks.
            batches: The lines, no domain twice in one of them.
            tell: Told the outcomes as they are found; they hold when this returns.
            rules: How they are taken, and whether one that cannot be done undoes all.

        Raises:
            LineRefused: When one cannot be done and that undoes all.
            ConcurrentChange: When somebody else changed the same at the same time.
            NotAvailable: When the database does not answer.
        """
        caller.require(Scope.DOMAINS_WRITE)
        async with self._changes.making(caller) as change:
            async for lines in batches:
                outcomes = await self._in(change, caller, lines, rules)
                refused = next((one for one in outcomes if one.result is Result.FAILED), None)
                if rules.stops_at_fault and refused is not None:
                    raise LineRefused(refused)
                await change.write_down()
                tell(outcomes)

    async def _in(
        self, change: Change, caller: Caller, lines: Sequence[NumberedLine], rules: BulkRules
    ) -> list[Outcome]:
        facts = await _facts(change.unit, caller, lines)
        planner = BatchPlanner(caller, facts, rules, self._checks.of(facts.providers.values()))
        for start in range(0, len(lines), _PLANNED_AT_ONCE):
            for line in lines[start : start + _PLANNED_AT_ONCE]:
                planner.add(line)
            # Others are served meanwhile: mail clients do not wait for a billing system.
            await asyncio.sleep(0)
        await write_plan(change, caller, facts, planner.plan.steps)
        return planner.plan.outcomes


async def _facts(unit: UnitOfWork, caller: Caller, lines: Sequence[NumberedLine]) -> Facts:
    """Look up all that the lines name, and keep others from changing it.

    Raises:
        ConcurrentChange: When a domain just went to a provider or a target that was not looked up.
    """
    changes = [line.change for line in lines if isinstance(line.change, DomainLine)]
    batches = unit.domain_batches
    # What lines do not say themselves comes first: providers are locked before domains, and those at once.
    known = await batches.look_up(sorted({one.name.ascii for one in changes if one.domain is None}))
    names = {name for change in changes for name in _names(change, known)}
    slugs = {slug for change in changes for slug in _slugs(change, known)}
    await unit.locks.share_providers(slugs)
    providers = await unit.providers.named(sorted(filter(caller.sees, slugs)))
    present = await batches.find(sorted(names)) if names else {}
    own = [(change, present[change.name.ascii]) for change in changes if change.name.ascii in present]
    if any(_is_other(change, one, known) for change, one in own):
        raise ConcurrentChange(_WHAT)
    concerned = {one.id: change.name for change, one in own if _concerns_mailboxes(change, one)}
    await unit.locks.lock_domains(list(concerned))
    return Facts(
        present=present,
        providers=providers,
        alias_counts=await batches.alias_counts([one.id for one in present.values()]),
        mailboxes=await batches.mailboxes_of(concerned),
        relying=await find_relying(unit, own),
    )


def _names(change: DomainLine, known: Mapping[str, tuple[str, str | None]]) -> list[str]:
    """Return the domains that a line is about: its own, and those that it is and is to be an alias of."""
    _, target = known.get(change.name.ascii, (None, None))
    is_kept = change.operation is Operation.PATCH
    found = [change.name.ascii, _named_target(change), target if is_kept else None]
    return [name for name in found if name is not None]


def _is_other(
    change: DomainLine, present: PresentDomain, known: Mapping[str, tuple[str, str | None]]
) -> bool:
    """Tell whether a domain is no longer what was looked up before it was locked."""
    return change.domain is None and known.get(change.name.ascii) != (present.provider, present.alias_of)


def _named_target(change: DomainLine) -> str | None:
    if change.domain is not None:
        return None if change.domain.alias_of is None else change.domain.alias_of.ascii
    given = (change.members or {}).get("alias_of")
    if not isinstance(given, str):
        return None
    try:
        return DomainName.parse(given).ascii
    except InvalidInput:
        # The line's own fault, told when it is planned.
        return None


def _slugs(change: DomainLine, known: Mapping[str, tuple[str, str | None]]) -> list[str]:
    if change.domain is not None:
        return [change.domain.provider]
    given = (change.members or {}).get("provider")
    stored = [known[change.name.ascii][0]] if change.name.ascii in known else []
    return [*stored, given] if isinstance(given, str) and is_slug(given) else stored


def _concerns_mailboxes(change: DomainLine, present: PresentDomain) -> bool:
    if change.operation is Operation.DELETE or change.mailboxes is not None:
        return True
    return present.alias_of is None and _named_target(change) is not None
