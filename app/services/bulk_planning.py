"""What a batch of lines comes to, line by line and without the database: each line sees those before it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from app.core.authoring import check_authored_servers
from app.core.domain_lines import DomainLine, NumberedLine, Operation
from app.core.errors import (
    AppError,
    DomainInUse,
    DomainNotFound,
    DomainTaken,
    ProviderNotFound,
    refuse,
    within,
)
from app.core.mailbox_changes import Inheritance, InheritanceChange, concerns_mailboxes
from app.core.merging import merged
from app.core.record_reading import read_domain
from app.core.records import domain_record
from app.core.resolvability import Resolvability
from app.services.domain_relations import check_alias_target, check_relations
from app.services.preconditions import Precondition

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from app.core.domains import Domain, Mailbox
    from app.core.provider import Provider
    from app.core.stored import Stored
    from app.services.callers import Caller
    from app.services.domain_mailboxes import RelyingMailboxes
    from app.store.domain_batches import PresentDomain

_MOST_PROVIDERS: Final = 100


class Result(StrEnum):
    """How a line ended."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    DELETED = "deleted"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a line."""

    line: NumberedLine
    result: Result
    version: int | None = None
    """The domain's version; None where it is gone or the line failed."""
    error: AppError | None = None

    @property
    def name(self) -> str | None:
        """The domain's name in A-labels; as it was given where it could not be read."""
        change = self.line.change
        return change.name.ascii if isinstance(change, DomainLine) else self.line.name


@dataclass(frozen=True, slots=True)
class BulkRules:
    """How lines are taken."""

    needs_if_match: bool = False
    """Whether what is stored is changed only under a condition."""
    stops_at_fault: bool = False
    """Whether one line that cannot be done undoes all, where all are one transaction."""
    absent_ok: bool = False
    """Whether a domain that is to be deleted may be gone already, as when a file is read again."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is stored of all that a batch names."""

    present: Mapping[str, PresentDomain]
    providers: Mapping[str, Stored[Provider]]
    """Those that the caller sees."""
    alias_counts: Mapping[int, int]
    mailboxes: Mapping[int, Sequence[Stored[Mailbox]]]
    """Of domains whose mailboxes matter."""
    relying: RelyingMailboxes
    """Those that stay as they are and may come off worse."""


class ResolvabilityChecks:
    """The checks of providers, kept from batch to batch while a provider stays as it is."""

    def __init__(self) -> None:
        """Start with none."""
        self._kept: dict[str, tuple[int, int, Resolvability]] = {}

    def of(self, providers: Iterable[Stored[Provider]]) -> dict[str, Resolvability]:
        """Return the checks of some providers, by slug."""
        return {provider.value.slug: self._one(provider) for provider in providers}

    def _one(self, provider: Stored[Provider]) -> Resolvability:
        number, version, checks = self._kept.get(provider.value.slug, (0, 0, None))
        if checks is None or (number, version) != (provider.id, provider.version):
            if len(self._kept) >= _MOST_PROVIDERS:
                self._kept.clear()
            checks = Resolvability(provider.value)
            self._kept[provider.value.slug] = (provider.id, provider.version, checks)
        return checks


@dataclass(frozen=True, slots=True)
class MailboxSteps:
    """How a domain's mailboxes become those of its line."""

    new: Sequence[Mailbox] = ()
    changed: Sequence[tuple[Stored[Mailbox], Mailbox]] = ()
    gone: Sequence[Stored[Mailbox]] = ()

    def __bool__(self) -> bool:
        """Tell whether there is anything to do."""
        return bool(self.new or self.changed or self.gone)


NO_MAILBOX_STEPS = MailboxSteps()


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done with one domain."""

    action: str
    present: PresentDomain | None
    domain: Domain | None
    """What is to be stored; None where the domain goes or stays as it is."""
    mailboxes: MailboxSteps = NO_MAILBOX_STEPS
    is_deletion: bool = False


@dataclass(slots=True)
class BatchPlan:
    """The steps of a batch in the order of its lines, no domain twice."""

    steps: list[Step] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)


class BatchPlanner:
    """Plans the lines of one batch."""

    def __init__(
        self, caller: Caller, facts: Facts, rules: BulkRules, checks: Mapping[str, Resolvability]
    ) -> None:
        """Take who asks, what is stored, and the checks of its providers."""
        self.plan = BatchPlan()
        self._caller = caller
        self._facts = facts
        self._rules = rules
        self._checks = checks
        self._after: dict[str, Domain | None] = {}
        self._alias_changes: Counter[str] = Counter()

    def add(self, line: NumberedLine) -> None:
        """Plan one line more; what is wrong with it is its outcome, and it changes nothing."""
        change = line.change
        if isinstance(change, AppError):
            outcome = Outcome(line, Result.FAILED, error=change)
        else:
            try:
                outcome = self._planned(line, change)
            except AppError as error:
                outcome = Outcome(line, Result.FAILED, error=error)
        self.plan.outcomes.append(outcome)

    def _planned(self, line: NumberedLine, change: DomainLine) -> Outcome:
        name = change.name.ascii
        present = self._facts.present.get(name)
        if change.operation is Operation.DELETE and present is None and self._rules.absent_ok:
            return Outcome(line, Result.UNCHANGED)
        if present is not None and not self._caller.sees(present.provider):
            if change.operation is Operation.PUT:
                raise DomainTaken(name)
            present = None
        if present is None and change.operation is not Operation.PUT:
            raise DomainNotFound(name)
        self._precondition(change).check(present)
        if change.operation is Operation.DELETE:
            return self._deleted(line, name, present)
        if change.domain is not None:
            return self._stored(line, change, change.domain, present)
        assert present is not None, "refused above"  # noqa: S101
        # As JSON has it, which knows lists and texts only.
        record = json.loads(json.dumps(domain_record(present.stored.value)))
        return self._stored(line, change, read_domain(merged(record, dict(change.members or {}))), present)

    def _precondition(self, change: DomainLine) -> Precondition:
        return Precondition(
            versions=None if change.version is None else frozenset({change.version}),
            must_exist=change.must_exist,
            is_needed=self._rules.needs_if_match,
        )

    def _deleted(self, line: NumberedLine, name: str, present: PresentDomain | None) -> Outcome:
        assert present is not None, "refused before"  # noqa: S101
        if aliases := self._aliases(name):
            raise DomainInUse(name, aliases)
        self._note(name, present, None)
        self.plan.steps.append(Step("domain.delete", present, None, is_deletion=True))
        return Outcome(line, Result.DELETED)

    def _stored(
        self, line: NumberedLine, change: DomainLine, domain: Domain, present: PresentDomain | None
    ) -> Outcome:
        is_same = present is not None and present.is_same_as(domain)
        if not is_same:
            self._check(change, domain, present)
            if present is not None:
                self._check_kept_mailboxes(change, domain, present)
        mailboxes = self._mailbox_steps(domain, present, change.mailboxes)
        if is_same and not mailboxes:
            return Outcome(line, Result.UNCHANGED, None if present is None else present.version)
        action = f"domain.{change.operation}"
        if not is_same:
            self._note(domain.name.ascii, present, domain)
        self.plan.steps.append(Step(action, present, None if is_same else domain, mailboxes))
        if present is None:
            return Outcome(line, Result.CREATED, 1)
        return Outcome(line, Result.UPDATED, present.version + (not is_same))

    def _check(self, change: DomainLine, domain: Domain, present: PresentDomain | None) -> None:
        """Check as a single write does, against what is stored and what earlier lines made of it."""
        name = domain.name.ascii
        aliases = 0 if present is None else self._aliases(name)
        check_authored_servers(domain.servers)
        checks = self._checks.get(domain.provider)
        if checks is None:
            raise ProviderNotFound(domain.provider)
        if present is not None:
            own = change.mailboxes if change.mailboxes is not None else self._mailboxes(present)
            check_relations(domain, present.stored.value, aliases=aliases, has_mailboxes=bool(own))
        target = None
        if domain.alias_of is not None:
            target = self._current(domain.alias_of.ascii)
            check_alias_target(domain, target)
        checks.check(domain, target)

    def _check_kept_mailboxes(self, change: DomainLine, domain: Domain, present: PresentDomain) -> None:
        before = present.stored.value
        if not concerns_mailboxes(before, domain):
            return
        kept: Sequence[Mailbox] = self._facts.relying.mailboxes.get(present.id, ())
        if change.mailboxes is not None:
            stored = {one.value.address.key: one.value for one in self._mailboxes(present)}
            kept = [one for one in change.mailboxes if stored.get(one.address.key) == one]
        if kept:
            inheritance = InheritanceChange(
                Inheritance(self._facts.relying.providers[before.provider].value, before),
                Inheritance(self._facts.providers[domain.provider].value, domain),
            )
            for mailbox in kept:
                inheritance.check(mailbox)

    def _mailbox_steps(
        self, domain: Domain, present: PresentDomain | None, wanted: tuple[Mailbox, ...] | None
    ) -> MailboxSteps:
        if wanted is None or not (wanted or present):
            return NO_MAILBOX_STEPS
        if wanted and domain.alias_of is not None:
            raise refuse("must be empty for an alias", "mailboxes")
        stored = {one.value.address.key: one for one in self._mailboxes(present)}
        new: list[Mailbox] = []
        changed: list[tuple[Stored[Mailbox], Mailbox]] = []
        for position, mailbox in enumerate(wanted):
            found = stored.pop(mailbox.address.key, None)
            if found is not None and found.value == mailbox:
                continue
            with within("mailboxes", position):
                check_authored_servers(mailbox.servers)
                self._checks[domain.provider].check_mailbox(domain, mailbox)
            if found is None:
                new.append(mailbox)
            else:
                changed.append((found, mailbox))
        return MailboxSteps(new, changed, list(stored.values()))

    def _mailboxes(self, present: PresentDomain | None) -> Sequence[Stored[Mailbox]]:
        return () if present is None else self._facts.mailboxes.get(present.id, ())

    def _current(self, name: str) -> Domain | None:
        if name in self._after:
            return self._after[name]
        present = self._facts.present.get(name)
        return None if present is None else present.stored.value

    def _aliases(self, name: str) -> int:
        present = self._facts.present.get(name)
        stored = 0 if present is None else self._facts.alias_counts.get(present.id, 0)
        return stored + self._alias_changes[name]

    def _note(self, name: str, present: PresentDomain | None, domain: Domain | None) -> None:
        """Keep what later lines of the batch have to know."""
        self._after[name] = domain
        if present is not None and present.alias_of is not None:
            self._alias_changes[present.alias_of] -= 1
        if domain is not None and domain.alias_of is not None:
            self._alias_changes[domain.alias_of.ascii] += 1
