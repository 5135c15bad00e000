from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import pytest
from app.core.errors import InvalidInput, NotAuthenticated, NotPermitted, ProviderNotFound
from app.services.access import Access
from app.services.callers import Scope
from app.services.tokens import MAX_EXPIRES_DAYS

from databases import a_caller, stored_provider

if TYPE_CHECKING:
    from app.store.unit_of_work import Store

    from fakes.clock import FixedClock

READ = frozenset({Scope.DOMAINS_READ.value})


@pytest.fixture
def access(store: Store, clock: FixedClock) -> Access:
    return Access(store, clock)


async def test_a_token_is_letters_that_survive_shells_and_headers(access: Access) -> None:
    first, second = [await access.create_token("t", READ) for _ in range(2)]
    for token in (first, second):
        assert re.fullmatch(r"sp_[0-9a-f]{12}_[A-Za-z0-9_-]{43}", token)
    assert first.split("_", 2)[1:] != second.split("_", 2)[1:]


async def test_the_bearer_of_a_token_is_who_it_was_made_for(access: Access, store: Store) -> None:
    await stored_provider(store)
    token = await access.create_token("  billing ", READ, provider="provider", expires_days=1)
    caller = await access.authenticate(token)
    assert caller.token_id == token.split("_")[1]
    assert caller.token_name == "billing"
    assert caller.scopes == READ
    assert caller.provider == "provider"


async def test_the_secret_is_not_stored(access: Access, store: Store) -> None:
    token = await access.create_token("t", READ)
    _, public_id, secret = token.split("_", 2)
    async with store.reading() as unit:
        stored = await unit.tokens.find(public_id)
    assert secret not in repr(stored)


def with_other_secret(token: str) -> str:
    last = "A" if token[-1] != "A" else "B"
    return token[:-1] + last


def with_other_id(token: str) -> str:
    return f"sp_000000000000_{token.split('_', 2)[2]}"


@pytest.mark.parametrize(
    "change",
    [
        with_other_secret,
        with_other_id,
        str.upper,
        lambda token: token[:-1],
        lambda token: f"{token}A",
        lambda token: f"{token}\n",
        lambda token: f" {token}",
        lambda token: token.removeprefix("sp_"),
        lambda token: token.split("_")[1],
        lambda token: token.split("_", 2)[2],
        lambda token: token[:-1] + "ä",
        lambda token: token[:-1] + "\x00",
        lambda _token: "",
        lambda _token: "sp_000000000000_" + "A" * 43,
    ],
)
async def test_whatever_is_wrong_with_a_token_the_answer_is_one(access: Access, change: object) -> None:
    token = await access.create_token("t", READ)
    assert callable(change)
    with pytest.raises(NotAuthenticated, match=r"^A valid bearer token is needed\.$"):
        await access.authenticate(change(token))


async def test_a_secret_of_another_token_does_not_do(access: Access) -> None:
    first, second = [await access.create_token("t", READ) for _ in range(2)]
    with pytest.raises(NotAuthenticated):
        await access.authenticate(f"sp_{first.split('_')[1]}_{second.split('_', 2)[2]}")


async def test_a_token_ends_to_the_second(access: Access, clock: FixedClock) -> None:
    token = await access.create_token("t", READ, expires_days=1)
    clock.advance(days=1, microseconds=-1)
    assert (await access.authenticate(token)).token_name == "t"
    clock.advance(microseconds=1)
    with pytest.raises(NotAuthenticated):
        await access.authenticate(token)


async def test_a_token_without_an_end_has_none(access: Access, clock: FixedClock) -> None:
    token = await access.create_token("t", READ)
    clock.advance(days=36_500)
    assert (await access.authenticate(token)).token_name == "t"


@pytest.mark.parametrize("days", [1, MAX_EXPIRES_DAYS])
async def test_a_span_may_be_as_short_or_long_as_its_limits(access: Access, days: int) -> None:
    assert await access.create_token("t", READ, expires_days=days)


async def test_all_that_is_wrong_with_a_wish_is_told_at_once(access: Access, store: Store) -> None:
    with pytest.raises(InvalidInput) as refused:
        await access.create_token(" ", frozenset({"admin", "root"}), expires_days=0)
    assert [issue.field for issue in refused.value.issues] == ["name", "scopes", "expires_days"]
    assert "domains:read, domains:write, providers:write, verify, " in refused.value.issues[1].rule
    async with store.reading() as unit:
        assert await unit.tokens.count() == 0


@pytest.mark.parametrize(
    ("name", "scopes", "days", "field"),
    [
        ("", READ, None, "name"),
        ("n" * 101, READ, None, "name"),
        ("a\nb", READ, None, "name"),
        ("t", frozenset[str](), None, "scopes"),
        ("t", frozenset({"Admin"}), None, "scopes"),
        ("t", READ, -1, "expires_days"),
        ("t", READ, MAX_EXPIRES_DAYS + 1, "expires_days"),
    ],
)
async def test_a_wish_that_cannot_be_met_names_its_field(
    access: Access, name: str, scopes: frozenset[str], days: int | None, field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        await access.create_token(name, scopes, expires_days=days)
    assert [issue.field for issue in refused.value.issues] == [field]


async def test_a_token_of_an_unknown_provider_is_not_made(access: Access, store: Store) -> None:
    with pytest.raises(ProviderNotFound):
        await access.create_token("t", READ, provider="nobody")
    async with store.reading() as unit:
        assert await unit.tokens.count() == 0


@pytest.mark.parametrize("scope", Scope)
def test_a_caller_may_do_what_the_scope_says_and_admin_all(scope: Scope) -> None:
    a_caller(scope.value).require(scope)
    a_caller(Scope.ADMIN.value).require(scope)
    others = {other.value for other in Scope} - {scope.value, Scope.ADMIN.value}
    if scope is not Scope.ADMIN:
        with pytest.raises(NotPermitted, match=scope.value):
            a_caller(*others).require(scope)


def test_a_caller_sees_its_provider_alone_and_without_a_limit_all() -> None:
    assert a_caller().sees("a")
    assert a_caller(provider="a").sees("a")
    assert not a_caller(provider="a").sees("A")
    assert not a_caller(provider="a").sees("b")


async def test_a_clock_put_back_makes_nobody_wait_for_longer(store: Store, clock: FixedClock) -> None:
    access = Access(store, clock, free_attempts=1)
    for _ in range(2):
        with pytest.raises(NotAuthenticated):
            await access.authenticate("wrong", "192.0.2.1")
        clock.advance(hours=-5)
        await asyncio.sleep(1.01)
    token = await access.create_token("t", READ)
    clock.advance(hours=10)
    # The waits are over, whatever the clock says.
    await asyncio.sleep(1)
    assert (await access.authenticate(token, "192.0.2.1")).token_name == "t"
