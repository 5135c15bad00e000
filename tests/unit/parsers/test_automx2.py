from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from app.core.automx2_tables import Tables
from app.core.errors import InvalidInput
from app.core.moving import MAX_FILE_BYTES
from app.core.servers import Authentication, ServerType, SocketType
from app.parsers.automx2 import parse_seed, read_tables

from automx2_files import a_seed

if TYPE_CHECKING:
    from app.core.moving import Belongings
    from app.core.servers import Server

PROVIDER = {"id": 1, "name": "Big Corporation, Inc.", "short_name": "BigCorp"}


def a_row(number: int, server_type: str = "imap", **changes: object) -> dict[str, object]:
    row = {
        "id": number,
        "prio": 10,
        "name": f"srv{number}.big.example",
        "port": 993,
        "type": server_type,
        "socket_type": "SSL",
        "user_name": "%EMAILADDRESS%",
        "authentication": "plain",
    }
    return {**row, **changes}


def with_servers(*rows: dict[str, object], domains: dict[str, list[int]]) -> Belongings:
    """Read a provider whose domains have these servers."""
    names = list(domains)
    return read_tables(
        Tables(
            providers=[PROVIDER],
            domains=[{"id": number, "name": name, "provider_id": 1} for number, name in enumerate(names)],
            servers=rows,
            server_links=[(server, names.index(name)) for name, found in domains.items() for server in found],
        )
    )


def places(servers: tuple[Server, ...]) -> list[tuple[str, str | None, int | None]]:
    return [(server.key, server.hostname or server.url, server.port) for server in servers]


def losses(belongings: Belongings) -> dict[str, str]:
    return {loss.subject: loss.reason for loss in belongings.losses}


def test_a_seed_gives_a_provider_with_its_servers_and_all_domains() -> None:
    found = parse_seed(a_seed())
    (provider,) = found.providers
    assert (provider.slug, provider.display_name) == ("example", "Example Inc.")
    assert places(provider.servers) == [
        ("imap", "imap.example.com", 993),
        ("smtp", "smtp.example.com", 587),
        ("carddav", "https://dav.example.net/%EMAILADDRESS%/", None),
    ]
    imap, smtp, carddav = provider.servers
    assert (imap.socket_type, smtp.socket_type) == (SocketType.TLS, SocketType.STARTTLS)
    assert imap.authentication == (Authentication.PASSWORD_CLEARTEXT,)
    assert carddav.authentication == (Authentication.HTTP_BASIC,)
    assert {server.username for server in provider.servers} == {"%EMAILADDRESS%"}
    assert [(one.name.ascii, one.provider, one.servers) for one in found.domains] == [
        ("example.com", "example", ()),
        ("example.net", "example", ()),
    ]
    assert found.losses == ()


def test_a_login_in_a_seed_counts_as_little_as_it_does_for_automx2() -> None:
    server = {"type": "imap", "name": "imap.example.com", "user_name": "x", "authentication": "NTLM"}
    (taken,) = parse_seed(a_seed(servers=[server])).providers[0].servers
    assert (taken.username, taken.authentication) == (
        "%EMAILADDRESS%",
        (Authentication.PASSWORD_CLEARTEXT,),
    )


def test_the_older_seed_without_a_version_is_read_too() -> None:
    seed = json.loads(a_seed(domains=["example.com", "example.net"]))
    del seed["version"]
    assert parse_seed(json.dumps(seed).encode()) == parse_seed(a_seed())


@pytest.mark.parametrize(
    ("seed", "fault"),
    [
        (b"SQLite", "line 1: must be JSON (Expecting value)"),
        (b"[" * 100_000, "input: must be JSON"),
        (b"[]", "input: must be an object"),
        (a_seed(version=3), "version: must be 1 or 2"),
        (a_seed(provider=""), "provider: must be the provider's name"),
        (a_seed(domains={}), "domains: must be a list"),
        (a_seed(servers=[7]), "servers.0: must be an object"),
        (b" " * (MAX_FILE_BYTES + 1), f"input: must be at most {MAX_FILE_BYTES} bytes"),
    ],
    ids=range(8),
)
def test_what_is_no_seed_is_refused_with_the_reason(seed: bytes, fault: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_seed(seed)
    assert str(refused.value) == fault


def test_servers_come_in_the_order_of_their_priorities() -> None:
    found = with_servers(a_row(1), a_row(2, prio=5), domains={"a.example": [1, 2]})
    assert places(found.providers[0].servers) == [
        ("imap", "srv2.big.example", 993),
        ("imap-2", "srv1.big.example", 993),
    ]


def test_a_domain_with_another_server_keeps_that_as_its_own_and_takes_the_rest_from_the_provider() -> None:
    rows = (a_row(1), a_row(2, "smtp"), a_row(3))
    found = with_servers(*rows, domains={"a.example": [1, 2], "b.example": [1, 2], "c.example": [3, 2]})
    (provider,) = found.providers
    assert places(provider.servers) == [("imap", "srv1.big.example", 993), ("smtp", "srv2.big.example", 993)]
    own = [places(domain.servers) for domain in found.domains]
    assert own == [[], [], [("imap", "srv3.big.example", 993)]]


def test_a_domain_that_lacks_a_type_goes_with_a_further_provider() -> None:
    rows = (a_row(1), a_row(2, "smtp"))
    found = with_servers(*rows, domains={"a.example": [1, 2], "b.example": [1, 2], "c.example": [2]})
    assert [provider.slug for provider in found.providers] == ["bigcorp", "bigcorp-2"]
    assert [server.type for server in found.providers[1].servers] == [ServerType.SMTP]
    assert [(domain.name.ascii, domain.provider) for domain in found.domains] == [
        ("a.example", "bigcorp"),
        ("b.example", "bigcorp"),
        ("c.example", "bigcorp-2"),
    ]


def test_what_cannot_be_said_here_is_told_and_the_rest_is_taken() -> None:
    rows = (a_row(1), a_row(2, "INVALID"), a_row(3, authentication="magic"), a_row(4, "pop", port=None))
    found = with_servers(*rows, domains={"a.example": [1, 2, 3, 4], "b.example": [2], "not a name": [1]})
    assert [(domain.name.ascii, domain.provider) for domain in found.domains] == [("a.example", "bigcorp")]
    assert places(found.providers[0].servers) == [("imap", "srv1.big.example", 993)]
    told = losses(found)
    assert set(told) == {
        "server srv2.big.example",
        "server srv3.big.example",
        "server srv4.big.example",
        "domain b.example",
        "domain not a name",
    }
    assert told["server srv2.big.example"] == "type: must be one of imap, pop, smtp, not INVALID"
    assert told["server srv4.big.example"] == "port: is needed for a server of type pop3"
    assert told["domain b.example"] == "has no servers, so that nothing could be told of it"


def test_what_nothing_leads_to_is_told() -> None:
    tables = Tables(
        providers=[PROVIDER, {**PROVIDER, "id": 2, "name": "Empty"}],
        domains=[
            {"id": 1, "name": "a.example", "provider_id": 1},
            {"id": 2, "name": "lost.example", "provider_id": 3},
            {"id": 3, "name": "free.example", "provider_id": None},
        ],
        servers=[a_row(1), a_row(2), a_row(3), a_row(4)],
        server_links=[(1, 1), (2, 2), (3, 9)],
        dav_servers=[{"id": 1, "url": "https://dav.example/", "port": 0, "type": "caldav"}],
    )
    found = read_tables(tables)
    assert [domain.name.ascii for domain in found.domains] == ["a.example"]
    no_provider, no_domain = "is of a provider that is not there", "is linked to no domain"
    assert {subject: reason.partition(",")[0] for subject, reason in losses(found).items()} == {
        "domain lost.example": no_provider,
        "domain free.example": no_provider,
        "provider Empty": "has no domains",
        "server srv3.big.example": no_domain,
        "server srv4.big.example": no_domain,
        "server https://dav.example/": no_domain,
    }


def test_login_names_from_ldap_are_told_to_be_lost() -> None:
    domains = [{"id": 1, "name": "a.example", "provider_id": 1, "ldapserver_id": 42}]
    tables = Tables(providers=[PROVIDER], domains=domains, servers=[a_row(1)], server_links=[(1, 1)])
    assert "LDAP" in losses(read_tables(tables))["domain a.example"]


@pytest.mark.parametrize(
    ("url", "port", "expected"),
    [
        ("https://dav.example/x", 0, "https://dav.example/x"),
        ("https://dav.example/x", 443, "https://dav.example/x"),
        ("http://dav.example", 80, "http://dav.example"),
        ("https://dav.example/x", 8443, "https://dav.example:8443/x"),
        ("https://dav.example:444/x", 8443, "https://dav.example:444/x"),
    ],
)
def test_the_port_beside_a_url_becomes_part_of_it(url: str, port: int, expected: str) -> None:
    seed = a_seed(servers=[{"type": "caldav", "url": url, "port": port}])
    assert [server.url for server in parse_seed(seed).providers[0].servers] == [expected]


def test_a_name_that_is_too_long_is_cut_and_told_and_keeps_its_domains() -> None:
    domain = {"id": 1, "name": "a.example", "provider_id": 1}
    tables = Tables(
        providers=[{**PROVIDER, "name": "x" * 61}],
        domains=[domain],
        servers=[a_row(1)],
        server_links=[(1, 1)],
    )
    found = read_tables(tables)
    assert (found.providers[0].display_name, len(found.domains)) == ("x" * 60, 1)
    assert [loss.reason for loss in found.losses] == ["is cut to 60 characters"]


def test_two_providers_of_one_short_name_have_slugs_of_their_own() -> None:
    other = {**PROVIDER, "id": 2}
    domains = [{"id": number, "name": f"d{number}.example", "provider_id": number} for number in (1, 2)]
    links = [(1, 1), (1, 2)]
    providers = [PROVIDER, other]
    tables = Tables(providers=providers, domains=domains, servers=[a_row(1)], server_links=links)
    found = read_tables(tables)
    assert [provider.slug for provider in found.providers] == ["bigcorp", "bigcorp-2"]
