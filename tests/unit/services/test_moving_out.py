from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from app.core.domains import DomainStatus
from app.core.errors import ProviderNotFound
from app.core.names import DomainName
from app.services.moving_out import MovingOut

from builders import a_domain, a_mailbox, a_provider, an_imap_server
from databases import stored_domain, stored_mailbox, stored_provider

if TYPE_CHECKING:
    from app.store.unit_of_work import Store


async def test_active_domains_are_gathered_with_their_servers_and_the_rest_is_told(store: Store) -> None:
    node = an_imap_server(hostname="%NODE%.p.example")
    await stored_provider(store, a_provider(servers=(node,), colour="#123456"))
    await stored_domain(store, a_domain("a.example", variables={"NODE": "srv1"}))
    await stored_domain(store, a_domain("b.example", alias_of=DomainName("a.example")))
    await stored_domain(store, a_domain("c.example", variables={"NODE": "x"}, status=DomainStatus.SUSPENDED))
    await stored_mailbox(store, a_mailbox("jane@a.example", login="jane"))
    (household,), losses = await MovingOut(store).gather()
    assert [str(holding.domain.name) for holding in household.holdings] == ["a.example", "b.example"]
    assert {holding.servers[0].hostname for holding in household.holdings} == {"srv1.p.example"}
    assert [(loss.subject, loss.reason.partition(",")[0]) for loss in losses] == [
        ("domain c.example", "is suspended"),
        ("provider provider", "what has no place there: its colour"),
        ("provider provider", "1 mailboxes have settings of their own"),
    ]


async def test_one_provider_is_gathered_though_it_has_no_domain(store: Store) -> None:
    await stored_provider(store, a_provider(colour="#123456"))
    await stored_provider(store, a_provider(slug="other"))
    assert await MovingOut(store).gather() == ([], [])
    (household,), _ = await MovingOut(store).gather("other")
    assert household.provider.slug == "other"


async def test_a_provider_that_is_not_there_is_refused(store: Store) -> None:
    with pytest.raises(ProviderNotFound):
        await MovingOut(store).gather("nobody")
