from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from app.core.account import ListedDomain
from app.core.domains import DomainStatus, PublishedName
from app.core.errors import ProviderNotFound
from app.core.names import DomainName
from app.core.provider import Support
from app.core.servers import ExchangeOptions, ImapOptions, LdapOptions, ServerType
from app.parsers.autoconfig import parse_autoconfig
from app.services.exporting import Export, Exporting

from builders import a_domain, a_mailbox, a_provider, an_imap_server, an_smtp_server
from databases import stored_domain, stored_mailbox, stored_provider

if TYPE_CHECKING:
    from app.store.unit_of_work import Store


async def exported(store: Store, slug: str | None = None) -> Export:
    return await Exporting(store).export(slug)


def domains_in(export: Export, name: str) -> list[str]:
    return [domain.name.ascii for domain in parse_autoconfig(export.files[name], "x").domains]


def remarks(export: Export) -> str:
    return "\n".join(remark.reason for remark in export.remarks)


async def test_a_provider_becomes_a_file_with_its_domains(store: Store) -> None:
    provider = a_provider(identifier="provider.example")
    await stored_provider(store, provider)
    for name in ("b.example", "provider.example", "bücher.example"):
        await stored_domain(store, a_domain(name, serves_mx=name == "b.example"))
    export = await exported(store)
    assert list(export.files) == ["provider.example.xml"]
    found = parse_autoconfig(export.files["provider.example.xml"], "provider")
    assert [(one.name.unicode, one.serves_mx) for one in found.domains] == [
        ("provider.example", False),
        ("b.example", True),
        ("bücher.example", False),
    ]
    assert found.provider.servers == provider.servers
    assert (export.domains, export.refused, export.remarks) == (3, [], [])


NAMES: dict[str, tuple[dict[str, Any], str]] = {
    "a slug that is a domain": ({"slug": "a.example", "identifier": "b.example"}, "a.example"),
    "the identifier": ({"slug": "acme", "identifier": "Acme.example"}, "acme.example"),
    "an identifier without a dot": ({"slug": "acme-eu", "identifier": "ACME"}, "acme"),
    "an identifier that is a slug": ({"slug": "acme", "identifier": "taken.example"}, "acme"),
    "an identifier of two": ({"slug": "acme", "identifier": "double.example"}, "acme"),
    "an identifier too long for a slug": ({"slug": "acme", "identifier": "a" * 60 + ".example"}, "acme"),
    "the first domain": ({"slug": "acme"}, "customer.example"),
}


@pytest.mark.parametrize("case", NAMES)
async def test_a_file_is_called_as_an_import_would_call_the_provider(store: Store, case: str) -> None:
    changes, stem = NAMES[case]
    await stored_provider(store, a_provider(**changes))
    await stored_domain(store, a_domain(provider=changes["slug"]))
    await stored_provider(store, a_provider(slug="taken.example"))
    await stored_provider(store, a_provider(slug="other", identifier="double.example"))
    assert list((await exported(store)).files) == [f"{stem}.xml"]
    assert list((await exported(store, changes["slug"])).files) == [f"{stem}.xml"]


async def test_a_domain_that_differs_is_left_out(store: Store) -> None:
    servers = (an_imap_server(hostname="%NODE%.provider.example"), an_smtp_server())
    await stored_provider(store, a_provider(servers=servers, variables={"NODE": "srv1"}))
    await stored_domain(store, a_domain("a.example"))
    await stored_domain(store, a_domain("same.example", variables={"NODE": "srv1", "OTHER": "x"}))
    await stored_domain(store, a_domain("variable.example", variables={"NODE": "srv2"}))
    await stored_domain(store, a_domain("server.example", servers=(an_imap_server(port=1993),)))
    export = await exported(store)
    assert domains_in(export, "a.example.xml") == ["a.example", "same.example"]
    assert b"srv1.provider.example" in export.files["a.example.xml"]
    assert "settings of their own are left out: 2 (server.example, variable.example)" in remarks(export)
    assert "no place for variables, whose values are filled in" in remarks(export)


async def test_only_what_is_published_is_exported(store: Store) -> None:
    await stored_provider(store)
    await stored_domain(store, a_domain("away.example", status=DomainStatus.SUSPENDED))
    await stored_domain(store, a_domain("alias-of-away.example", alias_of=DomainName("away.example")))
    await stored_domain(store, a_domain("here.example"))
    await stored_domain(store, a_domain("alias.example", alias_of=DomainName("here.example")))
    export = await exported(store)
    assert domains_in(export, "alias.example.xml") == ["alias.example", "here.example"]
    assert "suspended domains are left out: 2 (alias-of-away.example, away.example)" in remarks(export)


async def test_the_name_with_a_certificate_is_exported(store: Store) -> None:
    servers = (an_imap_server(hostname="mail.%EMAILDOMAIN%", shared_hostname="shared.provider.example"),)
    await stored_provider(store, a_provider(servers=servers))
    await stored_domain(store, a_domain("automatic.example"))
    await stored_domain(store, a_domain("own.example", published_name=PublishedName.OWN))
    export = await exported(store)
    assert domains_in(export, "automatic.example.xml") == ["automatic.example"]
    assert b"shared.provider.example" in export.files["automatic.example.xml"]
    assert "own host names beside the shared ones" in remarks(export)


async def test_what_a_file_cannot_hold_is_told(store: Store) -> None:
    options = LdapOptions(search_base="dc=provider")
    directory = an_imap_server(key="ldap", type=ServerType.LDAP, port=636, options=options)
    exchange = an_imap_server(
        key="exchange",
        type=ServerType.EXCHANGE,
        port=443,
        options=ExchangeOptions(autodiscover_url="https://hosted.example/autodiscover.xml"),
    )
    provider = a_provider(
        servers=(an_imap_server(options=ImapOptions(path_prefix="INBOX.")), directory, exchange),
        support=Support(phone="+49 30 1"),
        logo_url="https://provider.example/logo.svg",
        colour="#0b57d0",
        subaddress_separator="+",
        lowercase_login=True,
    )
    await stored_provider(store, provider)
    await stored_domain(store)
    await stored_mailbox(store, a_mailbox(login="c1047"))
    told = remarks(await exported(store))
    for part in (
        "server ldap is left out",
        "server exchange is written in part",
        "mailboxes with settings of their own are left out: 1",
        "the support contact, the logo, the colour, sub-addresses, logins in lower case, IMAP path prefixes",
    ):
        assert part in told


async def test_a_server_whose_variable_no_provider_has_is_told(store: Store) -> None:
    servers = (an_imap_server(hostname="%NODE%.provider.example"), an_smtp_server())
    await stored_provider(store, a_provider(servers=servers))
    await stored_domain(store, a_domain(variables={"NODE": "srv1"}))
    export = await exported(store)
    assert export.files == {}
    assert [remark.reason for remark in export.refused] == ["has no domain that a file could name"]
    assert "settings of their own are left out: 1 (customer.example)" in remarks(export)


async def test_a_file_that_would_not_be_read_again_is_not_written(store: Store) -> None:
    await stored_provider(store)
    names = [f"{'a' * 60}.{'b' * 60}.{number}.example" for number in range(7000)]
    async with store.writing() as unit:
        provider = await unit.providers.find("provider")
        assert provider is not None
        listed = [ListedDomain(name=DomainName(name)) for name in names]
        await unit.imports.insert(provider.id, listed, provider.created_at)
    export = await exported(store)
    assert export.files == {}
    assert "1000000 are what is read" in export.refused[0].reason


async def test_an_unknown_provider_is_told(store: Store) -> None:
    with pytest.raises(ProviderNotFound):
        await exported(store, "unknown")


async def test_progress_is_told(store: Store) -> None:
    for slug in ("a.example", "b.example"):
        await stored_provider(store, a_provider(slug=slug))
        await stored_domain(store, a_domain(slug, provider=slug))
    told: list[tuple[int, int]] = []
    await Exporting(store).export(progress=lambda done, total: told.append((done, total)))
    assert told == [(0, 2), (1, 2), (2, 2)]
