"""The files of a static export are what the service answers, for every account, byte for byte."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from app.core.domains import DomainStatus
from app.core.mail_transport import MtaSts, StsMode
from app.core.names import DomainName
from app.services.static_documents import NAME_VARIABLE, Kind, Layout, Reason
from app.services.static_export import StaticExport, Tally

from builders import a_domain, a_mailbox, a_provider, an_imap_server, an_smtp_server
from contracts.accounts import ACCOUNTS
from databases import ON_SQLITE, opened, stored_domain, stored_mailbox, stored_provider
from serving import Sent, Serving, serving

if TYPE_CHECKING:
    from app.core.provider import Provider
    from app.store.unit_of_work import Store

LONG = f"{'l' * 63}.{'m' * 63}.{'n' * 30}.example"
NAMES = ("customer.example", "other.example", "a-1.xn--bcher-kva.example", "x.example", LONG)
STORED = (*NAMES, "alias.example")
LOCALS = ("jane", "Jane.Doe", "jane-doe", "EVOLUTIONUSER", "00123", "a_b", "special", "x" * 64)
DIRECTIVE = f'<!--#echo var="{NAME_VARIABLE}" encoding="none" -->'.encode()
POLICY = MtaSts(mode=StsMode.TESTING, mx=("mx.provider.example",))
PLACES = {
    Kind.ANYBODY: ("/mail/config-v1.1.xml", "autoconfig."),
    Kind.DOMAIN: ("/mail/config-v1.1.xml", "autoconfig."),
    Kind.PACC: ("/.well-known/user-agent-configuration.json", "ua-auto-config."),
    Kind.MTA_STS: ("/.well-known/mta-sts.txt", "mta-sts."),
}


async def exported(
    ways: Serving, layout: Layout = Layout.FILES
) -> tuple[dict[str, dict[Kind, bytes]], Tally]:
    tally = Tally()
    found: dict[str, dict[Kind, bytes]] = {}
    async for batch in StaticExport(ways.services.store).batches(tally, layout):
        found.update((one.name, one.files) for one in batch)
    return found, tally


async def compare(ways: Serving, files: dict[str, dict[Kind, bytes]], name: str) -> None:
    """Ask the service for all that files may answer."""
    mine = files.get(name, {})
    for kind, (path, prefix) in PLACES.items():
        if kind is Kind.DOMAIN:
            continue
        expected = mine.get(kind, mine.get(Kind.DOMAIN) if kind is Kind.ANYBODY else None)
        answer = await Sent(path=path, host=f"{prefix}{name}".encode()).to(ways.ordinary)
        assert (answer.body if answer.status == 200 else None) == expected, (name, kind)
    if Kind.ANYBODY in mine:
        for local in LOCALS:
            query = f"emailaddress={local}%40{name}".encode()
            answer = await Sent(path="/mail/config-v1.1.xml", query=query).to(ways.ordinary)
            assert answer.body == mine[Kind.ANYBODY], (name, local)


async def place(store: Store, provider: Provider) -> None:
    """Store a provider with all the domains, in place of the one that had them."""
    async with store.writing() as unit:
        for name in reversed(STORED):
            old = await unit.domains.find(DomainName(name))
            if old is not None:
                await unit.domains.delete(old)
    await stored_provider(store, provider)
    for name in NAMES:
        await stored_domain(store, a_domain(name, provider=provider.slug))
    alias = a_domain(STORED[-1], provider=provider.slug, alias_of=DomainName(NAMES[1]))
    await stored_domain(store, alias)


@ON_SQLITE
@pytest.mark.parametrize("part", range(4))
async def test_every_accounts_files_are_what_the_service_says(database_url: str, part: int) -> None:
    async with serving(database_url) as ways:
        for number, account in enumerate(ACCOUNTS.values()):
            if number % 4 != part:
                continue
            policy = POLICY if number % 8 < 4 else None
            await place(ways.services.store, replace(account.provider, slug=f"p{number}", mta_sts=policy))
            files, tally = await exported(ways)
            shared, _ = await exported(ways, Layout.NGINX)
            assert tally.domains == len(STORED)
            for name in STORED:
                await compare(ways, files, name)
                filled = {kind: body.replace(DIRECTIVE, name.encode()) for kind, body in shared[name].items()}
                assert filled == files[name]


async def files_of(ways: Serving, name: str = "customer.example") -> tuple[set[Kind], set[Reason]]:
    files, tally = await exported(ways)
    await compare(ways, files, name)
    return set(files.get(name, {})), set(tally.reasons)


@ON_SQLITE
async def test_a_mailbox_of_its_own_leaves_addresses_to_the_service(database_url: str) -> None:
    async with serving(database_url) as ways:
        await stored_provider(ways.services.store)
        await stored_domain(ways.services.store)
        kinds, reasons = await files_of(ways)
        assert Kind.ANYBODY in kinds
        assert Reason.MAILBOXES not in reasons
        await stored_mailbox(ways.services.store, a_mailbox(login="c1"))
        kinds, reasons = await files_of(ways)
        assert Kind.DOMAIN in kinds
        assert Kind.ANYBODY not in kinds
        assert Reason.MAILBOXES in reasons


@ON_SQLITE
@pytest.mark.parametrize(
    "changes",
    [
        {"lowercase_login": True},
        {"subaddress_separator": "+"},
        {"servers": (an_imap_server(username="%EMAILLOCALPART%.%EMAILDOMAIN%"), an_smtp_server())},
        {"servers": (an_imap_server(username="special"), an_smtp_server(username="special"))},
        {"servers": (an_imap_server(hostname="%EMAILLOCALPART%.provider.example"), an_smtp_server())},
    ],
    ids=["lower-case", "tag", "composed", "stored", "host"],
)
async def test_what_depends_on_the_address_is_left_to_the_service(
    database_url: str, changes: dict[str, object]
) -> None:
    async with serving(database_url) as ways:
        await stored_provider(ways.services.store, a_provider(**changes))
        await stored_domain(ways.services.store)
        kinds, reasons = await files_of(ways)
        assert Kind.ANYBODY not in kinds
        assert Reason.LOGIN in reasons


@ON_SQLITE
async def test_suspended_domains_and_their_aliases_have_no_files(database_url: str) -> None:
    async with serving(database_url) as ways:
        store = ways.services.store
        await stored_provider(store, a_provider(mta_sts=POLICY))
        await stored_domain(store, a_domain(status=DomainStatus.SUSPENDED))
        await stored_domain(store, a_domain("alias.example", alias_of=DomainName("customer.example")))
        files, tally = await exported(ways)
        assert files == {}
        assert (tally.domains, tally.suspended) == (0, 2)


@ON_SQLITE
@pytest.mark.parametrize("pattern", ["mail-%EMAILDOMAIN%", "%EMAILDOMAIN%-mail", "mail.%EMAILDOMAIN%"])
async def test_a_name_that_makes_a_host_too_long_counts(database_url: str, pattern: str) -> None:
    servers = (an_imap_server(hostname=pattern), an_imap_server(key="second"), an_smtp_server())
    async with serving(database_url) as ways:
        store = ways.services.store
        await stored_provider(store, a_provider(servers=servers))
        names = ("a.example", f"{'w' * 63}.example", f"w.{'x' * 63}", f"{'w.' * 100}example", LONG)
        for name in names:
            await stored_domain(store, a_domain(name))
        files, _ = await exported(ways)
        for name in names:
            await compare(ways, files, name)


@ON_SQLITE
async def test_no_text_becomes_a_directive_of_nginx(database_url: str) -> None:
    attack = '<!--#include virtual="/x" -->'
    async with serving(database_url) as ways:
        # Where PACC can say it.
        await stored_provider(
            ways.services.store,
            a_provider(display_name=attack, servers=(an_imap_server(), an_smtp_server())),
        )
        await stored_domain(ways.services.store)
        files, _ = await exported(ways)
        assert attack.encode()[:5] in files["customer.example"][Kind.PACC]
        shared, tally = await exported(ways, Layout.NGINX)
        assert set(shared["customer.example"]) == {Kind.ANYBODY}
        assert Reason.DIRECTIVE in tally.reasons


async def test_all_domains_are_found_page_by_page(database_url: str) -> None:
    names = [f"d{number}.example" for number in range(25)]
    async with opened(database_url) as store:
        await stored_provider(store)
        for name in names:
            await stored_domain(store, a_domain(name))
        async with store.discovering() as accounts:
            assert await accounts.count() == len(names)
            found: list[str] = []
            while page := await accounts.standings(found[-1] if found else "", 10):
                found += [standing.name for standing in page]
        assert sorted(found) == sorted(names)
