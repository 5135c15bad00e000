"""Every client that reads Autodiscover sets up every account with the servers that are stored."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from app.core.documents import Presentation
from app.core.exchange import exchange_services
from app.core.mail_choice import choose_mail
from app.core.names import EmailAddress
from app.core.resolving import login_address
from app.core.servers import Authentication, SocketType
from app.renderers import FORMATS_BY_NAME
from app.renderers.autodiscover import outlook as outlook_document
from app.renderers.autodiscover.exchange import Capabilities

from contracts.accounts import ACCOUNTS
from contracts.clients import (
    delta_chat_autodiscover,
    exchange_web_services,
    fairemail_autodiscover,
    outlook,
    thunderbird,
    thunderbird_autodiscover,
)
from contracts.clients.settings import Configured, Refused, Security, Server

if TYPE_CHECKING:
    from app.core.account import AccountSettings
    from app.core.servers import Server as StoredServer

SECURITY = {
    SocketType.TLS: Security.TLS,
    SocketType.STARTTLS: Security.STARTTLS,
    SocketType.PLAIN: Security.PLAIN,
}
WITHOUT_PASSWORD = frozenset({Authentication.OAUTH2})
CAPABLE = Capabilities(mapi_http=True, rpc_http=True, negotiate=True)


def addressed(account: AccountSettings) -> AccountSettings:
    """Return the account as it is for an address, which every request has."""
    if account.address is not None:
        return account
    address = EmailAddress("jane", account.domain)
    return replace(account, address=address, login_address=login_address(account.provider, address))


NAMES = sorted(name for name in ACCOUNTS if exchange_services(ACCOUNTS[name]).autodiscover is None)
"""The accounts whose settings are told here; the others' are told elsewhere."""
ELSEWHERE = sorted(ACCOUNTS.keys() - set(NAMES))
ADDRESSED = {name: addressed(account) for name, account in ACCOUNTS.items()}


def document(name: str, capabilities: Capabilities) -> bytes:
    return outlook_document.render(ADDRESSED[name], Presentation(), capabilities).body


def told(name: str) -> dict[str, StoredServer]:
    """Return the servers that all formats publish and that POX has words for."""
    choice = choose_mail(ADDRESSED[name])
    found = {"imap": choice.imap, "pop3": choice.pop3, "smtp": choice.smtp}
    return {
        kind: server
        for kind, server in found.items()
        if server is not None and frozenset(server.authentication) != WITHOUT_PASSWORD
    }


def expected(name: str) -> dict[str, Server]:
    servers = {}
    for kind, server in told(name).items():
        is_open = set(server.authentication) == {Authentication.NONE}
        assert server.socket_type is not None
        servers[kind] = Server(
            type=kind,
            hostname=server.hostname,
            port=server.port,
            security=SECURITY[server.socket_type],
            username=None if is_open else ADDRESSED[name].expanded(server.username or ""),
            authentication=("none",) if is_open else ("password-cleartext",),
        )
    return servers


def by_type(result: object) -> dict[str, Server]:
    assert isinstance(result, Configured), result
    found = [*result.incoming, *result.outgoing]
    assert len({server.type for server in found}) == len(found)
    return {server.type: server for server in found}


@pytest.mark.parametrize("capabilities", [Capabilities(), CAPABLE], ids=["plain", "capable"])
@pytest.mark.parametrize("name", NAMES)
def test_outlook_uses_what_is_stored(name: str, capabilities: Capabilities) -> None:
    result = outlook.read(document(name, capabilities), str(ADDRESSED[name].address))
    servers = expected(name)
    if isinstance(result, outlook.Failed):
        assert servers == {}
        assert result.code == 501
        return
    assert by_type(result) == servers


@pytest.mark.parametrize("capabilities", [Capabilities(), CAPABLE], ids=["plain", "capable"])
@pytest.mark.parametrize("name", NAMES)
def test_thunderbird_uses_what_is_stored(name: str, capabilities: Capabilities) -> None:
    result = thunderbird_autodiscover.read(document(name, capabilities), str(ADDRESSED[name].address))
    servers = expected(name)
    has_exchange = exchange_services(ADDRESSED[name]).ews is not None
    if not has_exchange and not {"imap", "pop3"} & servers.keys():
        assert isinstance(result, Refused)
        return
    found = by_type(result)
    exchange = found.pop("exchange", None)
    assert (exchange is not None) == has_exchange
    # It knows of no servers without a log-in here.
    login = str(ADDRESSED[name].address)
    asked = {
        kind: replace(server, username=server.username or login, authentication=("password-cleartext",))
        for kind, server in servers.items()
    }
    assert found == asked


@pytest.mark.parametrize("name", NAMES)
def test_thunderbird_uses_the_same_as_from_autoconfig(name: str) -> None:
    address = str(ADDRESSED[name].address)
    autoconfig = FORMATS_BY_NAME["autoconfig"].render(ADDRESSED[name], Presentation()).body
    result = thunderbird.read(autoconfig, address)
    servers = expected(name)
    # What it refuses in its own format is not to be compared.
    read = (*result.incoming, *result.outgoing) if isinstance(result, Configured) else ()
    for server in read:
        if server.type in servers:
            found = servers[server.type]
            assert (found.hostname, found.port, found.security) == (
                server.hostname,
                server.port,
                server.security,
            )
            assert found.username in (server.username, None)


@pytest.mark.parametrize("name", [name for name in NAMES if exchange_services(ACCOUNTS[name]).ews])
def test_thunderbird_finds_the_exchange_urls(name: str) -> None:
    services = exchange_services(ADDRESSED[name])
    config = thunderbird_autodiscover.read_config(document(name, Capabilities()))
    assert (config.incoming.type, config.incoming.ews_url, config.incoming.owa_url) == (
        "exchange",
        services.ews,
        services.owa,
    )


@pytest.mark.parametrize("name", NAMES)
def test_delta_chat_would_use_what_is_stored(name: str) -> None:
    result = delta_chat_autodiscover.read(document(name, Capabilities()), "jane@customer.example")
    found = by_type(result)
    servers = {kind: server for kind, server in expected(name).items() if kind != "pop3"}
    assert found.keys() == servers.keys()
    for kind, server in servers.items():
        is_plain = server.security is Security.PLAIN
        assert (found[kind].hostname, found[kind].port) == (server.hostname, server.port)
        assert found[kind].security is (Security.PLAIN if is_plain else Security.UNSTATED)


@pytest.mark.parametrize("name", NAMES)
def test_fairemail_uses_what_is_stored(name: str) -> None:
    result = fairemail_autodiscover.read(document(name, CAPABLE), "jane@customer.example")
    servers = expected(name)
    if not {"imap", "smtp"} <= servers.keys():
        assert isinstance(result, Refused)
        return
    for kind, found in by_type(result).items():
        server = servers[kind]
        assert (found.hostname, found.port) == (server.hostname, server.port)
        if server.security is not Security.PLAIN:
            assert found.security is server.security


@pytest.mark.parametrize("read", [exchange_web_services.read_evolution, exchange_web_services.read_gnome])
@pytest.mark.parametrize("name", NAMES)
def test_gnome_programs_find_ews(name: str, read: exchange_web_services.Reader) -> None:
    services = exchange_services(ADDRESSED[name])
    for capabilities in (Capabilities(), CAPABLE):
        result = read(document(name, capabilities))
        if services.ews is None:
            assert isinstance(result, Refused)
        else:
            assert result == exchange_web_services.Found(services.ews)


@pytest.mark.parametrize("name", ELSEWHERE)
def test_outlook_and_delta_chat_go_where_exchange_has_its_own_autodiscover(name: str) -> None:
    url = exchange_services(ADDRESSED[name]).autodiscover
    assert url is not None
    for capabilities in (Capabilities(), CAPABLE):
        body = document(name, capabilities)
        assert outlook.read(body, "jane@customer.example") == outlook.Redirected("redirectUrl", url)
        assert delta_chat_autodiscover.read(body, "jane@customer.example") == (
            delta_chat_autodiscover.Redirected(url)
        )


@pytest.mark.parametrize("name", ELSEWHERE)
def test_who_ignores_the_redirect_has_the_servers_from_autoconfig(name: str) -> None:
    body = document(name, CAPABLE)
    assert isinstance(thunderbird_autodiscover.read(body, "jane@customer.example"), Refused)
    assert isinstance(fairemail_autodiscover.read(body, "jane@customer.example"), Refused)
    result = thunderbird.read(
        FORMATS_BY_NAME["autoconfig"].render(ADDRESSED[name], Presentation()).body, "jane@customer.example"
    )
    found = by_type(result)
    choice = choose_mail(ADDRESSED[name])
    assert choice.imap is not None
    assert choice.smtp is not None
    assert found["imap"].hostname == choice.imap.hostname
    assert found["smtp"].hostname == choice.smtp.hostname


@pytest.mark.parametrize("name", ELSEWHERE)
def test_gnome_programs_find_no_settings_in_a_redirect(name: str) -> None:
    for read in (exchange_web_services.read_evolution, exchange_web_services.read_gnome):
        assert isinstance(read(document(name, CAPABLE)), Refused)
