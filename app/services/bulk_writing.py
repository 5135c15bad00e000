"""The steps of a batch, written with few statements, and what the audit tells of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from app.core.stored import Stored
from app.store.domain_batches import PlacedDomain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.core.domains import Domain, Mailbox
    from app.services.bulk_planning import Facts, Step
    from app.services.callers import Caller
    from app.services.changes import Change


async def write_plan(change: Change, caller: Caller, facts: Facts, steps: Sequence[Step]) -> None:
    """Write the steps of a plan, and note them in the order of their lines.

    Raises:
        ConcurrentChange: When others have changed what was looked up.
    """
    if steps:
        await _Writer(change, caller, facts).write(steps)


class _Writer:
    def __init__(self, change: Change, caller: Caller, facts: Facts) -> None:
        self._change = change
        self._unit = change.unit
        self._caller = caller
        self._facts = facts
        self._new_ids: dict[str, int] = {}

    async def write(self, steps: Sequence[Step]) -> None:
        new = [step.domain for step in steps if step.present is None and step.domain is not None]
        ids = await self._unit.domain_batches.reserve_ids(len(new))
        self._new_ids = {domain.name.ascii: number for domain, number in zip(new, ids, strict=True)}
        after = [self._after(step) for step in steps]
        await self._write_domains(steps, after)
        for step, stored in zip(steps, after, strict=True):
            await self._tell(step, stored)
        await self._insert_mailboxes(steps, after)

    def _after(self, step: Step) -> Stored[Domain] | None:
        """Return the domain as it will be stored; None where it goes."""
        if step.is_deletion:
            return None
        now = self._change.now
        if step.domain is None:
            assert step.present is not None, "a step of nothing"  # noqa: S101
            return step.present.stored
        if step.present is None:
            number = self._new_ids[step.domain.name.ascii]
            return Stored(id=number, value=step.domain, version=1, created_at=now, updated_at=now)
        before = step.present.stored
        return replace(before, value=step.domain, version=before.version + 1, updated_at=now)

    async def _write_domains(self, steps: Sequence[Step], after: Sequence[Stored[Domain] | None]) -> None:
        new: list[PlacedDomain] = []
        changed: list[PlacedDomain] = []
        with_other_servers: set[int] = set()
        moved: list[int] = []
        gone: list[Stored[Domain]] = []
        for step, stored in zip(steps, after, strict=True):
            if stored is None:
                assert step.present is not None, "what goes was there"  # noqa: S101
                gone.append(step.present.stored)
            elif step.domain is not None and step.present is None:
                new.append(self._placed(stored))
            elif step.domain is not None and step.present is not None:
                changed.append(self._placed(stored))
                if step.domain.servers != step.present.stored.value.servers:
                    with_other_servers.add(stored.id)
                if step.domain.provider != step.present.stored.value.provider:
                    moved.append(stored.id)
        batches = self._unit.domain_batches
        await batches.insert(new)
        await batches.replace(changed, servers_of_ids=frozenset(with_other_servers))
        await self._unit.verifications.forget_of(moved)
        await self._keep(gone)
        await batches.delete(gone)

    def _placed(self, stored: Stored[Domain]) -> PlacedDomain:
        domain = stored.value
        target = None if domain.alias_of is None else domain.alias_of.ascii
        target_id = None
        if target is not None:
            target_id = self._new_ids.get(target) or self._facts.present[target].id
        return PlacedDomain(
            stored=stored, provider_id=self._facts.providers[domain.provider].id, alias_of_id=target_id
        )

    async def _keep(self, gone: Sequence[Stored[Domain]]) -> None:
        providers, mailboxes = self._facts.providers, self._facts.mailboxes
        await self._unit.deleted_domains.insert_all(
            [(one, providers[one.value.provider].id, mailboxes.get(one.id, ())) for one in gone],
            deleted_by=self._caller.token_id,
            deleted_at=self._change.now,
        )

    async def _tell(self, step: Step, stored: Stored[Domain] | None) -> None:
        before = None if step.present is None else step.present.stored
        if stored is None:
            assert before is not None, "what goes was there"  # noqa: S101
            for mailbox in self._facts.mailboxes.get(before.id, ()):
                self._change.note(step.action, mailbox, None, provider=before.value.provider)
            self._change.note(step.action, before, None)
            return
        if step.domain is not None:
            self._change.note(step.action, before, stored)
        if step.mailboxes:
            await self._change_mailboxes(step, stored)

    async def _change_mailboxes(self, step: Step, domain: Stored[Domain]) -> None:
        mailboxes, provider = self._unit.mailboxes(domain), domain.value.provider
        for gone in step.mailboxes.gone:
            await mailboxes.delete(gone)
            self._change.note("mailbox.delete", gone, None, provider=provider)
        for before, mailbox in step.mailboxes.changed:
            after = await mailboxes.replace(before, mailbox, self._change.now)
            self._change.note("mailbox.put", before, after, provider=provider)
        now = self._change.now
        for mailbox in step.mailboxes.new:
            new = Stored(id=0, value=mailbox, version=1, created_at=now, updated_at=now)
            self._change.note("mailbox.put", None, new, provider=provider)

    async def _insert_mailboxes(self, steps: Sequence[Step], after: Sequence[Stored[Domain] | None]) -> None:
        new: list[tuple[int, Mailbox]] = [
            (stored.id, mailbox)
            for step, stored in zip(steps, after, strict=True)
            if stored is not None
            for mailbox in step.mailboxes.new
        ]
        await self._unit.domain_batches.insert_mailboxes(new, self._change.now)
