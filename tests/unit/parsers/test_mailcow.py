from __future__ import annotations

import pytest
from app.core.errors import InvalidInput
from app.parsers.domain_lists import parse_domain_lists
from app.parsers.mailcow import parse_mailcow

from moved import losses, names, told
from peer_files import MAILCOW, MAILCOW_ALIASES, MAILCOW_DOMAINS, in_json

DOMAINS = parse_domain_lists(in_json([*MAILCOW_DOMAINS, *MAILCOW_ALIASES])).domains


def test_the_host_is_told_with_all_that_mailcow_tells_of_it() -> None:
    found = parse_mailcow(MAILCOW.encode(), DOMAINS)
    (provider,) = found.providers
    assert (provider.slug, provider.display_name) == ("mail-cow-example", "mail.cow.example")
    assert told(provider.servers) == [
        ("imap", "mail.cow.example", 993, "tls"),
        ("imap-2", "mail.cow.example", 143, "starttls"),
        ("pop3", "mail.cow.example", 995, "tls"),
        ("smtp", "mail.cow.example", 465, "tls"),
        ("smtp-2", "mail.cow.example", 587, "starttls"),
        ("managesieve", "mail.cow.example", 4190, "starttls"),
        ("caldav", "https://mail.cow.example/SOGo/dav/%EMAILADDRESS%/", None, None),
        ("carddav", "https://mail.cow.example/SOGo/dav/%EMAILADDRESS%/", None, None),
        ("activesync", "https://mail.cow.example/Microsoft-Server-ActiveSync", None, None),
        ("webmail", "https://mail.cow.example/SOGo/", None, None),
    ]
    assert names(found) == {"one.example": "", "off.example": "suspended", "alias.example": "one.example"}
    assert losses(found) == {"POP_PORT (line 14)": "is open to the host itself only"}


@pytest.mark.parametrize("word", ["y", "yes"])
def test_without_sogo_there_are_mail_servers_only(word: str) -> None:
    found = parse_mailcow(MAILCOW.replace("SKIP_SOGO=n", f"SKIP_SOGO={word}").encode(), DOMAINS)
    assert {server.type.value for server in found.providers[0].servers} == {
        "imap",
        "pop3",
        "smtp",
        "managesieve",
    }


def test_ports_that_are_not_set_are_those_of_a_new_installation() -> None:
    found = parse_mailcow(b"MAILCOW_HOSTNAME=mail.cow.example\nIMAPS_PORT=192.0.2.1:10993\n", DOMAINS)
    assert told(found.providers[0].servers)[:3] == [
        ("imap", "mail.cow.example", 10993, "tls"),
        ("imap-2", "mail.cow.example", 143, "starttls"),
        ("pop3", "mail.cow.example", 995, "tls"),
    ]


def test_what_has_no_place_here_is_told() -> None:
    text = f"{MAILCOW.replace('443', '8443')}".replace("_NAMES=", "_NAMES=other.example").replace("465", "x")
    found = losses(parse_mailcow(text.encode()))
    assert set(found) == {
        "POP_PORT (line 14)",
        "SMTPS_PORT (line 10)",
        "HTTPS_PORT (line 7)",
        "ADDITIONAL_SERVER_NAMES (line 18)",
        "mailcow",
    }


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("IMAP_PORT=143\n", "MAILCOW_HOSTNAME: must be set"),
        ("MAILCOW_HOSTNAME=cow\n", "MAILCOW_HOSTNAME (line 1): must have at least two labels"),
    ],
)
def test_a_file_without_the_hosts_name_is_refused(text: str, reason: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_mailcow(text.encode())
    assert str(refused.value) == reason


def test_a_binding_that_is_none_is_told() -> None:
    found = losses(parse_mailcow(b"MAILCOW_HOSTNAME=mail.cow.example\nPOP_PORT=here:110\n", DOMAINS))
    assert found == {"POP_PORT (line 2)": "must be [ADDRESS:]PORT, not here:110"}
