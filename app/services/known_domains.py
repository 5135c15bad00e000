"""What this process knows of domains, so that a request of a mail client needs no database.

Millions of domains differ from their neighbours by the name alone, so each is a key and a reference to what
it has in common with them. Nothing is known before a watch is trusted to tell of all changes, and what a
change may have made untrue is forgotten as a whole (docs/adr/0020).
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

import structlog

from app.core.names import DomainName
from app.core.resolving import resolve
from app.store.accounts import possible_keys
from app.store.change_watching import Reach
from app.store.standings import MAX_MAILBOXES, OWN_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable

    from app.core.account import AccountSettings
    from app.core.names import EmailAddress
    from app.store.accounts import StoredAccount
    from app.store.change_watching import Audience
    from app.store.standings import Standing
    from app.store.unit_of_work import Store

ABSENT_SECONDS: Final = 60
"""How long it is known that a domain is not stored; a watch tells sooner."""
_MAX_ABSENT: Final = 20_000
_RESTART_SECONDS: Final = 1
_MAX_FORMER: Final = 4096
# What many domains share weighs as much as this many that share it.
_SHARED_WEIGHT: Final = 100

_NOBODY: Final = DomainName("nobody.invalid")

_log = structlog.get_logger(__name__)


class Standings(Protocol):
    """Reads what of a domain decides its documents."""

    @property
    def is_immediate(self) -> bool:
        """Whether it never waits, so that nobody else can ask for the same meanwhile."""
        ...

    @property
    def is_connected(self) -> bool:
        """Whether it can read without having to connect first."""
        ...

    async def read(self, name: str) -> Standing | None:
        """Return it; None where the domain is not stored."""
        ...

    def retry(self) -> None:
        """Take note that the database answers, whatever it did before."""
        ...

    async def close(self) -> None:
        """Let go of the database."""
        ...


class Watch(Protocol):
    """Notices changes, whoever makes them."""

    async def run(self, audience: Audience) -> None:
        """Tell of them until cancelled."""
        ...


class Shared:
    """What domains of one kind have in common: everything but the name."""

    __slots__ = ("documents", "found", "own", "proven", "text")

    def __init__(self, found: StoredAccount, own: DomainName | None = None) -> None:
        """Take what is stored of one of them, and which one where it is for that one alone."""
        name = found.domain.name.ascii
        self.found = found
        self.own = own
        self.proven = tuple(proven.replace(name, OWN_NAME) for proven in sorted(found.proven_hostnames))
        base = found.target or found.domain
        # All texts that documents are made of, for looking whether a name is among them.
        texts = (found.provider, base.servers, base.variables, found.domain.variables)
        self.text = repr(texts).lower()
        self.documents: dict[Any, Any] = {}
        """What documents have in common, for who serves them."""

    def settings(self, domain: DomainName, address: EmailAddress | None) -> AccountSettings:
        """Resolve a domain of this kind, or an address in it without a mailbox of its own."""
        own = domain.ascii
        return resolve(
            self.found.provider,
            replace(self.found.domain, name=domain),
            address=address,
            target=self.found.target,
            proven_hostnames=frozenset(name.replace(OWN_NAME, own) for name in self.proven),
        )

    def alone(self, name: str) -> Shared:
        """Return the same for a domain that is named in what is stored, and so may be treated as no other."""
        domain = DomainName(name)
        found = self.found
        proven = frozenset(proven.replace(OWN_NAME, name) for proven in self.proven)
        return Shared(
            replace(found, domain=replace(found.domain, name=domain), proven_hostnames=proven), domain
        )

    def is_like(self, other: Shared) -> bool:
        """Tell whether documents of the other are right for this one."""
        return self.proven == other.proven and _unnamed(self.found) == _unnamed(other.found)


def _unnamed(found: StoredAccount) -> tuple[object, ...]:
    return found.provider, replace(found.domain, name=_NOBODY, reference=None), found.target


class Profile:
    """What is known of a domain, or of many alike: good as long as its epoch is the present one."""

    __slots__ = ("documents", "epoch", "excepted", "shared")

    def __init__(self, epoch: int, shared: Shared, excepted: Container[str] | None = None) -> None:
        """Take what is shared, and the keys of the mailboxes for which it does not hold."""
        self.epoch = epoch
        self.shared = shared
        self.documents = shared.documents
        self.excepted = excepted

    def excepts(self, address: EmailAddress) -> bool:
        """Tell whether an address may have settings of its own."""
        excepted = self.excepted
        return excepted is not None and any(key in excepted for key in possible_keys(address))


class Absence:
    """That a domain is not stored, or is suspended."""

    __slots__ = ("epoch", "is_stored", "until")

    def __init__(self, epoch: int, until: float, *, is_stored: bool) -> None:
        """Take until when it holds at the longest, and whether the domain is there and suspended."""
        self.epoch = epoch
        self.until = until
        self.is_stored = is_stored


class _Everybody:
    def __contains__(self, key: object) -> bool:
        return True


Known: TypeAlias = "Profile | Absence"


class KnownDomains:
    """Domains that were asked for, the recent ones: two generations, of which the older is dropped whole."""

    def __init__(
        self,
        store: Store,
        standings: Standings,
        *,
        limit: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the database, and how many domains may be known; 0 for none."""
        self._store = store
        self._standings = standings
        self._clock = clock
        self._half = max(limit // 2, 1)
        self._is_kept = limit > 0
        self.is_trusted = False
        """Whether what is known is served."""
        self.is_watched = False
        """Whether changes are told, so that what is found is kept."""
        self.epoch = 0
        self.lookups = 0
        """How many domains were read from the database."""
        self.forgotten = 0
        """How many times something was forgotten because of a change."""
        self._changes = 0
        self._weight = 0
        self._young: dict[bytes, Profile] = {}
        self._old: dict[bytes, Profile] = {}
        self._absent: dict[bytes, Absence] = {}
        self._targets: set[str] = set()
        self._flights: dict[str, asyncio.Task[Known]] = {}
        """Whom others may join; a change empties it, and who is under way goes on."""
        self._under_way: set[asyncio.Task[Known]] = set()
        self._kinds: dict[tuple[object, ...], Profile] = {}
        self._readings: dict[tuple[object, ...], asyncio.Event] = {}
        self._former: dict[tuple[object, ...], Profile] = {}

    def __len__(self) -> int:
        """Return how many domains are remembered, valid or not."""
        return len(self._young) + len(self._old)

    def get(self, name: bytes) -> Profile | None:
        """Return what is known of a domain by its name in normal form; None where that has to be found."""
        profile = self._young.get(name)
        if profile is None:
            profile = self._old.get(name)
            if profile is None:
                return None
            if profile.epoch == self.epoch:
                self._remember(name, profile)
        return profile if profile.epoch == self.epoch else None

    def get_absent(self, key: bytes) -> Absence | None:
        """Return that a domain is known not to be there, by its name in normal form."""
        absence = self._absent.get(key)
        if absence is None or absence.epoch != self.epoch or absence.until < self._clock():
            return None
        return absence

    async def find(self, name: str) -> Known:
        """Return what is stored of a domain, from the database where it has to be.

        Raises:
            NotAvailable: When the database does not answer.
        """
        key = name.encode()
        known = self.get(key) or self.get_absent(key)
        if known is not None:
            return known
        if self._standings.is_immediate:
            return await self._look_up(name)
        flight = self._flights.get(name)
        if flight is None:
            flight = asyncio.create_task(self._look_up(name))
            self._flights[name] = flight
            self._under_way.add(flight)
            flight.add_done_callback(lambda done: self._land(name, done))
        return await asyncio.shield(flight)

    def trust(self) -> None:
        """Begin to keep what is found: from this moment on all changes are told."""
        self.is_trusted = self.is_watched = self._is_kept
        # Known domains have to be read anew, and are not to be refused for what was before.
        self._standings.retry()
        self._forget_all(Reach.PROVIDERS)

    def doubt(self, *, may_change: bool) -> None:
        """Keep nothing more; serve what is known, unless it may change and can be read anew each time."""
        self.is_watched = False
        is_anything_known = self._young or self._old or self._absent
        if may_change and is_anything_known and self._standings.is_connected:
            self._young, self._old = {}, {}
            self._forget_all(Reach.PROVIDERS)

    async def watch(self, watch: Watch) -> None:
        """Know domains for as long as a watch tells of their changes, until cancelled."""
        while True:
            try:
                await watch.run(self)
            except Exception:  # noqa: BLE001 - what nobody watches is not served
                _log.exception("watch_failed")
            finally:
                # While the database is away the watch goes on, and what is known is served.
                self.is_trusted = self.is_watched = False
                self._forget_all(Reach.PROVIDERS)
            await asyncio.sleep(_RESTART_SECONDS)

    async def close(self) -> None:
        """Let go of the database."""
        under_way = [*self._under_way]
        for flight in under_way:
            flight.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await self._standings.close()

    def forget(self, reach: Reach, names: Iterable[str] = ()) -> None:
        """Take note of a change: whoever asks from this moment on gets what is stored."""
        if reach is Reach.NOTHING:
            return
        names = tuple(names)
        if reach is Reach.PROVIDERS or not names or not self._targets.isdisjoint(names):
            self._forget_all(reach)
            return
        self._note_change()
        for name in names:
            for known in (self._young, self._old, self._absent):
                known.pop(name.encode(), None)

    def _forget_all(self, reach: Reach) -> None:
        self._note_change()
        self.epoch += 1
        self._targets.clear()
        self._absent.clear()
        if reach is Reach.PROVIDERS:
            kept = self._former if len(self._former) < _MAX_FORMER else {}
            self._former, self._kinds = {**kept, **self._kinds}, {}

    def _note_change(self) -> None:
        self._changes += 1
        self.forgotten += 1
        # Who asks after this must not be given what was read before.
        self._flights = {}

    def _land(self, name: str, flight: asyncio.Task[Known]) -> None:
        self._under_way.discard(flight)
        if self._flights.get(name) is flight:
            del self._flights[name]
        if not flight.cancelled():
            # Those who waited may be gone.
            flight.exception()

    async def _look_up(self, name: str) -> Known:
        changes = self._changes
        self.lookups += 1
        with self._store.translated():
            standing = await self._standings.read(name)
        known = await self._known(name, standing)
        if self.is_watched and self._changes == changes:
            self._keep(name, standing, known)
        return known

    async def _known(self, name: str, standing: Standing | None) -> Known:
        if standing is None or not standing.is_active:
            return Absence(self.epoch, self._clock() + ABSENT_SECONDS, is_stored=standing is not None)
        kind = standing.kind
        like, reading = self._kinds.get(kind), self._readings.get(kind)
        if like is None and reading is not None:
            # Whoever reads it reads what all of the kind have in common.
            await reading.wait()
            like = self._kinds.get(kind)
        if like is None:
            reading = self._readings[kind] = asyncio.Event()
            try:
                return await self._read(name)
            finally:
                self._readings.pop(kind, None)
                reading.set()
        if like.epoch != self.epoch:
            like = self._kinds[kind] = Profile(self.epoch, like.shared)
        return self._profile(like.shared, standing, like)

    def _profile(self, shared: Shared, standing: Standing, like: Profile | None = None) -> Profile:
        if standing.name in shared.text:
            shared = shared.alone(standing.name)
        keys = standing.mailbox_keys
        if keys:
            excepted = _Everybody() if len(keys) > MAX_MAILBOXES else frozenset(keys)
            return Profile(self.epoch, shared, excepted)
        if like is not None and like.shared is shared and like.epoch == self.epoch:
            return like
        return Profile(self.epoch, shared)

    async def _read(self, name: str) -> Known:
        """Read a domain with all that it has in common with others, in one transaction."""
        changes = self._changes
        async with self._store.discovering() as accounts:
            standing = await accounts.find_standing(DomainName(name))
            found = None
            if standing is not None and standing.is_active:
                found = await accounts.find(DomainName(name))
        if standing is None or found is None:
            return Absence(self.epoch, self._clock() + ABSENT_SECONDS, is_stored=standing is not None)
        shared = Shared(found)
        former = self._former.pop(standing.kind, None)
        if former is not None and shared.is_like(former.shared):
            shared.documents = former.shared.documents
        like = Profile(self.epoch, shared)
        if self.is_watched and self._changes == changes:
            self._weight += _SHARED_WEIGHT
            self._kinds[standing.kind] = like
        return self._profile(shared, standing, like)

    def _keep(self, name: str, standing: Standing | None, known: Known) -> None:
        if standing is not None and standing.target is not None:
            self._targets.add(standing.target)
        if isinstance(known, Absence):
            if len(self._absent) >= _MAX_ABSENT:
                self._absent.clear()
            self._absent[name.encode()] = known
            return
        if known.shared.own is not None:
            self._weight += _SHARED_WEIGHT
        self._remember(name.encode(), known)

    def _remember(self, name: bytes, profile: Profile) -> None:
        self._young[name] = profile
        if len(self._young) + self._weight > self._half:
            self._old, self._young = self._young, {}
            self._former, self._kinds = {}, {}
            self._weight = 0
