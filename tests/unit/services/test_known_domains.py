"""What a process knows of domains: kept while it is sure to hear of changes, and never from before one."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from app.core.domains import DomainStatus
from app.core.errors import NotAvailable
from app.core.names import DomainName, EmailAddress
from app.services.known_domains import ABSENT_SECONDS, Absence, KnownDomains, Profile
from app.store.change_watching import Reach
from app.store.standings import MAX_MAILBOXES, SqliteStandings

from builders import a_domain, a_mailbox, a_provider, an_imap_server
from databases import ON_SQLITE, opened, stored_domain, stored_mailbox, stored_provider

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.store.change_watching import Audience
    from app.store.standings import Standing
    from app.store.unit_of_work import Store

pytestmark = ON_SQLITE
NAME = "customer.example"
KEY = NAME.encode()


class HeldStandings:
    """Reads at once, and hands over what was read when it is told to."""

    is_immediate = False

    def __init__(self, database_url: str) -> None:
        self._standings = SqliteStandings(database_url)
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()
        self.reads = 0
        self.is_away = False
        self.is_connected = True
        self.retries = 0

    def retry(self) -> None:
        self.retries += 1

    async def read(self, name: str) -> Standing | None:
        self.reads += 1
        if self.is_away:
            message = "disk I/O error"
            error = sqlite3.OperationalError(message)
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR
            raise error
        standing = await self._standings.read(name)
        await self.may_go_on.wait()
        return standing

    async def close(self) -> None:
        await self._standings.close()


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Known:
    def __init__(self, store: Store, database_url: str, *, limit: int = 1000) -> None:
        self.store, self.clock = store, Clock()
        self.standings = HeldStandings(database_url)
        self.domains = KnownDomains(store, self.standings, limit=limit, clock=self.clock)
        store.audience = self.domains


@asynccontextmanager
async def knowing(database_url: str, *, limit: int = 1000) -> AsyncIterator[Known]:
    async with opened(database_url) as store:
        await stored_provider(store)
        await stored_domain(store)
        known = Known(store, database_url, limit=limit)
        known.domains.trust()
        try:
            yield known
        finally:
            await known.domains.close()


async def test_a_database_that_tells_of_changes_is_asked_at_once(database_url: str) -> None:
    async with knowing(database_url) as known:
        assert known.standings.retries == 1
        known.domains.trust()
        assert known.standings.retries == 2


async def test_a_domain_is_read_once(database_url: str) -> None:
    async with knowing(database_url) as known:
        assert known.domains.get(KEY) is None
        found = await known.domains.find(NAME)
        assert isinstance(found, Profile)
        assert known.domains.get(KEY) is found
        assert await known.domains.find(NAME) is found
        assert known.standings.reads == 1


async def test_domains_that_differ_by_name_alone_share_what_is_known(database_url: str) -> None:
    async with knowing(database_url) as known:
        await stored_domain(known.store, a_domain("second.example"))
        first, second = await known.domains.find(NAME), await known.domains.find("second.example")
        assert first is second


async def test_what_was_read_before_a_change_is_not_kept(database_url: str) -> None:
    async with knowing(database_url) as known:
        known.standings.may_go_on.clear()
        early = asyncio.create_task(known.domains.find(NAME))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        known.domains.forget(Reach.DOMAINS, ["other.example"])
        known.standings.may_go_on.set()
        await early
        assert known.domains.get(KEY) is None


async def test_closing_ends_look_ups_from_before_a_change_too(database_url: str) -> None:
    async with knowing(database_url) as known:
        known.standings.may_go_on.clear()
        early = asyncio.create_task(known.domains.find(NAME))
        await asyncio.sleep(0)
        known.domains.forget(Reach.DOMAINS)
        late = asyncio.create_task(known.domains.find(NAME))
        await asyncio.sleep(0)
        await known.domains.close()
        done, _ = await asyncio.wait((early, late), timeout=5)
        assert {early, late} == done
        assert all(look_up.cancelled() for look_up in done)


async def test_who_asks_after_a_change_is_not_given_what_was_read_before(database_url: str) -> None:
    async with knowing(database_url) as known:
        known.standings.may_go_on.clear()
        early = asyncio.create_task(known.domains.find(NAME))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        known.domains.forget(Reach.DOMAINS, [NAME])
        late = asyncio.create_task(known.domains.find(NAME))
        await asyncio.sleep(0)
        known.standings.may_go_on.set()
        await early
        assert known.standings.reads == 2
        found = await late
        assert known.domains.get(KEY) is found


@pytest.mark.parametrize(
    ("reach", "names"), [(Reach.DOMAINS, [NAME]), (Reach.DOMAINS, []), (Reach.PROVIDERS, [])]
)
async def test_a_change_makes_forgotten(database_url: str, reach: Reach, names: list[str]) -> None:
    async with knowing(database_url) as known:
        await known.domains.find(NAME)
        known.domains.forget(reach, names)
        assert known.domains.get(KEY) is None


async def test_a_change_of_one_domain_leaves_the_others(database_url: str) -> None:
    async with knowing(database_url) as known:
        await stored_domain(known.store, a_domain("second.example"))
        await known.domains.find(NAME)
        await known.domains.find("second.example")
        known.domains.forget(Reach.DOMAINS, ["second.example"])
        assert known.domains.get(KEY) is not None
        assert known.domains.get(b"second.example") is None


async def test_what_was_known_before_a_gap_is_forgotten(database_url: str) -> None:
    async with knowing(database_url) as known:
        await known.domains.find(NAME)
        await known.domains.find("unknown.example")
        known.domains.trust()
        assert known.domains.get(KEY) is None
        await known.domains.find("unknown.example")
        assert known.standings.reads == 3


async def test_nothing_is_kept_before_a_watch_is_trusted(database_url: str) -> None:
    async with opened(database_url) as store:
        await stored_provider(store)
        await stored_domain(store)
        known = Known(store, database_url)
        await known.domains.find(NAME)
        assert known.domains.get(KEY) is None
        await known.domains.close()


async def test_nothing_is_kept_where_none_may_be(database_url: str) -> None:
    async with knowing(database_url, limit=0) as known:
        await known.domains.find(NAME)
        assert known.domains.get(KEY) is None
        assert not known.domains.is_trusted


async def test_a_watch_that_fails_is_trusted_no_more(database_url: str) -> None:
    class Failing:
        async def run(self, audience: Audience) -> None:
            audience.trust()
            await known.domains.find(NAME)
            assert known.domains.get(KEY) is not None
            message = "a bug"
            raise RuntimeError(message)

    async with knowing(database_url) as known:
        watching = asyncio.create_task(known.domains.watch(Failing()))
        await asyncio.sleep(0.05)
        assert not known.domains.is_trusted
        assert known.domains.get(KEY) is None
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def test_known_domains_outlive_the_database(database_url: str) -> None:
    async with knowing(database_url) as known:
        found = await known.domains.find(NAME)
        known.standings.is_away = True
        assert await known.domains.find(NAME) is found
        with pytest.raises(NotAvailable):
            await known.domains.find("unknown.example")


async def test_while_changes_are_not_told_what_is_known_is_served_and_nothing_more_kept(
    database_url: str,
) -> None:
    async with knowing(database_url) as known:
        await stored_domain(known.store, a_domain("second.example"))
        found = await known.domains.find(NAME)
        known.domains.doubt(may_change=False)
        assert known.domains.get(KEY) is found
        await known.domains.find("second.example")
        assert known.domains.get(b"second.example") is None
        assert not known.domains.is_watched
        known.domains.trust()
        assert known.domains.get(KEY) is None
        await known.domains.find(NAME)
        assert known.domains.get(KEY) is not None


@pytest.mark.parametrize("is_connected", [True, False])
async def test_what_others_may_change_unheard_is_read_anew_where_that_is_possible(
    database_url: str, *, is_connected: bool
) -> None:
    async with knowing(database_url) as known:
        await known.domains.find(NAME)
        known.standings.is_connected = is_connected
        known.domains.doubt(may_change=True)
        assert (known.domains.get(KEY) is None) is is_connected


async def test_that_a_domain_is_unknown_is_known_for_a_while(database_url: str) -> None:
    async with knowing(database_url) as known:
        for _ in range(3):
            found = await known.domains.find("unknown.example")
            assert isinstance(found, Absence)
            assert not found.is_stored
        assert known.standings.reads == 1
        known.clock.now += ABSENT_SECONDS + 1
        await known.domains.find("unknown.example")
        assert known.standings.reads == 2


async def test_a_suspended_domain_is_told_from_an_unknown_one(database_url: str) -> None:
    async with knowing(database_url) as known:
        await stored_domain(known.store, a_domain("s.example", status=DomainStatus.SUSPENDED))
        await stored_domain(known.store, a_domain("alias.example", alias_of=DomainName("s.example")))
        for name in ("s.example", "alias.example"):
            found = await known.domains.find(name)
            assert isinstance(found, Absence)
            assert found.is_stored


async def test_no_more_domains_are_kept_than_may_be(database_url: str) -> None:
    async with knowing(database_url, limit=400) as known:
        async with known.store.writing() as unit:
            provider = await unit.providers.find("provider")
            assert provider is not None
            for number in range(1000):
                domain = a_domain(f"d{number}.example")
                await unit.domains.insert(domain, provider.id, None, provider.created_at)
        for number in range(1000):
            await known.domains.find(f"d{number}.example")
            assert len(known.domains) <= 400
        assert known.domains.get(b"d999.example") is not None


async def test_a_domain_that_is_named_in_what_is_stored_shares_nothing(database_url: str) -> None:
    async with knowing(database_url) as known:
        servers = (an_imap_server(hostname="imap.own.example"),)
        await stored_provider(known.store, a_provider(slug="own", servers=servers))
        for name in ("own.example", "other.example"):
            await stored_domain(known.store, a_domain(name, provider="own"))
        own, other = await known.domains.find("own.example"), await known.domains.find("other.example")
        assert isinstance(own, Profile)
        assert isinstance(other, Profile)
        assert own.shared.own == DomainName("own.example")
        assert other.shared.own is None


@pytest.mark.parametrize(("count", "is_everybody"), [(3, False), (MAX_MAILBOXES + 1, True)])
async def test_mailboxes_of_their_own_are_excepted(
    database_url: str, count: int, *, is_everybody: bool
) -> None:
    async with knowing(database_url) as known:
        for number in range(count):
            await stored_mailbox(known.store, a_mailbox(f"m{number}@{NAME}", login="x"))
        found = await known.domains.find(NAME)
        assert isinstance(found, Profile)
        assert found.excepts(EmailAddress.parse(f"m1@{NAME}"))
        assert found.excepts(EmailAddress.parse(f"M1+tag@{NAME}"))
        assert found.excepts(EmailAddress.parse(f"nobody@{NAME}")) is (count > MAX_MAILBOXES)
