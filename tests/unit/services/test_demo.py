from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from app.core.documents import Presentation, Question
from app.renderers import FORMATS_BY_NAME
from app.services.access import Access
from app.services.callers import Scope
from app.services.demo import DEMO_DOMAIN, Demo
from app.services.publishing import Publishing

from databases import stored_provider

if TYPE_CHECKING:
    from app.store.unit_of_work import Store

    from fakes.clock import FixedClock


@pytest.fixture
def access(store: Store, clock: FixedClock) -> Access:
    return Access(store, clock)


@pytest.fixture
def demo(store: Store, access: Access, clock: FixedClock) -> Demo:
    return Demo(store, access, clock)


async def test_an_empty_database_gets_a_domain_and_a_token(store: Store, demo: Demo, access: Access) -> None:
    token = await demo.fill_if_empty()
    assert token is not None
    assert (await access.authenticate(token)).scopes == {Scope.ADMIN}
    document = await Publishing(store).document(
        FORMATS_BY_NAME["autoconfig"], Question(domains=(DEMO_DOMAIN,)), Presentation()
    )
    assert b"<hostname>srv12.hosting.example</hostname>" in document.body
    assert document.omissions == ()


async def test_a_database_is_filled_once(store: Store, demo: Demo) -> None:
    assert await demo.fill_if_empty() is not None
    assert await demo.fill_if_empty() is None
    async with store.reading() as unit:
        assert (await unit.providers.count(), await unit.domains.count(), await unit.tokens.count()) == (
            1,
            1,
            1,
        )


async def test_a_database_with_data_or_tokens_is_left_alone(store: Store, demo: Demo, access: Access) -> None:
    await access.create_token("t", frozenset({"admin"}))
    assert await demo.fill_if_empty() is None
    await stored_provider(store)
    assert await demo.fill_if_empty() is None
    async with store.reading() as unit:
        assert await unit.domains.count() == 0
