"""What stands beside the mail in a file of version 1.2."""

from __future__ import annotations

import pytest
from app.core.servers import Authentication, Server, ServerType, SocketType
from app.parsers.autoconfig import AutoconfigFile, parse_autoconfig

from contracts.clients.samples import IMAP, SMTP, config

URL = "https://dav.provider.example/"
OAUTH = "<authentication>OAuth2</authentication>"
LOGIN = f"{OAUTH}<username>%EMAILADDRESS%</username>"


def parsed(section: str) -> AutoconfigFile:
    return parse_autoconfig(config(IMAP, SMTP, after=section), "provider")


def services(section: str) -> tuple[Server, ...]:
    return parsed(section).provider.servers[2:]


PLACES = {
    ("addressbook", "carddav"): ServerType.CARDDAV,
    ("addressBook", "carddav"): ServerType.CARDDAV,
    ("calendar", "caldav"): ServerType.CALDAV,
    ("fileShare", "webdav"): ServerType.WEBDAV,
    ("chatServer", "xmpp"): ServerType.XMPP,
    ("chatServer", "matrix"): ServerType.MATRIX,
}


@pytest.mark.parametrize(("name", "kind"), PLACES)
def test_a_section_with_a_url_is_read(name: str, kind: str) -> None:
    server_type = PLACES[name, kind]
    (found,) = services(f'<{name} type="{kind}"><url>{URL}</url>{LOGIN}</{name}>')
    assert found == Server(
        key=server_type.value,
        type=server_type,
        url=URL,
        authentication=(Authentication.OAUTH2,),
        username="%EMAILADDRESS%",
    )


@pytest.mark.parametrize(
    ("name", "kind", "server_type"),
    [
        ("chatServer", "xmpptcp", ServerType.XMPP),
        ("chatServer", "xmpp", ServerType.XMPP),  # as the draft's sample has it
        ("setupServer", "managesieve", ServerType.MANAGESIEVE),
    ],
)
def test_a_section_with_a_host_name_is_read(name: str, kind: str, server_type: ServerType) -> None:
    place = "<hostname>a.provider.example</hostname><port>5223</port><socketType>TLS</socketType>"
    (found,) = services(f'<{name} type="{kind}">{place}{LOGIN}</{name}>')
    assert (found.type, found.hostname, found.port) == (server_type, "a.provider.example", 5223)
    assert found.socket_type is SocketType.TLS


@pytest.mark.parametrize(
    ("methods", "read"),
    [
        ('<authentication system="http">Basic</authentication>', (Authentication.HTTP_BASIC,)),
        ("<authentication>http-digest</authentication>", (Authentication.HTTP_DIGEST,)),
        (
            f'{OAUTH}<authentication system="http">Digest</authentication>{OAUTH}',
            (Authentication.OAUTH2, Authentication.HTTP_DIGEST),
        ),
    ],
)
def test_http_methods_are_read_in_either_spelling(methods: str, read: tuple[Authentication, ...]) -> None:
    (found,) = services(f'<calendar type="caldav"><url>{URL}</url>{methods}</calendar>')
    assert found.authentication == read


def test_further_sections_of_a_kind_are_kept_in_their_order() -> None:
    sections = "".join(
        f'<chatServer type="{kind}"><url>{url}</url>{LOGIN}</chatServer>'
        for kind, url in (("matrix", URL), ("xmpp", "wss://xmpp.provider.example/ws"), ("matrix", f"{URL}b"))
    )
    assert [(one.key, one.url) for one in services(sections)] == [
        ("matrix", URL),
        ("xmpp", "wss://xmpp.provider.example/ws"),
        ("matrix-2", f"{URL}b"),
    ]


NOT_READ = {
    f'<calendar type="other"><url>{URL}</url>{LOGIN}</calendar>': "calendar[1]",
    f"<calendar><url>{URL}</url>{LOGIN}</calendar>": "calendar[1]",
    f'<calendar type="caldav">{LOGIN}</calendar>': "calendar[1]",
    f'<calendar type="caldav"><url>{URL}</url></calendar>': "calendar[1]",
    f'<calendar type="caldav"><url>wss://dav.provider.example/</url>{LOGIN}</calendar>': "calendar[1]",
    f'<videoConference type="x"><url>{URL}</url></videoConference>': "clientConfig/videoConference",
    f'<clientConfigUpdate url="{URL}"/>': "clientConfig/clientConfigUpdate",
}


@pytest.mark.parametrize("section", NOT_READ)
def test_what_cannot_be_kept_is_told(section: str) -> None:
    found = parsed(section)
    assert len(found.provider.servers) == 2
    assert [notice.where for notice in found.notices] == [NOT_READ[section]]
