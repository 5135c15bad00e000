"""The ISPDB's files into providers and domains: a plan first, then all of it in one transaction.

Only what came from an import is changed or removed by one; what was written through the API stays.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from app.core.domains import Domain
from app.core.errors import InvalidInput, SweepingChange
from app.core.stored import Stored
from app.parsers.autoconfig import AutoconfigFile, parse_autoconfig
from app.services.callers import CONSOLE
from app.services.changes import Changes
from app.services.import_relations import keep_relations
from app.services.provider_dependents import check_dependents
from app.store.sources import FROM_ISPDB

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from app.core.account import ListedDomain
    from app.core.names import DomainName
    from app.core.provider import Provider
    from app.services.changes import Change
    from app.store.imports import ImportedDomain
    from app.store.relation_locks import RelationLocks
    from app.store.unit_of_work import Store, UnitOfWork

# A change this small is never sweeping, however few entries there are.
_ALWAYS_ALLOWED: Final = 10
_SWEEPING_SHARE: Final = 0.3


@dataclass(frozen=True, slots=True)
class Remark:
    """Something in a file, or a whole file, that was not taken, and why."""

    file: str
    reason: str


@dataclass(slots=True)
class ImportPlan:
    """What an import would do."""

    new_providers: list[Provider] = field(default_factory=list)
    changed_providers: list[tuple[Stored[Provider], Provider]] = field(default_factory=list)
    unchanged_providers: int = 0
    gone_providers: list[Stored[Provider]] = field(default_factory=list)
    """Imported before and not among the files; removed only where asked for."""
    new_domains: dict[str, list[ListedDomain]] = field(default_factory=dict)
    """By provider."""
    changed_domains: dict[str, list[ListedDomain]] = field(default_factory=dict)
    unchanged_domains: int = 0
    gone_domains: list[DomainName] = field(default_factory=list)
    present_domains: dict[DomainName, ImportedDomain] = field(default_factory=dict)
    """What is stored of the domains that would change or go."""
    refused: list[Remark] = field(default_factory=list)
    """Whole files."""
    remarks: list[Remark] = field(default_factory=list)
    stored_entries: int = 0
    """Providers and domains of earlier imports."""

    @property
    def changed_entries(self) -> int:
        """How many stored entries would change or go."""
        moved = sum(map(len, self.changed_domains.values()))
        gone = len(self.gone_providers) + len(self.gone_domains)
        return len(self.changed_providers) + moved + gone

    @property
    def steps(self) -> int:
        """How many providers and domains there are to write or remove."""
        new = len(self.new_providers) + sum(map(len, self.new_domains.values()))
        return new + self.changed_entries

    @property
    def is_sweeping(self) -> bool:
        """Whether a large share of what is stored would change or go: ten entries and three in ten."""
        return self.changed_entries > max(_ALWAYS_ALLOWED, self.stored_entries * _SWEEPING_SHARE)

    def check_not_sweeping(self) -> None:
        """Refuse sweeping change.

        Raises:
            SweepingChange: When it is that.
        """
        if self.is_sweeping:
            raise SweepingChange(self.changed_entries, self.stored_entries)


class Importing:
    """Imports of ISPDB files."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        """Take the database and the time."""
        self._store = store
        self._changes = Changes(store, clock)

    async def plan(self, files: Mapping[str, bytes], *, prune: bool = False) -> ImportPlan:
        """Say what an import would do; changes nothing.

        Args:
            files: Contents by file name; the name without ``.xml`` is the provider's slug.
            prune: Whether imported providers that are not among the files are to go.
        """
        async with self._store.reading() as unit:
            return await _Planner(unit, files).plan(prune=prune)

    async def apply(
        self,
        files: Mapping[str, bytes],
        *,
        prune: bool = False,
        force: bool = False,
        progress: Callable[[int, int], None] = lambda _done, _steps: None,
    ) -> ImportPlan:
        """Import in one transaction: all of it, or nothing.

        Args:
            files: Contents by file name; the name without ``.xml`` is the provider's slug.
            prune: Whether imported providers that are not among the files are to go.
            force: Whether sweeping change is meant.
            progress: Told how many steps are done, and of how many.

        Returns:
            What was done.

        Raises:
            SweepingChange: When too much would change or go, and ``force`` is not set.
        """
        async with self._changes.making(CONSOLE) as change:
            plan = await _Planner(change.unit, files, change.unit.locks).plan(prune=prune)
            if not force:
                plan.check_not_sweeping()
            await _Writer(change, plan, progress).write()
        return plan


class _Planner:
    def __init__(
        self, unit: UnitOfWork, files: Mapping[str, bytes], locks: RelationLocks | None = None
    ) -> None:
        self._unit = unit
        self._locks = locks
        self._plan = ImportPlan()
        self._staying: set[DomainName] = set()
        """Listed in files that are refused for what they would do."""
        self._files = dict(self._parsed(files))

    def _parsed(self, files: Mapping[str, bytes]) -> Iterable[tuple[str, AutoconfigFile]]:
        seen: dict[str, str] = {}
        for name, data in sorted(files.items()):
            slug = name.removesuffix(".xml").lower()
            if (first := seen.setdefault(slug, name)) != name:
                self._plan.refused.append(Remark(name, f"{first} is the same provider"))
                continue
            try:
                parsed = parse_autoconfig(data, slug)
            except InvalidInput as error:
                self._plan.refused.append(Remark(name, str(error)))
                continue
            for notice in parsed.notices:
                self._plan.remarks.append(Remark(name, f"{notice.where}: {notice.reason}"))
            yield slug, parsed

    async def plan(self, *, prune: bool) -> ImportPlan:
        stored = {found.value.slug: found for found in await self._unit.providers.from_source(FROM_ISPDB)}
        owned = await self._unit.imports.domains_from_source(FROM_ISPDB)
        self._plan.stored_entries = len(stored) + len(owned)
        await self._drop_local_providers(stored)
        await self._drop_harmful_files(stored, owned)
        for slug, parsed in self._files.items():
            self._compare_provider(stored.get(slug), parsed.provider)
        wanted = self._wanted_domains()
        present = await self._unit.imports.domains_named(list(wanted))
        for name, (slug, listed) in wanted.items():
            self._compare_domain(present.get(name), slug, listed)
        await self._keep_with_aliases(present)
        await self._find_gone(stored, owned, wanted, prune=prune)
        return self._plan

    async def _drop_local_providers(self, stored: Mapping[str, Stored[Provider]]) -> None:
        """Leave alone what has the slug of a file and was written through the API."""
        slugs = [slug for slug in self._files if slug not in stored]
        for slug in await self._unit.providers.sources_of(slugs):
            self._plan.refused.append(
                Remark(f"{slug}.xml", "the provider was written through the API since, and is kept")
            )
            del self._files[slug]

    async def _drop_harmful_files(
        self, stored: Mapping[str, Stored[Provider]], owned: Mapping[DomainName, ImportedDomain]
    ) -> None:
        """Refuse files by which stored domains could no longer be published.

        Their domains stay where they are, which may have been leaving another's provider: so all are
        looked at again.
        """
        files = self._files
        while changed := [
            slug for slug in files if slug in stored and stored[slug].value != files[slug].provider
        ]:
            leaving = await self._leaving(owned)
            refused = []
            for slug in changed:
                staying = self._unit.provider_dependents.without(leaving.get(slug, ()))
                try:
                    await check_dependents(staying, stored[slug], files[slug].provider, self._locks)
                except InvalidInput as error:
                    refused.append(slug)
                    self._plan.refused.append(Remark(f"{slug}.xml", str(error)))
            if not refused:
                return
            for slug in refused:
                self._staying.update(one.name for one in files.pop(slug).domains)

    async def _leaving(self, owned: Mapping[DomainName, ImportedDomain]) -> Mapping[str, list[str]]:
        """Return the domains that go or move to another provider, by their present one."""
        # The first file that names a domain has it.
        wanted = {one.name: slug for slug in reversed(self._files) for one in self._files[slug].domains}
        touched = {
            name: wanted.get(name)
            for name, one in owned.items()
            if one.provider in self._files and (name in wanted or name not in self._staying)
        }
        gone = [name for name, slug in touched.items() if slug is None]
        moved = [name for name, slug in touched.items() if slug not in (None, owned[name].provider)]
        kept = await self._unit.imports.domains_in_use(gone) | await self._unit.imports.alias_targets(moved)
        leaving: dict[str, list[str]] = {}
        for name in (*gone, *moved):
            if name not in kept:
                leaving.setdefault(owned[name].provider, []).append(name.ascii)
        return leaving

    def _compare_provider(self, stored: Stored[Provider] | None, provider: Provider) -> None:
        if stored is None:
            self._plan.new_providers.append(provider)
        elif stored.value == provider:
            self._plan.unchanged_providers += 1
        else:
            self._plan.changed_providers.append((stored, provider))

    def _wanted_domains(self) -> dict[DomainName, tuple[str, ListedDomain]]:
        wanted: dict[DomainName, tuple[str, ListedDomain]] = {}
        for slug, parsed in self._files.items():
            for listed in parsed.domains:
                first, _ = wanted.setdefault(listed.name, (slug, listed))
                if first != slug:
                    self._plan.remarks.append(
                        Remark(f"{slug}.xml", f"the domain {listed.name} is in {first}.xml already")
                    )
        return wanted

    def _compare_domain(self, present: ImportedDomain | None, slug: str, listed: ListedDomain) -> None:
        if present is None:
            self._plan.new_domains.setdefault(slug, []).append(listed)
        elif present.source != FROM_ISPDB:
            self._plan.remarks.append(
                Remark(f"{slug}.xml", f"the domain {listed.name} is stored already, and is kept")
            )
        elif (present.provider, present.serves_mx) == (slug, listed.serves_mx):
            self._plan.unchanged_domains += 1
        else:
            self._plan.changed_domains.setdefault(slug, []).append(listed)
            self._plan.present_domains[listed.name] = present

    async def _keep_with_aliases(self, present: Mapping[DomainName, ImportedDomain]) -> None:
        """Leave domains where their aliases are, which are of the same provider."""
        moved = {
            listed.name: slug
            for slug, found in self._plan.changed_domains.items()
            for listed in found
            if present[listed.name].provider != slug
        }
        for name in sorted(await self._unit.imports.alias_targets(list(moved))):
            slug = moved[name]
            kept = [listed for listed in self._plan.changed_domains.pop(slug) if listed.name != name]
            if kept:
                self._plan.changed_domains[slug] = kept
            reason = f"the domain {name} has aliases, and stays with {present[name].provider}"
            self._plan.remarks.append(Remark(f"{slug}.xml", reason))

    async def _find_gone(
        self,
        stored: Mapping[str, Stored[Provider]],
        owned: Mapping[DomainName, ImportedDomain],
        wanted: Mapping[DomainName, object],
        *,
        prune: bool,
    ) -> None:
        refused = {remark.file.removesuffix(".xml").lower() for remark in self._plan.refused}
        gone = {slug for slug in stored if slug not in self._files and slug not in refused}
        looked_at = set(self._files) | (gone if prune else set())
        known = self._staying | wanted.keys()
        lost = [name for name, domain in owned.items() if domain.provider in looked_at and name not in known]
        in_use = await self._unit.imports.domains_in_use(lost)
        for name in sorted(in_use):
            file = f"{owned[name].provider}.xml"
            reason = f"the domain {name} has aliases or mailboxes of its own, and is kept"
            self._plan.remarks.append(Remark(file, reason))
        self._plan.gone_domains = [name for name in lost if name not in in_use]
        self._plan.present_domains.update((name, owned[name]) for name in self._plan.gone_domains)
        if prune:
            await self._find_gone_providers([stored[slug] for slug in sorted(gone)], owned)

    async def _find_gone_providers(
        self, gone: list[Stored[Provider]], owned: Mapping[DomainName, ImportedDomain]
    ) -> None:
        going = Counter(owned[name].provider for name in self._plan.gone_domains)
        for provider in gone:
            slug = provider.value.slug
            if await self._unit.providers.domain_count(provider.id) > going[slug]:
                self._plan.remarks.append(Remark(f"{slug}.xml", "the provider has domains, and is kept"))
            else:
                self._plan.gone_providers.append(provider)


class _Writer:
    """Writes a plan, and an audit entry for every provider and domain in it."""

    def __init__(self, change: Change, plan: ImportPlan, progress: Callable[[int, int], None]) -> None:
        self._change = change
        self._unit = change.unit
        self._plan = plan
        self._progress = progress
        self._done = 0
        self._ids: dict[str, int] = {}

    async def write(self) -> None:
        plan = self._plan
        await keep_relations(self._unit, plan.new_domains, plan.changed_domains, plan.present_domains)
        await self._remove_domains()
        await self._write_providers()
        for slug, new in self._plan.new_domains.items():
            await self._unit.imports.insert(await self._id_of(slug), new, self._change.now)
            for listed in new:
                self._change.note("domain.import", None, self._domain(slug, listed.name, listed.serves_mx, 1))
            self._advance(len(new))
        for slug, changed in self._plan.changed_domains.items():
            for listed in changed:
                await self._unit.imports.update(await self._id_of(slug), listed, self._change.now)
                before = self._before(listed.name)
                after = self._domain(slug, listed.name, listed.serves_mx, before.version + 1)
                self._change.note("domain.import", before, after)
                self._advance(1)
        for stored in self._plan.gone_providers:
            await self._unit.providers.delete(stored)
            self._change.note("provider.import", stored, None)
            self._advance(1)

    async def _remove_domains(self) -> None:
        gone = self._plan.gone_domains
        await self._unit.imports.delete(gone)
        for name in gone:
            self._change.note("domain.import", self._before(name), None)
        self._advance(len(gone))

    async def _write_providers(self) -> None:
        now = self._change.now
        for provider in self._plan.new_providers:
            new = await self._unit.providers.insert(provider, now, FROM_ISPDB)
            self._ids[provider.slug] = new.id
            self._change.note("provider.import", None, new)
            self._advance(1)
        for stored, provider in self._plan.changed_providers:
            changed = await self._unit.providers.replace(stored, provider, now, FROM_ISPDB)
            self._change.note("provider.import", stored, changed)
            self._advance(1)

    def _advance(self, steps: int) -> None:
        self._done += steps
        self._progress(self._done, self._plan.steps)

    async def _id_of(self, slug: str) -> int:
        if slug not in self._ids:
            stored = await self._unit.providers.find(slug)
            assert stored is not None, "planned in this transaction"  # noqa: S101
            self._ids[slug] = stored.id
        return self._ids[slug]

    def _before(self, name: DomainName) -> Stored[Domain]:
        present = self._plan.present_domains[name]
        return self._domain(present.provider, name, present.serves_mx, present.version)

    def _domain(self, slug: str, name: DomainName, serves_mx: bool, version: int) -> Stored[Domain]:  # noqa: FBT001 - a domain's own field
        """Return a domain as an import stores it: all else is as it is by default."""
        now = self._change.now
        domain = Domain(name=name, provider=slug, serves_mx=serves_mx)
        return Stored(id=0, value=domain, version=version, created_at=now, updated_at=now)
