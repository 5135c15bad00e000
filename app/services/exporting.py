"""Providers and their domains into files as the ISPDB has them.

A file says one thing for all of its domains. What is said of single domains and mailboxes, and what the
format has no place for, stays behind and is told.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from app.core.account import ListedDomain
from app.core.documents import Presentation
from app.core.domains import Domain, DomainStatus
from app.core.errors import InvalidInput, ProviderNotFound
from app.core.names import DomainName
from app.core.provider import Support
from app.core.queries import DomainQuery
from app.core.resolving import resolve
from app.core.servers import ImapOptions
from app.parsers.autoconfig import MAX_BYTES
from app.renderers.autoconfig import AUTODISCOVER_NOT_IN_FORMAT, render_full

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator

    from app.core.account import AccountSettings
    from app.core.provider import Provider
    from app.core.stored import Stored
    from app.store.unit_of_work import Store, UnitOfWork

_PAGE: Final = 1000
_MAX_NAMED: Final = 3
# What holds for all domains is what holds for one that says nothing itself.
_STAND_IN: Final = DomainName("domain.example")


@dataclass(frozen=True, slots=True)
class ExportRemark:
    """Something of a provider that its file does not have, and why."""

    provider: str
    """The slug."""
    reason: str


@dataclass(slots=True)
class Export:
    """Files, and what is not in them."""

    files: dict[str, bytes] = field(default_factory=dict)
    """By name."""
    domains: int = 0
    """How many the files name."""
    refused: list[ExportRemark] = field(default_factory=list)
    """Providers that have no file."""
    remarks: list[ExportRemark] = field(default_factory=list)


class Exporting:
    """Exports as ISPDB files."""

    def __init__(self, store: Store) -> None:
        """Take the database."""
        self._store = store

    async def export(
        self,
        slug: str | None = None,
        progress: Callable[[int, int], None] = lambda _done, _providers: None,
    ) -> Export:
        """Write all providers, or one, from one state of the database.

        Args:
            slug: The one provider that is wanted; None for all.
            progress: Told how many providers are done, and of how many.

        Returns:
            The same bytes under the same names whenever the same is stored.

        Raises:
            ProviderNotFound: When there is no such provider.
        """
        export = Export()
        async with self._store.reading() as unit:
            providers = [stored async for stored in _providers(unit)]
            wanted = [stored for stored in providers if slug in (None, stored.value.slug)]
            if slug is not None and not wanted:
                raise ProviderNotFound(slug)
            names = _FileNames(stored.value for stored in providers)
            progress(0, len(wanted))
            for done, stored in enumerate(wanted, 1):
                await _add(unit, stored, names, export)
                progress(done, len(wanted))
        return export


async def _providers(unit: UnitOfWork) -> AsyncIterator[Stored[Provider]]:
    after = ""
    while page := await unit.providers.page(after=after, limit=_PAGE, only=None):
        for stored in page:
            yield stored
        after = page[-1].value.slug


async def _add(unit: UnitOfWork, stored: Stored[Provider], names: _FileNames, export: Export) -> None:
    provider = stored.value
    gathered = await _gather(unit, provider)
    account = gathered.account(provider)
    if account is None:
        export.refused.append(ExportRemark(provider.slug, "has no domain that a file could name"))
    else:
        document = render_full(account, Presentation())
        if len(document.body) > MAX_BYTES:
            reason = f"its file would have {len(document.body)} bytes, and {MAX_BYTES} are what is read"
            export.refused.append(ExportRemark(provider.slug, reason))
        else:
            export.files[f"{names.stem(provider, account.domain)}.xml"] = document.body
            export.domains += len(gathered.listed)
        for omission in document.omissions:
            is_written = omission.reason == AUTODISCOVER_NOT_IN_FORMAT
            extent = "is written in part" if is_written else "is left out"
            reason = f"server {omission.server} {extent}: {omission.detail}"
            export.remarks.append(ExportRemark(provider.slug, reason))
    mailboxes = await unit.providers.mailbox_count(stored.id)
    for reason in (*gathered.left_out(), *_left_out(provider, mailboxes)):
        export.remarks.append(ExportRemark(provider.slug, reason))


@dataclass(slots=True)
class _Gathered:
    """A provider's domains, told apart."""

    base: AccountSettings
    listed: list[ListedDomain] = field(default_factory=list)
    suspended: list[DomainName] = field(default_factory=list)
    differing: list[DomainName] = field(default_factory=list)

    def account(self, provider: Provider) -> AccountSettings | None:
        """Return the settings of all listed domains; the one that names the provider is first."""
        if not self.listed:
            return None
        identifier = (provider.identifier or "").lower()
        first = next((one for one in self.listed if one.name.ascii == identifier), self.listed[0])
        return replace(
            self.base, domain=first.name, serves_mx=first.serves_mx, listed_domains=tuple(self.listed)
        )

    def left_out(self) -> Iterator[str]:
        """Say which domains are in no file."""
        if self.differing:
            yield f"domains with settings of their own are left out: {_counted(self.differing)}"
        if self.suspended:
            yield f"suspended domains are left out: {_counted(self.suspended)}"


async def _gather(unit: UnitOfWork, provider: Provider) -> _Gathered:
    gathered = _Gathered(base=resolve(provider, Domain(name=_STAND_IN, provider=provider.slug)))
    domains = {domain.name: domain async for domain in _domains(unit, provider.slug)}
    for name in sorted(domains):
        domain, target = domains[name], None
        if domain.alias_of is not None:
            target = domains.get(domain.alias_of) or await _find(unit, domain.alias_of)
        if any(one is not None and one.status is DomainStatus.SUSPENDED for one in (domain, target)):
            gathered.suspended.append(name)
        elif resolve(provider, domain, target=target).servers != gathered.base.servers:
            gathered.differing.append(name)
        else:
            gathered.listed.append(ListedDomain(name=name, serves_mx=domain.serves_mx))
    return gathered


async def _domains(unit: UnitOfWork, slug: str) -> AsyncIterator[Domain]:
    after, query = "", DomainQuery(provider=slug)
    while page := await unit.domains.page(after=after, limit=_PAGE, query=query):
        for stored in page:
            yield stored.value
        after = page[-1].value.name.ascii


async def _find(unit: UnitOfWork, name: DomainName) -> Domain | None:
    found = await unit.domains.find(name)
    return None if found is None else found.value


def _left_out(provider: Provider, mailboxes: int) -> Iterator[str]:
    if mailboxes:
        yield f"mailboxes with settings of their own are left out: {mailboxes}"
    parts = {
        "the support contact": provider.support != Support(),
        "the logo": provider.logo_url is not None,
        "the colour": provider.colour is not None,
        "variables, whose values are filled in": bool(provider.variables),
        "sub-addresses": provider.subaddress_separator is not None,
        "logins in lower case": provider.lowercase_login,
        "own host names beside the shared ones": any(one.shared_hostname for one in provider.servers),
        "IMAP path prefixes": any(isinstance(one.options, ImapOptions) for one in provider.servers),
    }
    without_place = [part for part, is_set in parts.items() if is_set]
    if without_place:
        yield f"a file has no place for {', '.join(without_place)}"


def _counted(domains: list[DomainName]) -> str:
    named = ", ".join(name.ascii for name in domains[:_MAX_NAMED])
    more = ", …" if len(domains) > _MAX_NAMED else ""
    return f"{len(domains)} ({named}{more})"


class _FileNames:
    """What files are called, so that an import calls the providers as they are called here."""

    def __init__(self, providers: Iterable[Provider]) -> None:
        """Take all providers, wanted or not: a name must not depend on which are."""
        self._slugs: set[str] = set()
        self._identifiers: Counter[str] = Counter()
        for provider in providers:
            self._slugs.add(provider.slug)
            self._identifiers[(provider.identifier or "").lower()] += 1

    def stem(self, provider: Provider, first: DomainName) -> str:
        """Return the slug if it is a domain's name, else the identifier or first domain if they are free."""
        identifier = (provider.identifier or "").lower()
        if not _is_domain(provider.slug):
            if identifier and self._identifiers[identifier] == 1 and self._is_free(identifier):
                return identifier
            if not identifier and not self._identifiers[first.ascii] and self._is_free(first.ascii):
                return first.ascii
        return provider.slug

    def _is_free(self, stem: str) -> bool:
        # A slug has at most 63 characters, and an import takes the name for one.
        return stem not in self._slugs and len(stem) <= 63  # noqa: PLR2004


def _is_domain(slug: str) -> bool:
    try:
        DomainName.parse(slug)
    except InvalidInput:
        return False
    return True
