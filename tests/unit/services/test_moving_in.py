from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from app.core.audit import AuditFilter
from app.core.domains import DomainStatus, PublishedName
from app.core.errors import InvalidInput, ProviderNotFound
from app.core.mail_transport import MtaSts, StsMode, TlsReporting
from app.core.moving import Belongings, Loss, MovedDomain, attach
from app.core.names import DomainName
from app.core.provider import InputField, LocalisedText, OAuth2, Page, Support
from app.core.servers import Authentication, ImapOptions, ServerType
from app.parsers.automx import parse_automx
from app.parsers.automx2 import parse_seed, read_tables
from app.parsers.mailcow import parse_mailcow
from app.parsers.monogramm import parse_monogramm
from app.parsers.stalwart import parse_stalwart
from app.services.bulk import BulkService
from app.services.bulk_planning import Result
from app.services.moving_in import MovingIn
from app.services.providers import ProviderService

from automx2_files import a_database, a_seed
from builders import a_domain, a_mailbox, a_provider, a_url_server, an_imap_server, an_smtp_server
from databases import stored_domain, stored_mailbox, stored_provider
from fakes.clock import NOW
from peer_files import BY_PEER

if TYPE_CHECKING:
    from pathlib import Path

    from app.core.domains import Domain
    from app.core.provider import Provider
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
    found = await the_domain(store, "d1.example")
    assert (found.provider, found.reference) == ("moved", "K-17")


POLICY = MtaSts(mode=StsMode.TESTING, mx=("mx.here.example",))
REPORTS = TlsReporting(uris=("mailto:tls@here.example",))
OAUTH2 = OAuth2(
    issuer="login.here.example",
    scope="mail",
    authorization_url="https://login.here.example/authorize",
    token_url="https://login.here.example/token",
)
PROVIDER_HERE = {
    "identifier": "here.example",
    "instructions": (Page(url="https://here.example/how"),),
    "enable": (Page(url="https://here.example/enable"),),
    "support": Support(email="help@here.example"),
    "logo_url": "https://here.example/logo.svg",
    "colour": "#123456",
    "oauth2": OAUTH2,
    "input_fields": (InputField(key="LOGIN", label="Login"),),
    "variables": {"NODE": "srv1"},
    "list_domains": True,
    "subaddress_separator": "+",
    "lowercase_login": True,
    "mta_sts": POLICY,
    "tls_reporting": REPORTS,
}
DOMAIN_HERE = {
    "variables": {"NODE": "srv2"},
    "status": DomainStatus.SUSPENDED,
    "published_name": PublishedName.OWN,
    "reference": "K-17",
    "serves_mx": True,
    "mta_sts": POLICY,
    "tls_reporting": REPORTS,
}
LISTED = (MovedDomain(name=DomainName("listed.example")),)
BY_PROGRAM = {
    "automx2": parse_seed(a_seed()),
    "automx": parse_automx(BY_PEER["automx"], LISTED),
    "monogramm": parse_monogramm(BY_PEER["monogramm"], LISTED),
    "mailcow": parse_mailcow(BY_PEER["mailcow"], LISTED),
    "stalwart": parse_stalwart(BY_PEER["stalwart"], LISTED),
}


async def the_domain(store: Store, name: str) -> Domain:
    async with store.reading() as unit:
        found = await unit.domains.find(DomainName(name))
    assert found is not None
    return found.value


async def the_provider(store: Store, slug: str) -> Provider:
    async with store.reading() as unit:
        found = await unit.providers.find(slug)
    assert found is not None
    return found.value


async def changed_provider(store: Store, slug: str, **changes: Any) -> Provider:
    """Change a provider as an operator does."""
    async with store.writing() as unit:
        stored = await unit.providers.find(slug)
        assert stored is not None
        return (await unit.providers.replace(stored, replace(stored.value, **changes), NOW)).value


async def changed_domain(store: Store, name: str, **changes: Any) -> Domain:
    async with store.writing() as unit:
        stored = await unit.domains.find(DomainName(name))
        assert stored is not None
        provider = await unit.providers.find(stored.value.provider)
        assert provider is not None
        domain = replace(stored.value, **changes)
        return (await unit.domains.replace(stored, domain, provider.id, None, NOW)).value


@pytest.mark.parametrize("program", BY_PROGRAM)
async def test_a_replacement_leaves_alone_what_only_is_known_here(
    store: Store, moving_in: MovingIn, program: str
) -> None:
    theirs = BY_PROGRAM[program]
    slug, name = theirs.domains[-1].provider, theirs.domains[-1].name.ascii
    await moving_in.apply(theirs)
    taken = await the_provider(store, slug)
    ours = await changed_provider(
        store, slug, **PROVIDER_HERE, display_name="Another", short_name="Else", servers=(an_imap_server(),)
    )
    own = await changed_domain(store, name, **DOMAIN_HERE, servers=(an_imap_server(hostname="own.example"),))
    move = await moving_in.apply(theirs, overwrite=True)
    assert (move.providers[Result.UPDATED], move.domains[Result.UPDATED]) == (1, 1)
    assert await the_provider(store, slug) == replace(
        ours, display_name=taken.display_name, short_name=taken.short_name, servers=taken.servers
    )
    assert await the_domain(store, name) == replace(own, servers=())
    assert Loss(f"domain {name}", "is active there and stays suspended here") in move.notes
    again = await moving_in.apply(theirs, overwrite=True)
    assert (again.providers[Result.UPDATED], again.domains[Result.UPDATED]) == (0, 0)


@pytest.mark.parametrize("program", BY_PROGRAM)
async def test_what_only_is_known_here_is_no_other_setting(
    store: Store, moving_in: MovingIn, program: str
) -> None:
    theirs = BY_PROGRAM[program]
    slug, name = theirs.domains[-1].provider, theirs.domains[-1].name.ascii
    await moving_in.apply(theirs)
    ours = await changed_provider(store, slug, **PROVIDER_HERE)
    own = await changed_domain(store, name, **DOMAIN_HERE)
    for overwrite in (False, True):
        move = await moving_in.apply(theirs, overwrite=overwrite)
        assert set(move.providers) == set(move.domains) == {Result.UNCHANGED}
        assert move.notes == [Loss(f"domain {name}", "is active there and stays suspended here")]
    assert (await the_provider(store, slug), await the_domain(store, name)) == (ours, own)


async def test_a_domain_that_is_off_there_stays_on_here_and_that_is_told(
    store: Store, moving_in: MovingIn
) -> None:
    await moving_in.apply(BELONGINGS)
    off = replace(DOMAINS[0], status=DomainStatus.SUSPENDED)
    move = await moving_in.apply(Belongings(providers=(PROVIDER,), domains=(off,)), overwrite=True)
    assert move.notes == [Loss("domain d0.example", "is suspended there and stays active here")]
    assert (await the_domain(store, "d0.example")).status is DomainStatus.ACTIVE


async def test_a_shared_host_name_and_options_stay_with_a_server_at_the_same_place(
    store: Store, moving_in: MovingIn
) -> None:
    await moving_in.apply(BELONGINGS)
    known = {"shared_hostname": "shared.here.example", "options": ImapOptions(path_prefix="INBOX.")}
    imap = an_imap_server(**known, username="%EMAILLOCALPART%")
    pop3, smtp = PROVIDER.servers[1:]
    moved_smtp = replace(smtp, hostname="elsewhere.example", shared_hostname="shared.here.example")
    jmap = a_url_server(ServerType.JMAP)
    await changed_provider(store, "moved", servers=(imap, pop3, moved_smtp, jmap))
    move = await moving_in.apply(BELONGINGS, overwrite=True)
    assert (await the_provider(store, "moved")).servers == (an_imap_server(**known), pop3, smtp)
    assert [(note.subject, note.reason) for note in move.notes] == [
        (
            "provider moved",
            "server smtp is another one there: its shared host name and options are removed",
        ),
        ("provider moved", "server jmap is removed, for it has none of its kind there"),
    ]


async def test_values_and_data_that_no_server_needs_any_more_are_kept_and_told(
    store: Store, moving_in: MovingIn
) -> None:
    await moving_in.apply(BELONGINGS)
    needy = an_imap_server(
        hostname="%NODE%.here.example",
        authentication=(Authentication.OAUTH2, Authentication.PASSWORD_CLEARTEXT),
    )
    await changed_provider(store, "moved", servers=(needy,), variables={"NODE": "srv1"}, oauth2=OAUTH2)
    own = an_smtp_server(hostname="%ZONE%.%NODE%.here.example")
    own_variables = {"ZONE": "z", "OTHER": "o", "NODE": "n"}
    await changed_domain(store, "d0.example", servers=(own,), variables=own_variables)
    move = await moving_in.apply(BELONGINGS, overwrite=True)
    assert [(note.subject, note.reason) for note in move.notes] == [
        ("provider moved", "its servers need NODE no longer; values that are stored here are kept"),
        ("provider moved", "its servers do not take OAuth 2 any more, whose data is kept"),
        ("domain d0.example", "its own server smtp is removed, for it has none of its kind there"),
        (
            "domain d0.example",
            "its servers need NODE, ZONE no longer; the values that are stored here are kept",
        ),
    ]
    assert (await the_domain(store, "d0.example")).variables == own_variables
    provider = await the_provider(store, "moved")
    assert (provider.variables, provider.oauth2) == ({"NODE": "srv1"}, OAUTH2)


async def test_values_that_the_former_provider_needed_are_kept_and_told(
    store: Store, moving_in: MovingIn
) -> None:
    needy = an_imap_server(hostname="%NODE%.here.example")
    await stored_provider(store, a_provider(servers=(needy,)))
    await stored_domain(store, a_domain("d0.example", variables={"NODE": "srv1"}))
    move = await moving_in.apply(BELONGINGS, overwrite=True)
    told = "its servers need NODE no longer; the values that are stored here are kept"
    assert move.notes == [Loss("domain d0.example", told)]


async def test_nothing_is_told_of_a_domain_that_cannot_be_changed(store: Store, moving_in: MovingIn) -> None:
    await moving_in.apply(BELONGINGS)
    await changed_domain(store, "d0.example", servers=(an_imap_server(hostname="own.example"),))
    await stored_mailbox(store, a_mailbox("jane@d0.example", login="jane"))
    alias = replace(DOMAINS[0], alias_of=DOMAINS[1].name)
    move = await moving_in.apply(Belongings(providers=(PROVIDER,), domains=(alias,)), overwrite=True)
    assert move.domains == {Result.FAILED: 1}
    assert move.notes == []


async def test_a_domain_that_is_an_alias_here_only_is_none_any_more_and_that_is_told(
    store: Store, moving_in: MovingIn
) -> None:
    await moving_in.apply(Belongings(providers=(PROVIDER,), domains=DOMAINS[1:]))
    await stored_domain(store, replace(DOMAINS[0], alias_of=DOMAINS[1].name, reference="K-17"))
    move = await moving_in.apply(BELONGINGS, overwrite=True)
    assert move.notes == [
        Loss("domain d0.example", "is no longer an alias of d1.example, for it is none there")
    ]
    assert await the_domain(store, "d0.example") == replace(DOMAINS[0], reference="K-17")


async def test_pages_of_documentation_that_are_here_already_keep_their_descriptions(
    store: Store, moving_in: MovingIn
) -> None:
    (page,) = BY_PROGRAM["monogramm"].providers[0].documentation
    described = (replace(page, descriptions=(LocalisedText(text="Help"),)), Page(url="https://here.example/"))
    (slug,) = {provider.slug for provider in BY_PROGRAM["monogramm"].providers}
    await moving_in.apply(BY_PROGRAM["monogramm"])
    await changed_provider(store, slug, documentation=described, display_name="Another")
    await moving_in.apply(BY_PROGRAM["monogramm"], overwrite=True)
    assert (await the_provider(store, slug)).documentation == described
    await changed_provider(store, slug, documentation=described[1:])
    await moving_in.apply(BY_PROGRAM["monogramm"], overwrite=True)
    assert (await the_provider(store, slug)).documentation == (page,)


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
