"""SOAP Autodiscover: answers against the strict reader, and against what the other formats say."""

from __future__ import annotations

import pytest
from app.core.documents import ClientRequest, Presentation, Question
from app.core.exchange import exchange_services
from app.core.exchange_settings import DOMAIN_SETTINGS, USER_SETTINGS, has_exchange
from app.core.mail_choice import choose_mail
from app.core.servers import ServerType, SocketType
from app.core.soap import fault_reply, read_call
from app.renderers.autodiscover_soap import inquire, render
from exchangelib.properties import UserResponse
from lxml import etree

from builders import a_url_server, an_account, an_imap_server
from contracts.accounts import ACCOUNTS
from contracts.microsoft_soap import NotTheProtocolError, read_answer, read_fault
from contracts.soap_calls import a_domain_call, a_federation_call, a_user_call

JANE = "jane@customer.example"
FULL = an_account(
    *ACCOUNTS["exchange"].servers, a_url_server(ServerType.CALDAV), address=JANE, domain="customer.example"
)
EXCHANGELIB_SETTINGS = tuple(UserResponse.SETTINGS_MAP.values())


@pytest.mark.parametrize("name", ACCOUNTS)
def test_every_account_is_told_as_the_schema_has_it(name: str) -> None:
    document = render(ACCOUNTS[name], Presentation())
    answer = read_answer(document.body)
    assert answer.code == "NoError"
    (response,) = answer.responses
    elsewhere = exchange_services(ACCOUNTS[name]).autodiscover
    if elsewhere is not None:
        assert (response.code, response.target) == ("RedirectUrl", elsewhere.replace(".xml", ".svc"))
    else:
        assert (response.code == "NoError") == has_exchange(ACCOUNTS[name])


@pytest.mark.parametrize("name", ACCOUNTS)
@pytest.mark.parametrize("body", [a_user_call(JANE, settings=sorted(USER_SETTINGS)),
                                  a_domain_call("customer.example", settings=sorted(DOMAIN_SETTINGS)),
                                  a_federation_call("customer.example")])  # fmt: skip
def test_every_call_is_answered_as_the_schema_has_it(name: str, body: bytes) -> None:
    inquiry = inquire(ClientRequest(method="POST", body=body))
    for account in (ACCOUNTS[name], None):
        read_answer(inquiry.answer((None, *(account for _ in inquiry.questions[1:]))).body)


def test_mail_servers_are_those_of_all_formats() -> None:
    (response,) = read_answer(render(FULL, Presentation()).body).responses
    choice = choose_mail(FULL)
    methods = {SocketType.TLS: "SSL", SocketType.STARTTLS: "TLS", SocketType.PLAIN: "", None: None}
    for kind, server in (("Imap4", choice.imap), ("Pop3", choice.pop3), ("Smtp", choice.smtp)):
        told = response.settings.get(f"External{kind}Connections")
        if server is None:
            assert told is None
        else:
            assert told == [(server.hostname, server.port, methods[server.socket_type])]
    assert response.settings["ExternalEwsUrl"] == exchange_services(FULL).ews


def test_every_setting_of_exchangelib_is_known() -> None:
    assert set(EXCHANGELIB_SETTINGS) <= USER_SETTINGS


def test_exchangelib_reads_what_is_told() -> None:
    inquiry = inquire(ClientRequest(method="POST", body=a_user_call(JANE, settings=EXCHANGELIB_SETTINGS)))
    assert inquiry.questions[1:] == (Question(address=FULL.address, domains=(FULL.domain,)),)
    root = etree.fromstring(inquiry.answer((None, FULL)).body)
    node = root.find(".//{*}UserResponse")
    read = UserResponse.from_xml(elem=node, account=None)
    read.raise_errors()
    assert read.ews_url == "https://web.provider.example/ews"
    assert read.autodiscover_smtp_address == JANE
    assert read.version is None
    assert set(read.user_settings) | set(read.user_settings_errors) == set(UserResponse.SETTINGS_MAP)


# The strict reader is strict: each of these is a real answer with one thing wrong.

USER_ANSWER = render(FULL, Presentation()).body
INVALID_ANSWER = render(an_account(an_imap_server(), address=JANE), Presentation()).body
FAULT = read_call(b"<a", 100, frozenset())


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('<?xml version="1.0" encoding="UTF-8"?>\n', ""),
        ("<s:Header>", "<s:Header><!-- -->"),
        (' s:mustUnderstand="1"', ""),
        ("GetUserSettingsResponse<", "GetUserSettings<"),
        ("<h:MinorVersion>0</h:MinorVersion>", ""),
        ("Exchange2013_SP1", "Signpost"),
        ("exchange/2010", "exchange/2011"),
        ("http://schemas.microsoft.com", "https://schemas.microsoft.com"),
        ("<ErrorMessage/>", ""),
        ('<RedirectTarget i:nil="true"/>', ""),
        ('<RedirectTarget i:nil="true"/>', '<RedirectTarget i:nil="true">x</RedirectTarget>'),
        ("<UserSettingErrors/>", "<UserSettingErrors>x</UserSettingErrors>"),
        ("<ErrorMessage>No error.</ErrorMessage>", "<ErrorMessage> No error. </ErrorMessage>"),
        ("<ErrorCode>NoError</ErrorCode>", "<ErrorCode>Fine</ErrorCode>"),
        ('i:type="StringSetting"', 'i:type="q:StringSetting"'),
        ('i:type="StringSetting"', 'i:type="WebClientUrlCollectionSetting"'),
        ("<Name>ExternalEwsUrl</Name>", "<Name>InternalEwsUrl</Name>"),
        ("https://web.provider.example/ews", "web.provider.example"),
        ("<Port>993</Port>", "<Port>imaps</Port>"),
        ("<EncryptionMethod>SSL</EncryptionMethod>", "<EncryptionMethod>STARTTLS</EncryptionMethod>"),
        ("<Hostname>imap.provider.example</Hostname>", "<Hostname>https://imap</Hostname>"),
        ("<Hostname>imap.provider.example</Hostname>", ""),
    ],
)
def test_an_answer_with_one_thing_wrong_is_refused(right: str, wrong: str) -> None:
    text = USER_ANSWER.decode()
    assert right in text
    with pytest.raises((NotTheProtocolError, etree.XMLSyntaxError)):
        read_answer(text.replace(right, wrong).encode())


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("Autodiscover.svc", "Autodiscover.xml"),
        ("https://discover", "http://discover"),
        ("<ErrorCode>RedirectUrl<", "<ErrorCode>RedirectAddress<"),
        ("<ErrorCode>RedirectUrl<", "<ErrorCode>InvalidUser<"),
    ],
)
def test_a_redirection_with_one_thing_wrong_is_refused(right: str, wrong: str) -> None:
    text = render(ACCOUNTS["exchange-elsewhere"], Presentation()).body.decode()
    read_answer(text.encode())
    assert right in text
    with pytest.raises(NotTheProtocolError):
        read_answer(text.replace(right, wrong).encode())


def test_exchangelib_reads_where_to_ask_instead() -> None:
    inquiry = inquire(ClientRequest(method="POST", body=a_user_call(JANE, settings=EXCHANGELIB_SETTINGS)))
    root = etree.fromstring(inquiry.answer((None, ACCOUNTS["exchange-elsewhere"])).body)
    read = UserResponse.from_xml(elem=root.find(".//{*}UserResponse"), account=None)
    read.raise_errors()
    assert read.redirect_url == (
        "https://discover.hosted.example/customer.example/Autodiscover/Autodiscover.svc"
    )


@pytest.mark.parametrize("setting", ["ProtocolConnections", "WebClientUrls"])
def test_an_empty_collection_is_refused(setting: str) -> None:
    root = etree.fromstring(USER_ANSWER)
    for node in root.iter(f"{{*}}{setting}"):
        node.clear()
    with pytest.raises(NotTheProtocolError, match="empty"):
        read_answer(b'<?xml version="1.0" encoding="UTF-8"?>\n' + etree.tostring(root))


def test_settings_beside_an_error_are_refused() -> None:
    invalid = USER_ANSWER.replace(
        b"<ErrorCode>NoError</ErrorCode>\n            <", b"<ErrorCode>InvalidUser</ErrorCode>\n            <"
    )
    assert invalid != USER_ANSWER
    read_answer(INVALID_ANSWER)
    with pytest.raises(NotTheProtocolError, match="beside an error"):
        read_answer(invalid)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("faultcode", "s:faultcode"),
        ("s:Client", "Client"),
        ("s:Client", "s:Sender"),
        ("s:Client", "s:MustUnderstand"),
        ("addressing/soap/fault", "addressing/fault"),
        ("<s:Fault>", "<s:Fault><detail/>"),
        ("s:Fault", "s:Failure"),
    ],
)
def test_a_fault_with_one_thing_wrong_is_refused(right: str, wrong: str) -> None:
    text = fault_reply(FAULT).body.decode()  # type: ignore[arg-type] # it is none
    read_fault(text.encode())
    assert right in text
    with pytest.raises(NotTheProtocolError):
        read_fault(text.replace(right, wrong).encode())
