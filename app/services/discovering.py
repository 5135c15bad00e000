"""What clients find for an address or a domain today, and how that stands to what is stored."""

from __future__ import annotations

import asyncio
import ssl
import time
from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING, Final

import certifi

from app.core.candidates import Subject
from app.core.errors import QuotaExceeded
from app.core.mail_choice import with_names
from app.core.public_suffixes import PublicSuffixes
from app.core.questions import question_for
from app.core.quotas import SECOND_NS, Quota, QuotaMeter
from app.discovery.comparing import compare
from app.discovery.fetching import WebReader
from app.discovery.ranking import propose
from app.discovery.running import discover
from app.discovery.source import Means
from app.discovery.views import CLIENTS
from app.net.http import target_of
from app.net.tls import trust_file
from app.services.callers import Scope
from app.services.ispdb_folder import IspdbFolder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from app.core.account import AccountSettings
    from app.core.candidates import Candidate, Discovery
    from app.discovery.comparing import ComparedServer
    from app.discovery.ranking import Proposal
    from app.discovery.views.view import ClientView
    from app.net.dialer import Dialer
    from app.net.resolver import Resolver
    from app.services.callers import Caller
    from app.services.publishing import Publishing

_SIGN_OF_LIFE_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveryChoices:
    """What the operator decides."""

    ca_file: Path | None = None
    """Further roots to trust."""
    ispdb_folder: Path | None = None
    ispdb_url: str | None = None
    public_suffix_file: Path | None = None
    deadline_seconds: float = 10.0
    at_once: int = 8
    """Runs for callers that are under way in this process; others wait."""
    per_minute: int = 30
    """Runs for each token; 0 for any number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovered:
    """What a run came to."""

    discovery: Discovery
    proposal: Proposal
    views: tuple[ClientView, ...]
    """One for each client whose rules are known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmittedRun:
    """A run that a caller may have."""

    text: str = field(repr=False)
    """The address or the domain."""
    account: AccountSettings | None
    """What is stored, where what is found is to be compared with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveredFor:
    """What a run came to for a caller."""

    discovered: Discovered
    comparison: tuple[ComparedServer, ...] | None
    """None where it was not asked for."""


class Discovering:
    """Asks as clients ask."""

    def __init__(
        self, publishing: Publishing, dialer: Dialer, resolver: Resolver, choices: DiscoveryChoices
    ) -> None:
        """Take what stored domains resolve to, the ways out, and the choices; reads nothing yet."""
        self._publishing = publishing
        self._dialer = dialer
        self._resolver = resolver
        self._turns = asyncio.Semaphore(choices.at_once)
        quota = Quota("discovery", choices.per_minute) if choices.per_minute else None
        self._meter = None if quota is None else QuotaMeter(quota, time.monotonic_ns)
        self._choices = choices
        self._ispdb = None if choices.ispdb_folder is None else IspdbFolder(choices.ispdb_folder)
        self._means: Means | None = None

    def check(self) -> None:
        """Refuse what is configured and not there: whoever asks later can do nothing about it.

        Raises:
            InvalidInput: When the folder with the ISPDB is none.
        """
        if self._ispdb is not None:
            self._ispdb.check()

    def load(self) -> Means:
        """Read the files that discovery needs, once.

        Raises:
            InvalidInput: When a file or folder that is configured cannot be read.
        """
        if self._means is None:
            self.check()
            verifier, mirror = _verifier(self._choices.ca_file), self._choices.ispdb_url
            self._means = Means(
                web=WebReader(self._dialer, self._resolver, verifier),
                resolver=self._resolver,
                ispdb=self._ispdb,
                ispdb_url=mirror,
                ispdb_web=None if mirror is None else self._mirror_reader(mirror, verifier),
                suffixes=_suffixes(self._choices.public_suffix_file),
                deadline_seconds=self._choices.deadline_seconds,
            )
        return self._means

    def _mirror_reader(self, url: str, verifier: ssl.SSLContext) -> WebReader | None:
        """Return what may ask at the port that the operator chose, whoever may be asked there otherwise."""
        target = target_of(url)
        if target is None:
            return None
        return WebReader(self._dialer.permitting(target.port), self._resolver, verifier)

    async def discover(
        self, text: str, tell: Callable[[tuple[Candidate, ...]], None] = lambda _: None
    ) -> Discovered:
        """Ask everywhere for an address or a domain.

        Args:
            text: The address or the domain.
            tell: Is given each source's candidates as soon as they are there.

        Raises:
            InvalidInput: When it is neither; nothing of an address is repeated.
        """
        question = question_for(text)
        subject = Subject(question.domains[0], question.address)
        # The first to ask would hold up all others for a good while.
        means = await asyncio.to_thread(self.load)
        discovery = await discover(subject, means, tell)
        views = tuple(rules.view(discovery) for rules in CLIENTS.values())
        return Discovered(discovery=discovery, proposal=propose(discovery), views=views)

    async def admit(self, caller: Caller, text: str, *, compare: bool = False) -> AdmittedRun:
        """Let a caller have a run; each token has so many a minute.

        Args:
            caller: Who asks.
            text: The address or the domain.
            compare: Whether to compare with what is stored.

        Raises:
            InvalidInput: When the text is neither.
            NotPermitted: When the caller may not have anything probed.
            DomainNotFound: When it is to be compared and is not stored, or not the caller's.
            QuotaExceeded: When it is one too many.
        """
        caller.require(Scope.VERIFY)
        domain = question_for(text).domains[0]
        account = (await self._publishing.preview(caller, domain, None))[0] if compare else None
        wait = 0 if self._meter is None else self._meter.take(caller.token_id)
        if wait:
            raise QuotaExceeded("token", ceil(wait / SECOND_NS))
        return AdmittedRun(text=text, account=account)

    async def run(
        self, admitted: AdmittedRun, tell: Callable[[tuple[Candidate, ...]], None] = lambda _: None
    ) -> DiscoveredFor:
        """Ask everywhere for a caller, with few at a time.

        Args:
            admitted: The run.
            tell: Is given each source's candidates as soon as they are there.
        """
        async with self._turns:
            discovered = await self.discover(admitted.text, tell)
        comparison = None if admitted.account is None else _compared(discovered, admitted.account)
        return DiscoveredFor(discovered=discovered, comparison=comparison)

    async def follow(self, admitted: AdmittedRun) -> AsyncIterator[tuple[Candidate, ...] | DiscoveredFor]:
        """Give each source's candidates as soon as they are there, and what they come to at the end.

        Nothing new for a while is given as no candidates. A run that is no longer followed ends.
        """
        told: asyncio.Queue[tuple[Candidate, ...]] = asyncio.Queue()
        running = asyncio.create_task(self.run(admitted, told.put_nowait))
        running.add_done_callback(lambda _: told.put_nowait(()))
        try:
            while not (running.done() and told.empty()):
                try:
                    yield await asyncio.wait_for(told.get(), _SIGN_OF_LIFE_SECONDS)
                except TimeoutError:
                    yield ()
            yield await running
        finally:
            running.cancel()
            await asyncio.wait([running])

    async def compare_as_operator(self, discovered: Discovered) -> tuple[ComparedServer, ...]:
        """Compare what was found with what is stored for the domain.

        Raises:
            DomainNotFound: When it is not stored.
        """
        domain = discovered.discovery.subject.domain
        return _compared(discovered, await self._publishing.preview_as_operator(domain))


def _compared(discovered: Discovered, account: AccountSettings) -> tuple[ComparedServer, ...]:
    stored = [with_names(account, server) for server in account.servers]
    return compare(discovered.proposal, stored, discovered.discovery.subject)


def _verifier(ca_file: Path | None) -> ssl.SSLContext:
    """Return what verifies as clients do: against Mozilla's roots, and those that the operator adds."""
    context = ssl.create_default_context(cafile=certifi.where())
    if ca_file is not None:
        trust_file(context, ca_file)
    return context


def _suffixes(path: Path | None) -> PublicSuffixes | None:
    """Read the list; None where it is not there, as where its package is not installed."""
    if path is None:
        return None
    try:
        return PublicSuffixes.parse(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return None
