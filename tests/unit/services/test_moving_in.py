from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from app.core.audit import AuditFilter
from app.core.errors import InvalidInput, ProviderNotFound
from app.core.moving import Belongings, Loss, MovedDomain, attach
from app.core.names import DomainName
from app.parsers.automx2 import read_tables
from app.services.bulk import BulkService
from app.services.bulk_planning import Result
from app.services.moving_in import MovingIn
from app.services.providers import ProviderService

from automx2_files import a_database
from builders import a_domain, a_provider, an_imap_server
from databases import stored_domain, stored_provider

if TYPE_CHECKING:
    from pathlib import Path

    from app.store.unit_of_work import Store

    from fakes.clock import FixedClock

PROVIDER = a_provider(slug="moved")
DOMAINS = tuple(a_domain(f"d{number}.example", provider="moved") for number in range(3))
BELONGINGS = Belongings(providers=(PROVIDER,), domains=DOMAINS, losses=(Loss("domain x", "has no servers"),))


@pytest.fixture
def moving_in(store: Store, clock: FixedClock) -> MovingIn:
    return MovingIn(store, ProviderService(store, clock), BulkService(store, clock))


async def stored_names(store: Store) -> list[str]:
    async with store.writing() as unit:
        found = await unit.domain_batches.find([domain.name.ascii for domain in DOMAINS])
    return sorted(found)


async def actions(store: Store) -> Counter[str]:
    async with store.reading() as unit:
        return Counter(
            [entry.action for entry in await unit.audit.newest(AuditFilter(), before=None, limit=100)]
        )


async def test_all_is_stored_with_its_audit_and_a_second_time_changes_nothing(
    store: Store, moving_in: MovingIn
) -> None:
    first = await moving_in.apply(BELONGINGS)
    assert (first.providers, first.domains) == ({Result.CREATED: 1}, {Result.CREATED: 3})
    assert first.losses == list(BELONGINGS.losses)
    assert await stored_names(store) == [domain.name.ascii for domain in DOMAINS]
    written = await actions(store)
    assert written == {"provider.put": 1, "domain.put": 3}
    second = await moving_in.apply(BELONGINGS)
    assert (second.providers, second.domains) == ({Result.UNCHANGED: 1}, {Result.UNCHANGED: 3})
    assert await actions(store) == written


async def test_a_dry_run_says_the_same_and_stores_nothing(store: Store, moving_in: MovingIn) -> None:
    move = await moving_in.apply(BELONGINGS, dry_run=True)
    assert (move.providers, move.domains) == ({Result.CREATED: 1}, {Result.CREATED: 3})
    assert await stored_names(store) == []
    async with store.reading() as unit:
        assert await unit.providers.find("moved") is None


async def test_what_is_stored_with_other_settings_is_kept_unless_it_is_to_be_replaced(
    store: Store, moving_in: MovingIn
) -> None:
    await stored_provider(store)
    await stored_domain(store, a_domain("d1.example", reference="K-17"))
    move = await moving_in.apply(BELONGINGS)
    assert move.domains == {Result.CREATED: 2, Result.FAILED: 1}
    assert [loss.subject for loss in move.losses] == ["domain x", "domain d1.example"]
    replaced = await moving_in.apply(BELONGINGS, overwrite=True)
    assert replaced.domains == {Result.UPDATED: 1, Result.UNCHANGED: 2}
    async with store.reading() as unit:
        found = await unit.domains.find(DomainName("d1.example"))
    assert found is not None
    assert (found.value.provider, found.value.reference) == ("moved", None)


async def test_the_domains_of_a_provider_that_is_kept_are_left_out(store: Store, moving_in: MovingIn) -> None:
    await stored_provider(store, replace(PROVIDER, display_name="Another"))
    move = await moving_in.apply(BELONGINGS)
    assert (move.providers, move.domains) == ({Result.FAILED: 1}, {Result.FAILED: 3})
    assert "provider moved" in [loss.subject for loss in move.losses]
    assert await stored_names(store) == []


async def test_a_provider_whose_domains_lack_what_its_servers_need_is_left_as_it_is(
    store: Store, moving_in: MovingIn
) -> None:
    await stored_provider(store, PROVIDER)
    await stored_domain(store, DOMAINS[0])
    needy = replace(PROVIDER, servers=(an_imap_server(hostname="%NODE%.provider.example"),))
    move = await moving_in.apply(Belongings(providers=(needy,), domains=DOMAINS), overwrite=True)
    assert (move.providers, move.domains) == ({Result.FAILED: 1}, {Result.FAILED: 3})
    async with store.reading() as unit:
        found = await unit.providers.find("moved")
    assert found is not None
    assert found.value == PROVIDER


async def test_a_database_of_automx2_is_read_and_not_changed(tmp_path: Path, moving_in: MovingIn) -> None:
    path = a_database(tmp_path / "db.sqlite")
    before = path.read_bytes()
    found = read_tables(moving_in.read_automx2(path))
    assert path.read_bytes() == before
    assert [provider.slug for provider in found.providers] == ["bigcorp", "bigcorp-2"]
    assert {domain.name.unicode: domain.provider for domain in found.domains} == {
        "example.com": "bigcorp",
        "example.net": "bigcorp",
        "bücher.example": "bigcorp",
        "own.example": "bigcorp",
        "sendonly.example": "bigcorp-2",
    }
    move = await moving_in.apply(found)
    assert move.domains == {Result.CREATED: 5}


async def test_an_older_database_without_dav_servers_is_read(tmp_path: Path, moving_in: MovingIn) -> None:
    schema = (
        "CREATE TABLE provider (id INTEGER, name TEXT, short_name TEXT); CREATE TABLE server (id INTEGER);"
        "CREATE TABLE domain (id INTEGER); CREATE TABLE server_domain (server_id INTEGER, domain_id INTEGER);"
    )
    tables = moving_in.read_automx2(a_database(tmp_path / "old.sqlite", rows="", schema=schema))
    assert (tables.dav_servers, tables.dav_links) == ([], [])


@pytest.mark.parametrize("content", [b"SQLite format 3\x00 and then something else", b""])
async def test_what_is_no_database_of_automx2_is_refused(
    tmp_path: Path, moving_in: MovingIn, content: bytes
) -> None:
    path = tmp_path / "db.sqlite"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match="must"):
        moving_in.read_automx2(path)


async def test_domains_of_which_only_names_are_known_leave_what_is_stored_as_it_is(
    store: Store, moving_in: MovingIn
) -> None:
    await stored_provider(store, PROVIDER)
    await stored_provider(store, a_provider(slug="other"))
    own = replace(DOMAINS[0], servers=(an_imap_server(hostname="own.example"),))
    await stored_domain(store, own)
    await stored_domain(store, replace(DOMAINS[1], provider="other"))
    named = tuple(MovedDomain(name=domain.name) for domain in DOMAINS)
    move = await moving_in.apply(attach(named, "moved"))
    assert move.domains == {Result.UNCHANGED: 1, Result.FAILED: 1, Result.CREATED: 1}
    assert [loss.reason for loss in move.losses] == ["is stored already, with the provider other"]
    async with store.writing() as unit:
        assert (await unit.domain_batches.find([own.name.ascii]))[own.name.ascii].is_same_as(own)


async def test_domains_of_a_provider_that_is_not_there_are_refused(moving_in: MovingIn) -> None:
    with pytest.raises(ProviderNotFound):
        await moving_in.apply(attach((MovedDomain(name=DOMAINS[0].name),), "nobody"))
