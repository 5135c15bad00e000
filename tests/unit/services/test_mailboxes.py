from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from app.core.errors import (
    DomainNotFound,
    InvalidInput,
    MailboxNotFound,
    NotPermitted,
    StaleVersion,
)
from app.core.names import DomainName, EmailAddress
from app.services.callers import Scope
from app.services.mailboxes import MailboxService
from app.services.preconditions import Precondition

from builders import a_domain, a_mailbox, a_provider, an_imap_server
from databases import OPERATOR, a_caller, stored_domain, stored_provider
from fakes.clock import NOW

if TYPE_CHECKING:
    from app.store.unit_of_work import Store

    from fakes.clock import FixedClock

JANE = EmailAddress.parse("jane@customer.example")
CUSTOMER = JANE.domain
STRANGER = a_caller(provider="other")


@pytest.fixture
async def mailboxes(store: Store, clock: FixedClock) -> MailboxService:
    await stored_provider(store)
    await stored_provider(store, a_provider(slug="other"))
    await stored_domain(store)
    await stored_domain(store, a_domain("alias.example", alias_of=CUSTOMER))
    return MailboxService(store, clock)


async def test_a_mailbox_is_stored_replaced_and_removed(mailboxes: MailboxService, clock: FixedClock) -> None:
    stored, is_new = await mailboxes.put(OPERATOR, a_mailbox(login="c1"))
    assert (stored.version, stored.created_at, is_new) == (1, NOW, True)
    assert await mailboxes.get(OPERATOR, JANE) == stored
    clock.advance(hours=1)
    replaced, is_new = await mailboxes.put(OPERATOR, a_mailbox(login="c2"))
    assert (replaced.version, replaced.updated_at, is_new) == (2, clock(), False)
    assert await mailboxes.put(OPERATOR, a_mailbox(login="c2")) == (replaced, False)
    await mailboxes.delete(OPERATOR, JANE)
    for missing in (mailboxes.get(OPERATOR, JANE), mailboxes.delete(OPERATOR, JANE)):
        with pytest.raises(MailboxNotFound):
            await missing


async def test_the_case_of_an_address_does_not_matter(mailboxes: MailboxService) -> None:
    await mailboxes.put(OPERATOR, a_mailbox(login="c1"))
    stored, is_new = await mailboxes.put(OPERATOR, a_mailbox("JANE@customer.example", login="c1"))
    assert (stored.version, is_new) == (2, False)
    found = await mailboxes.get(OPERATOR, EmailAddress.parse("Jane@customer.example"))
    assert found.value.address.local_part == "JANE"


@pytest.mark.parametrize(
    "mailbox",
    [
        a_mailbox(login="%NODE%-jane"),
        a_mailbox(servers=(an_imap_server(hostname="%NODE%.example"),)),
        a_mailbox(servers=(an_imap_server(hostname="%NODE%.example"),), variables={"NODE": "a b"}),
        a_mailbox(servers=(an_imap_server(username="%EMAILADDRESS"),)),
    ],
)
async def test_a_mailbox_that_could_not_be_published_is_not_stored(
    mailboxes: MailboxService, mailbox: object
) -> None:
    with pytest.raises(InvalidInput):
        await mailboxes.put(OPERATOR, mailbox)  # type: ignore[arg-type]
    assert await mailboxes.page(OPERATOR, CUSTOMER, after="", limit=1) == []


async def test_an_alias_has_no_mailboxes_of_its_own(mailboxes: MailboxService) -> None:
    with pytest.raises(InvalidInput, match="name: must not be an alias: its mailboxes are those of customer"):
        await mailboxes.put(OPERATOR, a_mailbox("jane@alias.example", login="c1"))


async def test_a_mailbox_needs_its_domain(mailboxes: MailboxService) -> None:
    unknown = EmailAddress.parse("jane@unknown.example")
    for missing in (
        mailboxes.put(OPERATOR, a_mailbox("jane@unknown.example")),
        mailboxes.get(OPERATOR, unknown),
        mailboxes.delete(OPERATOR, unknown),
        mailboxes.page(OPERATOR, unknown.domain, after="", limit=1),
    ):
        with pytest.raises(DomainNotFound):
            await missing


async def test_another_tenants_mailboxes_do_not_exist(mailboxes: MailboxService) -> None:
    await mailboxes.put(OPERATOR, a_mailbox(login="c1"))
    for missing in (
        mailboxes.put(STRANGER, a_mailbox(login="c2")),
        mailboxes.get(STRANGER, JANE),
        mailboxes.delete(STRANGER, JANE),
        mailboxes.page(STRANGER, CUSTOMER, after="", limit=1),
    ):
        with pytest.raises(DomainNotFound):
            await missing


async def test_pages_are_by_local_part(mailboxes: MailboxService) -> None:
    for name in ("b", "a", "c"):
        await mailboxes.put(OPERATOR, a_mailbox(f"{name}@customer.example", login="x"))
    found = await mailboxes.page(OPERATOR, CUSTOMER, after="a", limit=1)
    assert [stored.value.address.local_part for stored in found] == ["b"]


async def test_a_write_holds_for_the_version_that_the_writer_knows(mailboxes: MailboxService) -> None:
    first = Precondition(versions=frozenset({1}), must_exist=True)
    with pytest.raises(StaleVersion):
        await mailboxes.put(OPERATOR, a_mailbox(login="1"), first)
    await mailboxes.put(OPERATOR, a_mailbox(login="1"))
    await mailboxes.put(OPERATOR, a_mailbox(login="2"), first)
    with pytest.raises(StaleVersion):
        await mailboxes.put(OPERATOR, a_mailbox(login="3"), first)
    with pytest.raises(StaleVersion):
        await mailboxes.delete(OPERATOR, JANE, first)


async def test_scopes_are_needed(mailboxes: MailboxService) -> None:
    reader, writer = a_caller(Scope.DOMAINS_READ.value), a_caller(Scope.DOMAINS_WRITE.value)
    for refused in (
        mailboxes.put(reader, a_mailbox()),
        mailboxes.delete(reader, JANE),
        mailboxes.get(writer, JANE),
        mailboxes.page(writer, DomainName("customer.example"), after="", limit=1),
    ):
        with pytest.raises(NotPermitted):
            await refused
