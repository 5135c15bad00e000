from __future__ import annotations

import pytest
from app.core.errors import InvalidInput
from app.core.moving import MovedDomain
from app.core.names import DomainName
from app.core.servers import Authentication, SmtpOptions
from app.parsers.automx import parse_automx

from moved import losses, names, told
from peer_files import AUTOMX

GLOBAL = "[automx]\nprovider = p.example\ndomains = a.example\n[global]\nbackend = static\naccount_name = P\n"
IMAP = (
    "imap = yes\nimap_server = imap.p.example\nimap_port = 993\nimap_encryption = ssl\n"
    "imap_auth = plaintext\n"
)


def test_domains_have_the_global_section_or_their_own() -> None:
    found = parse_automx(AUTOMX.encode())
    (provider,) = found.providers
    assert (provider.slug, provider.display_name, provider.short_name) == (
        "example-inc",
        "Example Incorporated",
        "Example Inc.",
    )
    assert told(provider.servers) == [
        ("smtp", "smtp.provider.example", 587, "starttls"),
        ("imap", "imap.provider.example", 993, "tls"),
    ]
    assert {server.username for server in provider.servers} == {"%EMAILADDRESS%"}
    assert provider.servers[0].options == SmtpOptions(use_global_preferred_server=True)
    assert names(found) == {"one.example": "", "two.example": "", "three.example": ""}
    assert losses(found) == {}


def test_a_section_that_does_not_append_replaces_what_led_to_it() -> None:
    third = parse_automx(AUTOMX.encode()).domains[2]
    assert told(third.servers) == []


def test_a_chain_of_appending_sections_has_several_servers_of_a_type() -> None:
    text = AUTOMX.replace("[global]\nbackend = static", "[global]\nbackend = static_append")
    third = parse_automx(text.encode()).domains[2]
    assert told(third.servers) == [
        ("imap", "mail.%EMAILDOMAIN%", 143, "starttls"),
        ("imap-2", "imap.provider.example", 993, "tls"),
    ]
    first = third.servers[0]
    assert (first.username, first.authentication) == (
        "%EMAILLOCALPART%",
        (Authentication.PASSWORD_ENCRYPTED,),
    )


def test_what_a_directory_knows_is_told_and_the_login_is_the_address() -> None:
    dynamic = "imap_auth_identity = ${uid}\naccount_name = Mail - ${cn}\n"
    text = f"{GLOBAL.replace('static', 'ldap')}{IMAP}{dynamic}"
    found = parse_automx(text.encode())
    assert found.providers[0].display_name == "Mail"
    assert found.providers[0].servers[0].username == "%EMAILADDRESS%"
    assert list(losses(found)) == ["section global, imap"]


def test_sections_for_any_domain_and_listed_domains_are_taken() -> None:
    text = f"{GLOBAL.replace('a.example', '*')}{IMAP}[b.example]\nbackend = global\n"
    listed = (MovedDomain(name=DomainName("c.example"), alias_of=DomainName("b.example")),)
    assert names(parse_automx(text.encode(), listed)) == {"b.example": "", "c.example": ""}
    assert losses(parse_automx(text.encode())) == {
        "automx": "answers for any domain: those without a section are taken with --domains FILE"
    }


@pytest.mark.parametrize(
    ("section", "subject", "reason"),
    [
        ("backend = filter\nsection_filter = x\n", "domain a.example", "is chosen by a program"),
        ("backend = carrier-pigeon\n", "domain a.example", "must be one that automx has"),
        ("backend = static\nfollow = a.example\n", "domain a.example", "leads in circles"),
        ("backend = static\nfollow = gone\n", "domain a.example", "section gone: is not there"),
        ("backend = static\n", "domain a.example", "has no servers"),
        ("backend = file\nautoconfig = /x.xml\nfollow = global\n", "section a.example", "files of its own"),
        ("backend = static\nox = yes\nfollow = global\n", "section a.example", "ox"),
        (f"backend = sql\n{IMAP}pop = ${{pop}}\n", "section a.example, pop", "looked up for each address"),
        (f"backend = static\n{IMAP}imap_port = x\n", "section a.example, imap", "imap_port: must be a port"),
        (f"backend = static\n{IMAP}imap_auth = kerberos\n", "section a.example, imap", "must be one of"),
        (f"backend = static\n{IMAP}imap_server = %(host)s\n", "section a.example, imap", "macros"),
        (f"backend = static\nserver_url = ftp://x\n{IMAP}", "section a.example, server_url", "must start"),
    ],
)
def test_what_cannot_be_followed_is_told(section: str, subject: str, reason: str) -> None:
    found = parse_automx(f"{GLOBAL}{IMAP}[a.example]\n{section}".encode())
    assert reason in losses(found)[subject]


def test_calendars_and_activesync_are_taken_with_their_urls() -> None:
    text = (
        f"{GLOBAL}{IMAP}caldav = yes\ncaldav_server = https://dav.p.example/%s/\ncarddav = yes\n"
        "carddav_server = dav.p.example\ncarddav_port = 8443\n"
        "server_url = https://sync.p.example/Microsoft-Server-ActiveSync\n"
    )
    servers = {server.key: server.url for server in parse_automx(text.encode()).providers[0].servers}
    assert servers == {
        "imap": None,
        "caldav": "https://dav.p.example/%EMAILADDRESS%/",
        "carddav": "https://dav.p.example:8443/.well-known/carddav",
        "activesync": "https://sync.p.example/Microsoft-Server-ActiveSync",
    }


def test_a_port_without_a_word_for_its_protection_is_taken_with_protection() -> None:
    found = parse_automx(f"{GLOBAL}{IMAP}imap_encryption = auto\nimap_port = 143\n".encode())
    assert told(found.providers[0].servers) == [("imap", "imap.p.example", 143, "starttls")]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"provider = x\n", "line 1: must be in a section"),
        (b"[automx]\nprovider = x\nnonsense\n", "line 3: must be a section or parameter = value"),
        (b"[automx]\n\xff\n", "line 2: must be UTF-8"),
        (b"[other]\n", "input: must have a section [automx]"),
        (b"[automx]\nprovider = x\n", "automx.domains: must name domains"),
    ],
)
def test_what_is_no_configuration_is_refused_with_its_line(data: bytes, reason: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_automx(data)
    assert str(refused.value) == reason


def test_a_name_that_is_too_long_is_cut_and_told() -> None:
    found = parse_automx(f"{GLOBAL}{IMAP}account_name = {'x' * 61}\n".encode())
    assert found.providers[0].display_name == "x" * 60
    assert losses(found) == {f"provider {'x' * 61}": "is cut to 60 characters"}


def test_a_server_without_a_port_is_left_out() -> None:
    text = GLOBAL + IMAP.replace("imap_port = 993\n", "") + "pop = yes\npop_server = pop.p.example\n"
    found = losses(parse_automx(text.encode()))
    assert found["section global, imap"] == "port: is needed for a server of type imap"
    assert found["section global, pop"].startswith("pop_encryption: must be one of")


def test_a_section_that_others_follow_is_told_and_taken_where_it_is_listed_as_a_domain() -> None:
    text = f"{GLOBAL.replace('a.example', '*')}{IMAP}[a.example]\nbackend = static\nfollow = B.example\n"
    text += f"[b.example]\nbackend = static\n{IMAP}"
    listed = (MovedDomain(name=DomainName("b.example")),)
    assert names(parse_automx(text.encode())) == {"a.example": ""}
    assert "where it is a domain as well" in losses(parse_automx(text.encode()))["section b.example"]
    assert names(parse_automx(text.encode(), listed)) == {"a.example": "", "b.example": ""}


def test_sections_that_are_no_domains_are_passed_over() -> None:
    others = "[shared]\nbackend = static\n[b.example]\nbackend = global\n"
    text = f"{GLOBAL.replace('a.example', '*')}{IMAP}{others}"
    assert names(parse_automx(text.encode())) == {"b.example": ""}
