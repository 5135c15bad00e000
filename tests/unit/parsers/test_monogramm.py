from __future__ import annotations

import pytest
from app.core.errors import InvalidInput
from app.core.moving import MovedDomain
from app.core.names import DomainName
from app.core.servers import LdapOptions
from app.parsers.monogramm import parse_monogramm

from moved import losses, names, told
from peer_files import MONOGRAMM, MONOGRAMM_COMPOSE

SYSTEMD = (
    "".join(f'Environment="{line}"\n' for line in MONOGRAMM.splitlines()[3:5]) + "IMAP_HOST: x.example\n"
)


@pytest.mark.parametrize("text", [MONOGRAMM, MONOGRAMM_COMPOSE])
def test_variables_are_read_as_lines_and_from_compose(text: str) -> None:
    found = parse_monogramm(text.encode())
    (provider,) = found.providers
    assert (provider.slug, provider.display_name) == ("example-company", "Example Company")
    assert [page.url for page in provider.documentation] == ["https://help.company.example"]
    assert told(provider.servers) == [
        ("imap", "imap.company.example", 993, "tls"),
        ("smtp", "smtp.company.example", 587, "starttls"),
    ]
    assert names(found) == {"company.example": ""}
    assert losses(found) == {}


def test_units_of_systemd_are_read() -> None:
    found = parse_monogramm(SYSTEMD.encode())
    assert names(found) == {"company.example": ""}
    assert losses(found) == {"IMAP_HOST (line 3)": "IMAP_SOCKET: must be one of SSL, STARTTLS, PLAIN, not "}


def test_it_answers_for_any_domain_so_that_others_can_be_listed() -> None:
    listed = tuple(MovedDomain(name=DomainName(name)) for name in ("company.example", "more.example"))
    assert names(parse_monogramm(MONOGRAMM.encode(), listed)) == {"company.example": "", "more.example": ""}


def test_a_directory_and_activesync_are_taken_and_identifiers_are_not() -> None:
    text = (
        "DOMAIN=a.example\nLDAP_HOST=ldap.a.example\nLDAP_PORT=636\nLDAP_BASE=dc=a\nLDAP_USER_FIELD=uid\n"
        "LDAP_USER_BASE=ou=People,dc=a\nLDAP_SEARCH=(x=y)\nMOBILESYNC_URL=https://sync.a.example\nMAIL_UUID=1\n"
    )
    found = parse_monogramm(text.encode())
    sync, directory = found.providers[0].servers
    assert sync.url == "https://sync.a.example"
    assert directory.options == LdapOptions(search_base="dc=a")
    assert directory.username == "uid=%EMAILLOCALPART%,ou=People,dc=a"
    assert list(losses(found)) == ["LDAP_SEARCH", "MAIL_UUID"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("COMPANY_NAME=x\n", "input: must set IMAP_HOST, POP_HOST or SMTP_HOST"),
        (
            "IMAP_HOST=a.example\nIMAP_HOST=b.example\n",
            "IMAP_HOST (line 2): is set to another value in line 1",
        ),
        ("IMAP_HOST=${HOST}\n", "IMAP_HOST (line 1): must be a value, not a reference to another variable"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_its_line(text: str, reason: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_monogramm(text.encode())
    assert str(refused.value) == reason


def test_a_port_that_is_none_leaves_out_its_server_only() -> None:
    found = parse_monogramm(MONOGRAMM.replace("993", "imaps").encode())
    assert [server.key for server in found.providers[0].servers] == ["smtp"]
    assert losses(found) == {"IMAP_HOST (line 6)": "IMAP_PORT: must be a port's number"}


def test_without_a_domain_the_provider_has_none() -> None:
    found = parse_monogramm(b"LDAP_HOST=ldap.a.example\nLDAP_PORT=389\nLDAP_SOCKET=STARTTLS\n")
    assert (names(found), found.providers[0].slug) == ({}, "mail")
    assert list(losses(found)) == ["DOMAIN"]
