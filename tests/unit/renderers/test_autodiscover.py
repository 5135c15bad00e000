"""What Autodiscover documents say of each kind of server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from app.core.documents import ClientRequest, Presentation
from app.core.resolving import resolve
from app.core.servers import Authentication, ExchangeOptions, ServerType, SocketType
from app.renderers.autoconfig import render_full, render_safe
from app.renderers.autodiscover import json_service, mobilesync, outlook
from app.renderers.autodiscover.exchange import Capabilities

from builders import (
    a_domain,
    a_pop3_server,
    a_provider,
    a_url_server,
    an_account,
    an_imap_server,
    an_smtp_server,
)
from contracts.microsoft import check_json, check_pox

if TYPE_CHECKING:
    from app.core.account import AccountSettings
    from app.core.servers import Server

PRESENTATION = Presentation(service_url="https://signpost.provider.example")
JANE = "jane@customer.example"
CLEARTEXT, ENCRYPTED = Authentication.PASSWORD_CLEARTEXT, Authentication.PASSWORD_ENCRYPTED
OAUTH2, GSSAPI, NTLM = Authentication.OAUTH2, Authentication.GSSAPI, Authentication.NTLM


def account_of(*servers: Server, address: str = JANE, **provider: Any) -> AccountSettings:
    return an_account(*servers, address=address, **provider)


def protocols(account: AccountSettings, **capabilities: bool) -> dict[str, dict[str, str]]:
    """Return each protocol's own texts by its type."""
    body = outlook.render(account, PRESENTATION, Capabilities(**capabilities)).body
    account_node = ET.fromstring(body)[0][1]  # noqa: S314 - our own document
    found = {}
    for node in account_node:
        if node.tag.endswith("}Protocol"):
            texts = {child.tag.rpartition("}")[2]: child.text or "" for child in node}
            found[node.get("Type") or texts["Type"]] = texts
    return found


def reasons(account: AccountSettings) -> dict[str | None, str]:
    return {omission.server: omission.reason for omission in outlook.render(account, PRESENTATION).omissions}


def error_of(account: AccountSettings) -> int | None:
    document = outlook.render(account, PRESENTATION)
    assert document.is_usable is False
    return check_pox(document.body).error


@pytest.mark.parametrize(
    ("socket_type", "pair"),
    [
        (SocketType.TLS, ("on", "SSL")),
        (SocketType.STARTTLS, ("on", "TLS")),
        (SocketType.PLAIN, ("off", "None")),
    ],
)
def test_the_tls_pair_is_right_for_outlook_and_for_thunderbird(
    socket_type: SocketType, pair: tuple[str, str]
) -> None:
    for found in protocols(
        account_of(
            *(make(socket_type=socket_type) for make in (an_imap_server, a_pop3_server, an_smtp_server))
        )
    ).values():
        assert (found["SSL"], found["Encryption"]) == pair


AUTHENTICATION = {
    (CLEARTEXT,): ("off", "on", None),
    (ENCRYPTED,): ("off", "on", None),
    (OAUTH2, CLEARTEXT): ("off", "on", None),
    (GSSAPI, CLEARTEXT): ("off", "on", None),
    (GSSAPI,): ("on", "on", None),
    (OAUTH2, NTLM): ("on", "on", None),
    (Authentication.NONE,): ("off", "off", None),
    (Authentication.CLIENT_IP_ADDRESS,): ("off", "off", None),
    (Authentication.SMTP_AFTER_POP,): ("off", "off", "on"),
    (CLEARTEXT, Authentication.SMTP_AFTER_POP): ("off", "on", None),
}


@pytest.mark.parametrize("methods", AUTHENTICATION)
def test_secure_authentication_is_asked_for_only_where_nothing_else_will_do(
    methods: tuple[Authentication, ...],
) -> None:
    smtp = protocols(account_of(an_imap_server(), an_smtp_server(authentication=methods)))["SMTP"]
    assert (smtp["SPA"], smtp["AuthRequired"], smtp.get("SMTPLast")) == AUTHENTICATION[methods]
    # A server that wants no password shares none with the incoming one.
    assert smtp["UsePOPAuth"] == smtp["AuthRequired"]


@pytest.mark.parametrize("methods", [(OAUTH2,), (Authentication.TLS_CLIENT_CERTIFICATE, OAUTH2)])
def test_a_server_without_a_password_is_left_out_and_the_others_stay(
    methods: tuple[Authentication, ...],
) -> None:
    account = account_of(an_imap_server(authentication=methods), a_pop3_server(), an_smtp_server())
    assert set(protocols(account)) == {"POP3", "SMTP"}
    assert reasons(account) == {"imap": "authentication-not-in-format"}


def test_an_account_with_oauth2_alone_has_no_settings() -> None:
    servers = (an_imap_server(authentication=(OAUTH2,)), an_smtp_server(authentication=(OAUTH2,)))
    assert error_of(account_of(*servers)) == 501


def test_oauth2_keeps_exchange_services_in_the_document() -> None:
    account = account_of(an_imap_server(authentication=(OAUTH2,)), a_url_server(authentication=(OAUTH2,)))
    found = protocols(account)
    assert set(found) == {"EXCH", "EXPR"}
    assert "AuthPackage" not in found["EXPR"]


def test_an_encrypted_password_is_told_as_a_password_with_a_remark() -> None:
    account = account_of(an_imap_server(authentication=(ENCRYPTED,)), an_smtp_server())
    assert set(protocols(account)) == {"IMAP", "SMTP"}
    assert reasons(account) == {"imap": "password-encrypted-not-in-format"}


@pytest.mark.parametrize(
    ("pattern", "address", "login"),
    [
        ("%EMAILADDRESS%", JANE, JANE),
        ("%EMAILLOCALPART%", JANE, "jane"),
        ("%EMAILLOCALPART%.%EMAILDOMAIN%", JANE, "jane.customer.example"),
        ("u4711", JANE, "u4711"),
        ("%EMAILADDRESS%", "jane+list@customer.example", JANE),
        ("%EMAILADDRESS%", "j.ü@customer.example", "j.ü@customer.example"),
        ("%EMAILADDRESS%", '"a <b>"@customer.example', '"a <b>"@customer.example'),
    ],
)
def test_the_login_name_is_always_whole(pattern: str, address: str, login: str) -> None:
    servers = (an_imap_server(username=pattern), an_smtp_server(username=pattern))
    account = account_of(*servers, address=address, subaddress_separator="+")
    assert {found["LoginName"] for found in protocols(account).values()} == {login}


def test_a_server_without_a_user_name_of_its_own_has_the_mailboxs() -> None:
    smtp = an_smtp_server(username=None, authentication=(Authentication.NONE,))
    assert protocols(account_of(smtp))["SMTP"]["LoginName"] == JANE


def test_another_login_for_sending_is_said() -> None:
    account = account_of(an_imap_server(), an_smtp_server(username="%EMAILLOCALPART%"))
    smtp = protocols(account)["SMTP"]
    assert (smtp["UsePOPAuth"], smtp["LoginName"]) == ("off", "jane")


def test_a_plain_server_gives_way_to_an_encrypted_one() -> None:
    account = account_of(
        a_pop3_server(socket_type=SocketType.PLAIN, port=110), an_imap_server(), an_smtp_server()
    )
    assert set(protocols(account)) == {"IMAP", "SMTP"}
    assert reasons(account) == {"pop3": "plain-socket"}


def test_a_truncated_placeholder_is_no_login_name() -> None:
    account = account_of(an_imap_server(username="%EMAILADDRESS"), an_smtp_server())
    assert set(protocols(account)) == {"SMTP"}
    assert reasons(account) == {"imap": "username-broken"}


def test_a_host_name_that_an_address_breaks_is_left_out() -> None:
    account = account_of(
        an_imap_server(hostname="%EMAILLOCALPART%.provider.example"),
        an_smtp_server(),
        address="a_b@customer.example",
    )
    assert set(protocols(account)) == {"SMTP"}
    assert reasons(account) == {"imap": "name-unfit"}


def test_servers_that_had_to_be_withheld_are_a_configuration_error() -> None:
    provider = a_provider(servers=(an_imap_server(hostname="%NODE%.provider.example"),))
    assert error_of(resolve(provider, a_domain())) == 602


# Exchange


@pytest.mark.parametrize(
    ("methods", "package", "negotiated"),
    [
        ((Authentication.HTTP_BASIC,), "basic", "basic"),
        ((OAUTH2, CLEARTEXT), "basic", "basic"),
        ((NTLM, Authentication.HTTP_BASIC), "ntlm", "ntlm"),
        ((GSSAPI, NTLM), "kerb", "negotiate"),
        ((Authentication.TLS_CLIENT_CERTIFICATE,), "certificate", "certificate"),
        ((OAUTH2,), None, None),
    ],
)
def test_the_authentication_package_is_the_first_that_there_is_a_word_for(
    methods: tuple[Authentication, ...], package: str | None, negotiated: str | None
) -> None:
    account = account_of(a_url_server(authentication=methods))
    assert protocols(account)["EXPR"].get("AuthPackage") == package
    assert protocols(account, negotiate=True)["EXPR"].get("AuthPackage") == negotiated


def test_the_address_is_the_mailboxs_own_as_in_soap() -> None:
    account = an_account(
        an_imap_server(), address="Jane+list@customer.example", subaddress_separator="+", lowercase_login=True
    )
    body = outlook.render(account, PRESENTATION).body
    assert b"<AutoDiscoverSMTPAddress>jane@customer.example</AutoDiscoverSMTPAddress>" in body


@pytest.mark.parametrize(
    ("methods", "name"),
    [
        ((Authentication.HTTP_BASIC,), "Basic"),
        ((OAUTH2, Authentication.HTTP_DIGEST), "Digest"),
        ((GSSAPI, NTLM), "WindowsIntegrated"),
        ((NTLM,), "NTLM"),
        ((OAUTH2,), "FBA"),
        ((Authentication.PASSWORD_CLEARTEXT,), "FBA"),
    ],
)
def test_the_web_url_always_has_a_method(methods: tuple[Authentication, ...], name: str) -> None:
    account = account_of(a_url_server(ServerType.OWA, authentication=methods))
    body = outlook.render(account, PRESENTATION).body.decode()
    assert f'<OWAUrl AuthenticationMethod="{name}">https://web.provider.example/owa</OWAUrl>' in body
    assert "ASUrl" not in body


@pytest.mark.parametrize(
    ("stored", "mailbox", "address_book"),
    [
        ("https://a.example/mapi", "https://a.example/mapi/emsmdb/", "https://a.example/mapi/nspi/"),
        ("https://a.example/mapi/", "https://a.example/mapi/emsmdb/", "https://a.example/mapi/nspi/"),
        ("https://a.example", "https://a.example/emsmdb/", "https://a.example/nspi/"),
        (
            "https://a.example/MAPI/emsmdb/?MailboxId=%EMAILLOCALPART%@b.example",
            "https://a.example/MAPI/emsmdb/?MailboxId=jane@b.example",
            "https://a.example/MAPI/nspi/?MailboxId=jane@b.example",
        ),
        ("https://a.example/mapi/nspi", "https://a.example/mapi/emsmdb/", "https://a.example/mapi/nspi/"),
    ],
)
def test_a_mapi_url_leads_to_both_endpoints(stored: str, mailbox: str, address_book: str) -> None:
    account = account_of(a_url_server(ServerType.MAPI, url=stored))
    body = outlook.render(account, PRESENTATION, Capabilities(mapi_http=True)).body
    root = ET.fromstring(body)  # noqa: S314 - our own document
    urls = [node.text for node in root.iter() if node.tag.endswith(("InternalUrl", "ExternalUrl"))]
    assert urls == [mailbox, mailbox, address_book, address_book]


def test_mapi_alone_is_nothing_to_a_client_that_cannot_use_it() -> None:
    account = account_of(a_url_server(ServerType.MAPI))
    assert error_of(account) == 501
    assert reasons(account) == {"mapi": "on-request"}
    told = outlook.render(account, PRESENTATION, Capabilities(mapi_http=True))
    assert told.is_usable
    assert told.omissions == ()


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, Capabilities()),
        ({"x-mapihttpcapability": "1"}, Capabilities(mapi_http=True)),
        ({"x-mapihttpcapability": " 2 "}, Capabilities(mapi_http=True)),
        ({"x-mapihttpcapability": "0"}, Capabilities()),
        ({"x-mapihttpcapability": ""}, Capabilities()),
        ({"x-mapihttpcapability": "9" * 5000}, Capabilities()),
        ({"x-mapihttpcapability": "²"}, Capabilities()),
        ({"x-clientcanhandle": "Negotiate,ExHttpInfo"}, Capabilities(negotiate=True, rpc_http=True)),
        ({"x-clientcanhandle": " exhttpinfo ,, other"}, Capabilities(rpc_http=True)),
        ({"x-clientcanhandle": "NEGOTIATE"}, Capabilities(negotiate=True)),
    ],
)
def test_capabilities_are_read_from_the_headers(headers: dict[str, str], expected: Capabilities) -> None:
    assert Capabilities.read(headers) == expected


def test_an_unencrypted_url_is_not_called_encrypted() -> None:
    found = protocols(account_of(a_url_server(url="http://ews.provider.example/ews")), rpc_http=True)
    assert (found["EXPR"]["SSL"], found["EXHTTP"]["SSL"]) == ("off", "off")


def test_the_old_exchange_entry_tells_what_it_has() -> None:
    server = an_imap_server(
        key="exchange",
        type=ServerType.EXCHANGE,
        port=443,
        options=ExchangeOptions(ews_url="https://a.example/ews", eas_url="https://a.example/eas"),
    )
    account = account_of(server)
    assert protocols(account)["EXCH"]["EwsUrl"] == "https://a.example/ews"
    assert reasons(account) == {}
    assert b"<Url>https://a.example/eas</Url>" in mobilesync.render(account, PRESENTATION).body


def test_the_owners_name_is_told_where_it_is_known() -> None:
    presentation = Presentation(person="Jane & Co.")
    account = account_of(an_imap_server(), an_smtp_server(), a_url_server(ServerType.ACTIVESYNC))
    for render in (outlook.render, mobilesync.render):
        document = render(account, presentation)
        check_pox(document.body)
        assert b"<DisplayName>Jane &amp; Co.</DisplayName>" in document.body


ELSEWHERE = "https://Discover.hosted.example:443/%EMAILDOMAIN%/autodiscover/autodiscover.xml"
FILLED = "https://Discover.hosted.example:443/customer.example/autodiscover/autodiscover.xml"


def an_account_elsewhere(**options: Any) -> AccountSettings:
    options = {"autodiscover_url": ELSEWHERE, **options}
    exchange = an_imap_server(
        key="exchange", type=ServerType.EXCHANGE, port=443, options=ExchangeOptions(**options)
    )
    return account_of(an_imap_server(), exchange, an_smtp_server())


def test_clients_are_sent_to_the_autodiscover_that_exchange_has_of_its_own() -> None:
    account = an_account_elsewhere(ews_url="https://hosted.example/ews")
    document = outlook.render(account, PRESENTATION)
    assert check_pox(document.body).kind == "redirectUrl"
    response = ET.fromstring(document.body)[0]  # noqa: S314 - our own document
    assert [node.tag.rpartition("}")[2] for node in response] == ["Account"]
    assert [(node.tag.rpartition("}")[2], node.text) for node in response[0]] == [
        ("AccountType", "email"),
        ("Action", "redirectUrl"),
        ("RedirectUrl", FILLED),
    ]
    assert reasons(account) == dict.fromkeys(("imap", "exchange", "smtp"), "redirected")


@pytest.mark.parametrize(
    "presentation",
    [
        Presentation(asked_host="discover.hosted.example"),
        Presentation(service_url="https://discover.hosted.example"),
        Presentation(service_url="https://discover.hosted.example:8443", asked_host="mail.example"),
    ],
)
def test_clients_are_never_sent_round_in_circles(presentation: Presentation) -> None:
    document = outlook.render(an_account_elsewhere(), presentation)
    report = check_pox(document.body)
    assert (report.kind, report.protocols) == ("settings", ["IMAP", "SMTP"])
    assert ("exchange", "redirection-loop") in {(found.server, found.reason) for found in document.omissions}


def test_activesync_clients_are_told_what_is_stored_and_nothing_else() -> None:
    account = an_account_elsewhere()
    assert check_pox(mobilesync.render(account, PRESENTATION).body).error == 601
    account = an_account_elsewhere(eas_url="https://hosted.example/Microsoft-Server-ActiveSync")
    assert check_pox(mobilesync.render(account, PRESENTATION).body).kind == "mobilesync"


@pytest.mark.parametrize("render", [render_safe, render_full])
def test_autoconfig_says_that_it_has_no_place_for_it(render: Any) -> None:
    found = {(one.server, one.reason) for one in render(an_account_elsewhere(), PRESENTATION).omissions}
    assert ("exchange", "autodiscover-not-in-format") in found


def test_version_2_says_what_leads_in_a_circle() -> None:
    here = Presentation(service_url="https://discover.hosted.example")
    document = json_service.render(an_account_elsewhere(), here)
    assert (
        check_json(document.body, 200)["Url"]
        == "https://discover.hosted.example/autodiscover/autodiscover.xml"
    )
    assert ("exchange", "redirection-loop") in {(one.server, one.reason) for one in document.omissions}


def test_version_2_asks_for_plain_xml_here_where_it_is_asked_at_the_very_place() -> None:
    request = ClientRequest(
        host="Discover.hosted.example:443",
        query=f"Email={JANE}&Protocol=AutodiscoverV1",
        service_url=PRESENTATION.service_url,
    )
    reply = json_service.inquire(request).answer((an_account_elsewhere(),))
    assert check_json(reply.body, 200)["Url"] == f"{PRESENTATION.service_url}/autodiscover/autodiscover.xml"
