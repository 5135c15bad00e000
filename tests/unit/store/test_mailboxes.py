from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

import pytest
from app.core.domains import Mailbox
from app.core.errors import ConcurrentChange, MailboxTaken
from app.core.names import EmailAddress

from builders import a_domain, a_mailbox
from databases import stored_domain, stored_mailbox, stored_provider
from fakes.clock import LATER, NOW
from full_values import FULL_DOMAIN, FULL_MAILBOX, FULL_PROVIDER

if TYPE_CHECKING:
    from app.store.unit_of_work import Store


def test_the_full_mailbox_leaves_no_field_at_its_default() -> None:
    bare = Mailbox(address=EmailAddress.parse("bare@bare.example"))
    for field in fields(Mailbox):
        assert getattr(FULL_MAILBOX, field.name) != getattr(bare, field.name), field.name


async def test_a_mailbox_comes_back_as_it_was_stored(store: Store) -> None:
    await stored_provider(store, FULL_PROVIDER)
    domain = await stored_domain(store, FULL_DOMAIN)
    stored = await stored_mailbox(store, FULL_MAILBOX)
    assert (stored.version, stored.created_at, stored.updated_at) == (1, NOW, NOW)
    assert stored.value == FULL_MAILBOX
    async with store.reading() as unit:
        assert await unit.mailboxes(domain).find(FULL_MAILBOX.address.key) == stored
        assert await unit.mailboxes(domain).find("other") is None


async def test_a_replaced_mailbox_has_the_next_version_and_nothing_of_the_old(store: Store) -> None:
    await stored_provider(store, FULL_PROVIDER)
    domain = await stored_domain(store, FULL_DOMAIN)
    stored = await stored_mailbox(store, FULL_MAILBOX)
    plain = Mailbox(address=FULL_MAILBOX.address)
    async with store.writing() as unit:
        replaced = await unit.mailboxes(domain).replace(stored, plain, LATER)
    assert (replaced.id, replaced.version) == (stored.id, 2)
    assert (replaced.created_at, replaced.updated_at) == (NOW, LATER)
    async with store.reading() as unit:
        assert await unit.mailboxes(domain).find(plain.address.key) == replaced


async def test_a_mailbox_may_change_the_case_of_its_name(store: Store) -> None:
    await stored_provider(store)
    domain = await stored_domain(store)
    stored = await stored_mailbox(store, a_mailbox("jane@customer.example"))
    async with store.writing() as unit:
        await unit.mailboxes(domain).replace(stored, a_mailbox("JANE@customer.example"), LATER)
    async with store.reading() as unit:
        found = await unit.mailboxes(domain).find("jane")
    assert found is not None
    assert found.value.address.local_part == "JANE"


async def test_an_address_is_stored_once_whatever_its_case(store: Store) -> None:
    await stored_provider(store)
    domain = await stored_domain(store)
    await stored_mailbox(store, a_mailbox("jane@customer.example"))
    with pytest.raises(MailboxTaken):
        await stored_mailbox(store, a_mailbox("Jane@customer.example"))
    async with store.reading() as unit:
        assert len(await unit.mailboxes(domain).page(after="", limit=5)) == 1


async def test_a_mailbox_does_not_take_the_name_of_another(store: Store) -> None:
    await stored_provider(store)
    domain = await stored_domain(store)
    await stored_mailbox(store, a_mailbox("jane@customer.example"))
    stored = await stored_mailbox(store, a_mailbox("joe@customer.example"))
    async with store.writing() as unit:
        with pytest.raises(MailboxTaken):
            await unit.mailboxes(domain).replace(stored, a_mailbox("jane@customer.example"), LATER)


async def test_two_domains_may_have_a_mailbox_of_one_name(store: Store) -> None:
    await stored_provider(store)
    await stored_domain(store)
    other = await stored_domain(store, a_domain("other.example"))
    await stored_mailbox(store, a_mailbox("jane@customer.example", login="c"))
    stored = await stored_mailbox(store, a_mailbox("jane@other.example", login="o"))
    async with store.reading() as unit:
        assert await unit.mailboxes(other).page(after="", limit=5) == [stored]


async def test_a_mailbox_that_changed_since_it_was_read_is_neither_replaced_nor_deleted(store: Store) -> None:
    await stored_provider(store)
    domain = await stored_domain(store)
    stored = await stored_mailbox(store, a_mailbox(login="1"))
    async with store.writing() as unit:
        replaced = await unit.mailboxes(domain).replace(stored, a_mailbox(login="2"), LATER)
    async with store.writing() as unit:
        with pytest.raises(ConcurrentChange):
            await unit.mailboxes(domain).replace(stored, a_mailbox(login="3"), LATER)
    async with store.writing() as unit:
        with pytest.raises(ConcurrentChange):
            await unit.mailboxes(domain).delete(stored)
    async with store.reading() as unit:
        assert await unit.mailboxes(domain).find("jane") == replaced


async def test_a_deleted_mailbox_is_gone_with_its_servers(store: Store) -> None:
    await stored_provider(store, FULL_PROVIDER)
    domain = await stored_domain(store, FULL_DOMAIN)
    stored = await stored_mailbox(store, FULL_MAILBOX)
    async with store.writing() as unit:
        await unit.mailboxes(domain).delete(stored)
    again = await stored_mailbox(store, Mailbox(address=FULL_MAILBOX.address))
    async with store.reading() as unit:
        assert await unit.mailboxes(domain).find(FULL_MAILBOX.address.key) == again


async def test_a_mailbox_of_a_domain_that_is_gone_is_not_stored(store: Store) -> None:
    await stored_provider(store)
    domain = await stored_domain(store)
    async with store.writing() as unit:
        await unit.domains.delete(domain)
    async with store.writing() as unit:
        with pytest.raises(ConcurrentChange):
            await unit.mailboxes(domain).insert(a_mailbox(), NOW)


async def test_pages_are_by_local_part_in_lower_case(store: Store) -> None:
    await stored_provider(store)
    domain = await stored_domain(store)
    for name in ("C", "a", "B"):
        await stored_mailbox(store, a_mailbox(f"{name}@customer.example"))
    async with store.reading() as unit:
        first = await unit.mailboxes(domain).page(after="", limit=2)
        second = await unit.mailboxes(domain).page(after="b", limit=2)
    assert [found.value.address.local_part for found in first] == ["a", "B"]
    assert [found.value.address.local_part for found in second] == ["C"]
