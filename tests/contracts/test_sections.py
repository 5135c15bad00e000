"""What version 1.2 adds harms no client that does not know it."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as ET  # documents of our own

import pytest
from app.core.documents import Presentation
from app.core.servers import ServerType
from app.renderers.autoconfig import render_safe

from builders import a_url_server, an_account, an_imap_server, an_smtp_server
from contracts.accounts import ACCOUNTS
from contracts.clients import gnome_online_accounts, thunderbird
from contracts.clients.readers import READERS
from contracts.clients.settings import Configured, Result
from contracts.semantics import SECTIONS

NEW_TYPES = ("jmap", "activeSync")
EXTENDED = [name for name in ACCOUNTS if b'version="1.2"' in render_safe(ACCOUNTS[name], Presentation()).body]


def address_in(name: str) -> str:
    account = ACCOUNTS[name]
    return str(account.address or f"jane@{account.domain}")


def without_extensions(body: bytes) -> bytes:
    root = ET.fromstring(body)  # noqa: S314
    provider = root.find("emailProvider")
    assert provider is not None
    for section in SECTIONS:
        for node in root.findall(section):
            root.remove(node)
    for node in provider.findall("incomingServer"):
        if node.get("type") in NEW_TYPES:
            provider.remove(node)
    document = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    assert isinstance(document, bytes)
    return document


def outcome(result: Result) -> Configured | None:
    """What a client ends with that does not know the new types; why it gives up is its own affair."""
    if not isinstance(result, Configured):
        return None
    old = tuple(server for server in result.incoming if server.type not in NEW_TYPES)
    return replace(result, incoming=old) if old or result.outgoing or not result.incoming else None


def test_some_accounts_have_extensions() -> None:
    assert {"full", "exchange", "groupware", "groupware-logins", "jmap-only"} <= set(EXTENDED)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", EXTENDED)
def test_a_client_makes_the_same_of_a_document_with_extensions(name: str, reader: str) -> None:
    document = render_safe(ACCOUNTS[name], Presentation()).body
    address = address_in(name)
    without = READERS[reader](without_extensions(document), address)
    assert outcome(READERS[reader](document, address)) == outcome(without)


def test_gnome_finds_jmap() -> None:
    result = gnome_online_accounts.read(
        render_safe(ACCOUNTS["jmap-only"], Presentation()).body, address_in("jmap-only")
    )
    assert isinstance(result, Configured)
    assert [server.type for server in result.incoming] == ["jmap"]


def test_thunderbird_finds_an_exchange_server_that_takes_a_password() -> None:
    account = an_account(an_imap_server(), an_smtp_server(), a_url_server(ServerType.EWS))
    result = thunderbird.read(render_safe(account, Presentation()).body, "jane@customer.example")
    assert isinstance(result, Configured)
    assert [(server.type, server.authentication) for server in result.incoming] == [
        ("imap", ("password-cleartext",)),
        ("ews", ("password-cleartext",)),
    ]


@pytest.mark.parametrize("name", ACCOUNTS)
def test_no_user_name_of_a_safe_document_differs_from_the_mails(name: str) -> None:
    root = ET.fromstring(render_safe(ACCOUNTS[name], Presentation()).body)  # noqa: S314
    mail = {node.text for server in root.iter("incomingServer") for node in server.iter("username")}
    services = {node.text for section in SECTIONS for node in root.findall(f"{section}/username")}
    assert services <= (mail or services)
    assert len(services) <= 1


@pytest.mark.parametrize("name", ACCOUNTS)
def test_a_service_that_a_safe_document_has_can_be_logged_in_to(name: str) -> None:
    root = ET.fromstring(render_safe(ACCOUNTS[name], Presentation()).body)  # noqa: S314
    for node in (node for section in SECTIONS for node in root.findall(section)):
        methods = {method.text for method in node.findall("authentication")}
        assert methods
        assert methods == {"none"} or node.find("username") is not None
        assert (node.find("url") is None) is (node.find("hostname") is not None)
        assert node.findtext("socketType") != "plain"
