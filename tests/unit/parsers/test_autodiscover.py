"""Autodiscover responses, as real servers send them and as hostile ones might."""

from __future__ import annotations

import json

import pytest
from app.core.errors import InvalidInput
from app.core.servers import Authentication, ServerType, SocketType
from app.parsers.autodiscover import parse_pox, parse_version_2

HEAD = (
    '<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">'
    '<Response xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a">'
)
IMAP = (
    "<Type>IMAP</Type><Server>imap.provider.example</Server><Port>993</Port>"
    "<LoginName>jane</LoginName><SPA>off</SPA><SSL>on</SSL>"
)


def settings(*protocols: str, action: str = "settings") -> bytes:
    inside = "".join(f"<Protocol>{protocol}</Protocol>" for protocol in protocols)
    account = f"<Account><AccountType>email</AccountType><Action>{action}</Action>{inside}</Account>"
    return f"{HEAD}{account}</Response></Autodiscover>".encode()


def test_a_mail_server_is_read() -> None:
    (server,) = parse_pox(settings(IMAP)).servers
    assert (server.type, server.hostname, server.port) == (ServerType.IMAP, "imap.provider.example", 993)
    assert server.socket_type is SocketType.TLS
    assert server.username == "jane"
    assert server.authentication == (Authentication.PASSWORD_CLEARTEXT,)


@pytest.mark.parametrize(
    ("words", "port", "expected"),
    [
        ("<SSL>on</SSL><Encryption>SSL</Encryption>", 993, SocketType.TLS),
        ("<SSL>on</SSL><Encryption>TLS</Encryption>", 143, SocketType.STARTTLS),
        ("<SSL>off</SSL><Encryption>TLS</Encryption>", 143, SocketType.STARTTLS),
        ("<SSL>on</SSL><Encryption>None</Encryption>", 143, SocketType.PLAIN),
        ("<SSL>off</SSL>", 993, SocketType.PLAIN),
        ("<SSL>on</SSL>", 143, SocketType.STARTTLS),
        ("<SSL>on</SSL>", 993, SocketType.TLS),
        ("<SSL>on</SSL><Encryption>Auto</Encryption>", 143, SocketType.STARTTLS),
        ("<SSL>on</SSL><Encryption>STARTTLS</Encryption>", 1143, SocketType.TLS),
        ("", 143, SocketType.STARTTLS),
        ("", 993, SocketType.TLS),
    ],
)
def test_encryption_counts_then_ssl_then_the_port(words: str, port: int, expected: SocketType) -> None:
    text = f"<Type>IMAP</Type><Server>a.example</Server><Port>{port}</Port><LoginName>x</LoginName>{words}"
    (server,) = parse_pox(settings(text)).servers
    assert server.socket_type is expected


def test_what_is_left_out_is_taken_as_clients_take_it_and_noted() -> None:
    answer = parse_pox(settings("<Type>SMTP</Type><Server>smtp.provider.example</Server>"))
    (server,) = answer.servers
    assert (server.port, server.socket_type) == (465, SocketType.TLS)
    assert server.username == "%EMAILADDRESS%"
    assert [notice.where for notice in answer.notices] == ["Account/Protocol[1]"] * 3


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("<SPA>on</SPA>", Authentication.NTLM),
        ("<SPA>off</SPA>", Authentication.PASSWORD_CLEARTEXT),
        ("<AuthRequired>off</AuthRequired>", Authentication.NONE),
        ("<SPA>on</SPA><AuthRequired>off</AuthRequired>", Authentication.NONE),
        ("", Authentication.PASSWORD_CLEARTEXT),
    ],
)
def test_how_to_log_in_is_read(words: str, expected: Authentication) -> None:
    text = f"<Type>SMTP</Type><Server>a.example</Server><Port>465</Port><LoginName>x</LoginName>{words}"
    assert parse_pox(settings(text)).servers[0].authentication == (expected,)


def test_names_are_found_whatever_their_case_prefix_or_namespace() -> None:
    data = (
        '<a:AUTODISCOVER xmlns:a="x"><RESPONSE><b:ACCOUNT xmlns:b="https://else"><PROTOCOL>'
        "<TYPE>pop</TYPE><SERVER>Pop.Provider.Example.</SERVER><PORT>995</PORT><SSL>ON</SSL>"
        "<LOGINNAME>x</LOGINNAME></PROTOCOL></b:ACCOUNT></RESPONSE></a:AUTODISCOVER>"
    )
    (server,) = parse_pox(data.encode()).servers
    assert (server.type, server.hostname) == (ServerType.POP3, "pop.provider.example")


def test_exchange_is_read_from_its_protocols() -> None:
    ews = "https://ews.provider.example/EWS/Exchange.asmx"
    answer = parse_pox(
        settings(
            f"<Type>EXCH</Type><ASUrl>{ews}</ASUrl><EwsUrl>{ews}</EwsUrl>",
            f"<Type>EXPR</Type><EwsUrl>{ews}</EwsUrl><AuthPackage>ntlm</AuthPackage>",
            '<Type>WEB</Type><External><OWAUrl AuthenticationMethod="Basic">https://a.example/owa/</OWAUrl>'
            "</External>",
            "<Type>CardDAV</Type><Server>https://dav.provider.example/principals/</Server>",
        )
    )
    found = [(server.type, server.url) for server in answer.servers]
    assert found == [
        (ServerType.EWS, ews),
        (ServerType.OWA, "https://a.example/owa/"),
        (ServerType.CARDDAV, "https://dav.provider.example/principals/"),
    ]


def test_active_sync_is_read() -> None:
    data = (
        "<Autodiscover><Response><Culture>en:us</Culture><Action><Settings>"
        "<Server><Type>MobileSync</Type><Url>https://a.example/Microsoft-Server-ActiveSync</Url>"
        "</Server><Server><Type>CertEnroll</Type><Url>https://b.example/</Url></Server></Settings></Action>"
        "</Response></Autodiscover>"
    )
    answer = parse_pox(data.encode())
    assert [server.type for server in answer.servers] == [ServerType.ACTIVESYNC]


def test_a_redirect_to_an_address_is_read() -> None:
    data = settings(action="redirectAddr").replace(
        b"</Action>", b"</Action><RedirectAddr>Jane@Other.Example</RedirectAddr>"
    )
    assert str(parse_pox(data).redirect_address) == "Jane@other.example"


def test_active_sync_s_redirect_to_an_address_is_read() -> None:
    data = (
        b"<Autodiscover><Response><Action><Redirect>j@other.example</Redirect></Action></Response>"
        b"</Autodiscover>"
    )
    assert str(parse_pox(data).redirect_address) == "j@other.example"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://other.example/autodiscover/autodiscover.xml", "as it is"),
        ("http://other.example/autodiscover/autodiscover.xml", None),
        ("https://user:secret@other.example/", None),
        ("file:///etc/passwd", None),
        ("", None),
    ],
)
def test_a_redirect_to_a_url_must_lead_to_https(url: str, expected: str | None) -> None:
    text = f"</Action><RedirectUrl>{url}</RedirectUrl>".encode()
    answer = parse_pox(settings(action="redirectUrl").replace(b"</Action>", text))
    assert answer.redirect_url == (url if expected else None)
    assert len(answer.notices) == (0 if expected else 1)


def test_redirects_that_are_not_the_action_lead_nowhere() -> None:
    text = b"</Action><RedirectUrl>https://a.example/</RedirectUrl><RedirectAddr>a@b.example</RedirectAddr>"
    answer = parse_pox(settings(IMAP).replace(b"</Action>", text))
    assert answer.redirect_url is None
    assert answer.redirect_address is None
    assert len(answer.servers) == 1


@pytest.mark.parametrize(("code", "number"), [("600", 600), ("", None), ("x", None), ("9" * 400, None)])
def test_an_error_document_is_read(code: str, number: int | None) -> None:
    data = (
        '<Autodiscover><Response><Error Time="1" Id="2">'
        f"<ErrorCode>{code}</ErrorCode><Message>Invalid Request</Message><DebugData /></Error>"
        "</Response></Autodiscover>"
    )
    answer = parse_pox(data.encode())
    assert answer.refusal is not None
    assert (answer.refusal.code, answer.refusal.message) == (number, "Invalid Request")


def test_what_is_wrong_with_one_protocol_loses_no_other() -> None:
    answer = parse_pox(
        settings(
            "<Type>IMAP</Type><Server>not a host</Server>",
            "<Type>IMAP</Type><Server>a.example</Server><Port>0</Port>",
            "<Type>POP3</Type><Server>a.example</Server><Port>65536</Port>",
            "<Type>SMTP</Type>",
            "<Type>Carrier pigeon</Type>",
            "<Type>WEB</Type><External></External>",
            "",
            IMAP,
        )
    )
    assert [server.key for server in answer.servers] == ["imap"]
    numbers = (1, 2, 3, 4, 5, 6, 7)
    assert {notice.where for notice in answer.notices} == {f"Account/Protocol[{one}]" for one in numbers}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html><body>Welcome</body></html>",
        b"<Autodiscover></Autodiscover>",
        b'<!DOCTYPE a [<!ENTITY b "c">]><Autodiscover>&b;</Autodiscover>',
        settings(*[IMAP] * 65),
        b"<a>" * 40 + b"</a>" * 40,
        settings(IMAP)[:-20],
        b"<Autodiscover>" + b" " * 300_000 + b"</Autodiscover>",
    ],
)
def test_what_is_no_response_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        parse_pox(data)


def test_version_2_is_read_whatever_the_case_of_its_names() -> None:
    data = json.dumps({"protocol": "AutodiscoverV1", "URL": "https://a.example/x.xml"}).encode("utf-8-sig")
    answer = parse_version_2(data)
    assert (answer.protocol, answer.url) == ("AutodiscoverV1", "https://a.example/x.xml")


def test_an_error_of_version_2_is_one_line() -> None:
    data = json.dumps({"ErrorCode": "InvalidProtocol", "ErrorMessage": "a\nb " * 200}).encode()
    answer = parse_version_2(data)
    assert answer.error.startswith("InvalidProtocol a b a b")
    assert len(answer.error) <= 200


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'"x"',
        b"{}",
        b"\xff\xfe",
        b'{"Url": 1}',
        b'{"Url": "http://a.example/"}',
        b'{"Url": "https://a@b.example/"}',
        b"[" * 50_000,
        b" " * 70_000 + b"{}",
    ],
)
def test_what_is_no_answer_of_version_2_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        parse_version_2(data)
