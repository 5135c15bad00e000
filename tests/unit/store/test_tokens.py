from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from app.core.errors import ConcurrentChange
from app.core.tokens import StoredToken

from databases import stored_provider
from fakes.clock import LATER, NOW

if TYPE_CHECKING:
    from app.store.unit_of_work import Store

TOKEN = StoredToken(
    public_id="0123456789ab",
    digest="d" * 64,
    name="Billing & Söhne",
    scopes=frozenset({"domains:write", "domains:read"}),
    provider=None,
    expires_at=None,
)


@pytest.mark.parametrize(
    "token",
    [TOKEN, replace(TOKEN, expires_at=LATER), replace(TOKEN, scopes=frozenset({"admin"}))],
    ids=["bare", "expiring", "admin"],
)
async def test_a_token_comes_back_as_it_was_stored(store: Store, token: StoredToken) -> None:
    async with store.writing() as unit:
        await unit.tokens.insert(token, None, NOW)
    async with store.reading() as unit:
        assert await unit.tokens.find(token.public_id) == token
        assert await unit.tokens.count() == 1


async def test_a_token_that_was_never_stored_is_not_found(store: Store) -> None:
    async with store.reading() as unit:
        assert await unit.tokens.find("0123456789ab") is None
        assert await unit.tokens.count() == 0


async def test_a_moment_given_in_another_zone_comes_back_in_utc(store: Store) -> None:
    there = LATER.astimezone(timezone(timedelta(hours=5, minutes=30)))
    async with store.writing() as unit:
        await unit.tokens.insert(replace(TOKEN, expires_at=there), None, NOW)
    async with store.reading() as unit:
        found = await unit.tokens.find(TOKEN.public_id)
    assert found is not None
    assert found.expires_at == LATER
    assert found.expires_at.utcoffset() == timedelta(0)


async def test_a_token_of_a_provider_names_it_and_goes_with_it(store: Store) -> None:
    provider = await stored_provider(store)
    async with store.writing() as unit:
        await unit.tokens.insert(TOKEN, provider.id, NOW)
    async with store.reading() as unit:
        assert await unit.tokens.find(TOKEN.public_id) == replace(TOKEN, provider="provider")
    async with store.writing() as unit:
        await unit.providers.delete(provider)
    async with store.reading() as unit:
        assert await unit.tokens.find(TOKEN.public_id) is None


async def test_a_token_of_a_provider_that_is_gone_is_not_stored(store: Store) -> None:
    async with store.writing() as unit:
        with pytest.raises(ConcurrentChange):
            await unit.tokens.insert(TOKEN, 2**40, NOW)
    async with store.reading() as unit:
        assert await unit.tokens.count() == 0
