from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from app.core.errors import NotAuthenticated, TooManyRequests
from app.core.sessions import SessionSpans
from app.services.access import Access
from app.services.sessions import SessionService
from app.services.tokens import TokenService, digest_of

from databases import OPERATOR, stored_provider

if TYPE_CHECKING:
    from app.store.unit_of_work import Store

    from fakes.clock import FixedClock

SPANS = SessionSpans(idle=timedelta(minutes=30), absolute=timedelta(hours=12))


class House:
    """Tokens and sessions of one store, as several processes have them."""

    def __init__(self, store: Store, clock: FixedClock) -> None:
        self.store, self.clock = store, clock
        self.access = Access(store, clock, free_attempts=2)
        self.tokens = TokenService(store, clock)
        self.sessions = self.another_process()

    def another_process(self) -> SessionService:
        return SessionService(self.store, self.clock, self.access, SPANS)

    async def token(self, **wish: object) -> str:
        return await self.access.create_token("t", frozenset({"domains:read"}), **wish)  # type: ignore[arg-type]

    async def stored_digests(self) -> list[str]:
        async with self.store.reading() as unit:
            rows = await unit._connection.exec_driver_sql("SELECT digest FROM session")
            return [row[0] for row in rows]


@pytest.fixture
def house(store: Store, clock: FixedClock) -> House:
    return House(store, clock)


async def test_a_session_is_its_tokens_caller_in_every_process(house: House) -> None:
    await stored_provider(house.store)
    bearer = await house.token(provider="provider")
    secret, opened = await house.sessions.open(bearer)
    found = await house.another_process().find(secret)
    assert found == opened
    assert (found.caller.provider, found.caller.scopes) == ("provider", frozenset({"domains:read"}))
    assert found.expires_at == house.clock() + SPANS.absolute


async def test_only_a_digest_of_the_secret_is_stored(house: House) -> None:
    secret, _ = await house.sessions.open(await house.token())
    assert await house.stored_digests() == [digest_of(secret)]


async def test_each_login_has_a_secret_and_a_form_key_of_its_own(house: House) -> None:
    bearer = await house.token()
    opened = [await house.sessions.open(bearer) for _ in range(2)]
    assert opened[0][0] != opened[1][0]
    assert opened[0][1].form_key != opened[1][1].form_key
    assert opened[0][0] not in opened[0][1].form_key


@pytest.mark.parametrize("secret", ["", "x", "A" * 43, "é" * 43, "A" * 43 + "\n"])
async def test_what_nobody_was_given_is_no_session(house: House, secret: str) -> None:
    await house.sessions.open(await house.token())
    assert await house.sessions.find(secret) is None
    await house.sessions.close(secret)
    assert len(await house.stored_digests()) == 1


async def test_a_token_that_is_none_opens_nothing_and_makes_its_sender_wait(house: House) -> None:
    for _ in range(2):
        with pytest.raises(NotAuthenticated):
            await house.sessions.open("sp_000000000000_" + "A" * 43, "192.0.2.1")
    bearer = await house.token()
    with pytest.raises(TooManyRequests):
        await house.sessions.open(bearer, "192.0.2.1")
    assert await house.stored_digests() == []


async def test_a_session_that_nobody_uses_ends(house: House) -> None:
    secret, _ = await house.sessions.open(await house.token())
    house.clock.advance(minutes=29)
    assert await house.sessions.find(secret) is not None
    house.clock.advance(minutes=29)
    assert await house.sessions.find(secret) is not None
    house.clock.advance(minutes=30)
    assert await house.sessions.find(secret) is None


async def test_use_that_was_written_down_counts_in_other_processes(house: House) -> None:
    secret, _ = await house.sessions.open(await house.token())
    house.clock.advance(minutes=29)
    assert await house.sessions.find(secret) is not None
    await house.sessions.write_last_used()
    house.clock.advance(minutes=29)
    assert await house.another_process().find(secret) is not None
    await house.sessions.write_last_used()


async def test_a_session_ends_however_much_it_is_used(house: House) -> None:
    secret, _ = await house.sessions.open(await house.token())
    for _ in range(24):
        house.clock.advance(minutes=29)
        assert await house.sessions.find(secret) is not None
    house.clock.advance(minutes=24)
    assert await house.sessions.find(secret) is None


async def test_a_session_ends_with_its_token(house: House) -> None:
    bearer = await house.token()
    secret, opened = await house.sessions.open(bearer)
    await house.tokens.revoke(OPERATOR, opened.caller.token_id)
    assert await house.another_process().find(secret) is None
    assert await house.sessions.find(secret) is None
    assert await house.stored_digests() == []


async def test_a_session_ends_when_its_token_expires(house: House) -> None:
    bearer = await house.token(expires_days=1)
    house.clock.advance(hours=23, minutes=50)
    secret, _ = await house.sessions.open(bearer)
    house.clock.advance(minutes=9)
    assert await house.sessions.find(secret) is not None
    house.clock.advance(minutes=1)
    assert await house.sessions.find(secret) is None


async def test_a_session_ends_when_the_secret_that_opened_it_was_rotated_away(house: House) -> None:
    bearer = await house.token()
    old, opened = await house.sessions.open(bearer)
    _, again = await house.tokens.rotate(OPERATOR, opened.caller.token_id, overlap_seconds=600)
    new, _ = await house.sessions.open(again)
    overlapping, _ = await house.sessions.open(bearer)
    for secret in (old, new, overlapping):
        assert await house.sessions.find(secret) is not None
    house.clock.advance(minutes=10)
    assert [await house.sessions.find(secret) is not None for secret in (old, new, overlapping)] == [
        False, True, False,
    ]  # fmt: skip


async def test_what_a_token_may_no_longer_its_sessions_may_not(house: House) -> None:
    bearer = await house.token()
    secret, _ = await house.sessions.open(bearer)
    async with house.store.writing() as unit:
        await unit._connection.exec_driver_sql("UPDATE token SET scopes = '[\"verify\"]'")
    found = await house.sessions.find(secret)
    assert found is not None
    assert found.caller.scopes == frozenset({"verify"})


async def test_logging_out_ends_one_session_in_all_processes(house: House) -> None:
    bearer = await house.token()
    first, _ = await house.sessions.open(bearer)
    second, _ = await house.sessions.open(bearer)
    await house.another_process().close(first)
    assert await house.sessions.find(first) is None
    assert await house.sessions.find(second) is not None


async def test_sessions_that_are_over_are_forgotten(house: House) -> None:
    bearer = await house.token()
    await house.sessions.open(bearer)
    house.clock.advance(minutes=20)
    kept, _ = await house.sessions.open(bearer)
    house.clock.advance(minutes=15)
    assert await house.sessions.forget() == 1
    assert await house.stored_digests() == [digest_of(kept)]


async def test_a_token_that_goes_while_a_session_is_opened_opens_none(house: House) -> None:
    bearer = await house.token()
    caller = await house.access.authenticate(bearer)
    opening = asyncio.gather(
        house.sessions.open(bearer),
        house.tokens.revoke(OPERATOR, caller.token_id),
        return_exceptions=True,
    )
    await opening
    assert await house.stored_digests() == []


async def test_using_a_session_is_using_its_token(house: House) -> None:
    secret, opened = await house.sessions.open(await house.token())
    house.clock.advance(minutes=5)
    await house.sessions.find(secret)
    await house.access.write_last_used()
    stored = await house.tokens.get(OPERATOR, opened.caller.token_id)
    assert stored.value.last_used_at == house.clock()
