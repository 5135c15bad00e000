"""The one way to change what is stored: a transaction that also holds its audit entries and its news.

Every service that writes does so in ``Changes.making``; nothing else opens a writing transaction.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import partial, singledispatch
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from app.core.audit import AuditEntry
from app.core.domains import Domain, Mailbox
from app.core.events import domain_news, provider_news
from app.core.provider import Provider
from app.core.records import Record, domain_record, mailbox_record, provider_record
from app.core.tokens import StoredToken
from app.core.verified import HostChoice
from app.core.webhooks import Webhook
from app.services.announcing import announce
from app.store.change_watching import Reach

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from datetime import datetime

    from app.core.errors import Conflict
    from app.core.events import News
    from app.core.stored import Stored
    from app.services.callers import Caller
    from app.store.unit_of_work import Store, UnitOfWork

_T = TypeVar("_T")


class _Subject(NamedTuple):
    """What the audit says of a resource."""

    kind: str
    key: str
    provider: str | None
    record: Record


@singledispatch
def _subject(value: object, _provider: str | None) -> _Subject:
    raise TypeError(type(value))


@_subject.register
def _provider_subject(value: Provider, _provider: str | None) -> _Subject:
    return _Subject("provider", value.slug, value.slug, provider_record(value))


@_subject.register
def _domain_subject(value: Domain, _provider: str | None) -> _Subject:
    return _Subject("domain", value.name.ascii, value.provider, domain_record(value))


@_subject.register
def _mailbox_subject(value: Mailbox, provider: str | None) -> _Subject:
    return _Subject("mailbox", str(value.address), provider, mailbox_record(value))


@_subject.register
def _token_subject(value: StoredToken, _provider: str | None) -> _Subject:
    return _Subject("token", value.public_id, value.provider, value.record())


@_subject.register
def _webhook_subject(value: Webhook, _provider: str | None) -> _Subject:
    return _Subject("webhook", value.public_id, value.provider, value.record())


@_subject.register
def _host_subject(value: HostChoice, _provider: str | None) -> _Subject:
    return _Subject("hostname", value.hostname, value.provider, value.record())


# Not mailboxes, since events hold no addresses, and not what the service is used with.
_TOLD_OF: Final = frozenset({"domain", "provider"})


# Values that no document is made of.
_UNSEEN: Final = (StoredToken, Webhook)


def _news(action: str, old: _Subject | None, new: _Subject | None) -> tuple[News, ...]:
    """Return what subscribers are told of a change."""
    subject = new or old
    assert subject is not None, "a change of nothing"  # noqa: S101
    before = None if old is None else old.record
    after = None if new is None else new.record
    if subject.kind == "domain":
        return domain_news(action, before, after)
    return provider_news(before, after)


class Change:
    """A change under way: its transaction, its moment, and what there is to tell of it."""

    def __init__(self, unit: UnitOfWork, caller: Caller, now: datetime) -> None:
        """Take the transaction, and who changes when."""
        self.unit = unit
        self.now = now
        self._caller = caller
        self._entries: list[AuditEntry] = []
        # Made when it is known that somebody listens: most changes are told to nobody.
        self._news: list[Callable[[], tuple[News, ...]]] = []

    def note(
        self,
        action: str,
        before: Stored[Any] | None,
        after: Stored[Any] | None,
        *,
        provider: str | None = None,
    ) -> None:
        """Note that a resource changed.

        A resource that goes from one provider to another has two entries: it left the one and came
        to the other, and neither learns of the other.

        Args:
            action: Kind and verb.
            before: What was stored; None where nothing was.
            after: What is stored; None where nothing is.
            provider: Whose it is, for values that do not say it themselves.
        """
        self._reaches(before, after)
        old = None if before is None else _versioned(before, provider)
        new = None if after is None else _versioned(after, provider)
        if old is not None and new is not None and old.provider != new.provider:
            self._add(action, old, None)
            self._add(action, None, new)
        else:
            self._add(action, old, new)
        if (subject := new or old) is not None and subject.kind in _TOLD_OF:
            self._news.append(partial(_news, action, old, new))

    def _reaches(self, *values: Stored[Any] | None) -> None:
        """Note what discovery has to forget: all, but for what is known to concern single domains."""
        unit = self.unit
        for stored in values:
            value = None if stored is None else stored.value
            reach = Reach.NOTHING if value is None or isinstance(value, _UNSEEN) else Reach.PROVIDERS
            if isinstance(value, Domain | Mailbox) and not value.servers:
                reach = Reach.DOMAINS
                name = value.name if isinstance(value, Domain) else value.address.domain
                unit.changed_names.add(name.ascii)
            unit.reach = max(unit.reach, reach)

    def announce(self, *news: News) -> None:
        """Tell subscribers of something, if the change comes about."""
        self._news.append(lambda: news)

    def _add(self, action: str, old: _Subject | None, new: _Subject | None) -> None:
        subject = new or old
        assert subject is not None, "a change of nothing"  # noqa: S101
        self._entries.append(
            AuditEntry(
                at=self.now,
                token_id=self._caller.token_id,
                token_name=self._caller.token_name,
                request_id=self._caller.call.request_id,
                action=action,
                kind=subject.kind,
                resource=subject.key,
                provider=subject.provider,
                before=None if old is None else old.record,
                after=None if new is None else new.record,
            )
        )

    async def write_down(self) -> None:
        """Write what was noted into the transaction."""
        await self.unit.audit.append(self._entries)
        self._entries.clear()
        if self._news:
            await announce(self.unit, chain.from_iterable(make() for make in self._news), self.now)
            self._news.clear()


def _versioned(stored: Stored[Any], provider: str | None) -> _Subject:
    subject = _subject(stored.value, provider)
    # Made for this entry alone.
    subject.record["version"] = stored.version
    return subject


async def twice(caller: Caller, taken: type[Conflict], change: Callable[[], Awaitable[_T]]) -> _T:
    """Make a change that stores what is not there yet, and once more where it came meanwhile.

    Whoever sends the same again while the first is still under way is answered as if it had come later.

    Args:
        caller: Who changes.
        taken: What tells that it came.
        change: Opens a transaction of its own each time.
    """
    try:
        return await change()
    except taken:
        # A transaction that others share is over with its first fault.
        if caller.call.transaction is not None:
            raise
        return await change()


class Changes:
    """Opens the transactions of changes."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        """Take the database and the time."""
        self._store = store
        self._clock = clock

    @asynccontextmanager
    async def making(self, caller: Caller) -> AsyncIterator[Change]:
        """Open a change: all of it is stored with its audit entries and its news, or nothing.

        A call that brings a transaction of its own has the change made part of that. A trial is
        undone at the end.

        Raises:
            NotAvailable: When the database does not answer or is locked for too long.
            ConcurrentChange: When the database gave the change up in favour of another.
        """
        joined = caller.call.transaction
        if joined is not None:
            change = Change(joined, caller, self._clock())
            yield change
            await change.write_down()
            return
        async with self._store.writing(keep=not caller.call.dry_run, reach=Reach.NOTHING) as unit:
            change = Change(unit, caller, self._clock())
            yield change
            await change.write_down()
