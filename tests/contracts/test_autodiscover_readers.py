"""The readers of Autodiscover do what protocol brief §2 says of the programs; and so does the checker."""

from __future__ import annotations

import pytest

from contracts.clients import (
    delta_chat_autodiscover,
    exchange_web_services,
    fairemail_autodiscover,
    outlook,
    thunderbird_autodiscover,
)
from contracts.clients.exchange_web_services import Found
from contracts.clients.settings import Configured, Refused, Security, Server
from contracts.microsoft import COMMON, MOBILESYNC, OUTLOOK, BrokenRuleError, check_json, check_pox

JANE = "jane@customer.example"
EWS = "https://a.example/ews"
FIELDS = {
    "Type": "IMAP",
    "Server": "imap.provider.example",
    "Port": "993",
    "LoginName": JANE,
    "DomainRequired": "off",
    "SPA": "off",
    "SSL": "on",
    "Encryption": "SSL",
    "AuthRequired": "on",
}


def protocol(**changes: str | None) -> str:
    """Write a protocol of IMAP with these elements changed, added or (None) left out."""
    fields = {**FIELDS, **changes}
    inner = "".join(f"<{name}>{text}</{name}>" for name, text in fields.items() if text is not None)
    return f"<Protocol>{inner}</Protocol>"


def exchange(kind: str, *elements: str) -> str:
    return f"<Protocol><Type>{kind}</Type>{''.join(elements)}</Protocol>"


IMAP = protocol()
SMTP = protocol(Type="SMTP", Server="smtp.provider.example", Port="465", UsePOPAuth="on")
EXCH = exchange("EXCH", f"<ASUrl>{EWS}</ASUrl>", f"<EwsUrl>{EWS}</EwsUrl>")
WEB = exchange(
    "WEB", '<External><OWAUrl AuthenticationMethod="Basic">https://owa.example:444/</OWAUrl></External>'
)
SETTINGS = "<AccountType>email</AccountType><Action>settings</Action>"
USER = f"<User><AutoDiscoverSMTPAddress>{JANE}</AutoDiscoverSMTPAddress></User>"


def response(account: str, *, namespace: str = OUTLOOK, user: str = USER) -> bytes:
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<Autodiscover xmlns="{COMMON}">'
        f'<Response xmlns="{namespace}">{user}{account}</Response></Autodiscover>'
    ).encode()


def settings(*protocols: str) -> bytes:
    return response(f"<Account>{SETTINGS}{''.join(protocols)}</Account>")


def redirect(action: str, name: str, target: str) -> bytes:
    return response(
        f"<Account><AccountType>email</AccountType><Action>{action}</Action><{name}>{target}</{name}></Account>"
    )


def error(code: int = 600, *, namespace: str = COMMON) -> bytes:
    inner = f"<ErrorCode>{code}</ErrorCode><Message>Invalid Request</Message><DebugData/>"
    return response(
        f'<Error Time="21:25:04.8897083" Id="4130155072">{inner}</Error>', namespace=namespace, user=""
    )


def incoming(result: object) -> Server:
    assert isinstance(result, Configured), result
    return result.incoming[0]


# Outlook


def test_outlook_lets_encryption_count_before_ssl() -> None:
    table = {"None": Security.PLAIN, "SSL": Security.TLS, "TLS": Security.STARTTLS, "Auto": Security.UNSTATED}
    for encryption, security in table.items():
        for ssl in ("on", "off"):
            document = settings(protocol(SSL=ssl, Encryption=encryption))
            assert incoming(outlook.read(document, JANE)).security is security
    for given, security in {"off": Security.PLAIN, None: Security.TLS}.items():
        document = settings(protocol(SSL=given, Encryption=None))
        assert incoming(outlook.read(document, JANE)).security is security


def test_outlook_has_defaults_that_lead_nowhere() -> None:
    server = incoming(outlook.read(settings(protocol(LoginName=None, SPA=None, AuthRequired=None)), JANE))
    assert (server.username, server.authentication) == ("jane", ("secure",))


def test_outlook_takes_the_first_of_a_type_and_the_incoming_login_for_sending() -> None:
    second = protocol(Server="second.example")
    other = SMTP.replace(JANE, "other")
    result = outlook.read(settings(IMAP, second, other), JANE)
    assert isinstance(result, Configured)
    assert [server.hostname for server in result.incoming] == ["imap.provider.example"]
    assert result.outgoing[0].username == JANE
    result = outlook.read(settings(IMAP, other.replace(">on</UsePOP", ">off</UsePOP")), JANE)
    assert isinstance(result, Configured)
    assert result.outgoing[0].username == "other"


def test_outlook_needs_the_namespaces_and_follows_redirects() -> None:
    https = settings(IMAP).replace(b"http://", b"https://")
    assert isinstance(outlook.read(https, JANE), Refused)
    url = "https://a.example/autodiscover/autodiscover.xml"
    assert outlook.read(redirect("redirectUrl", "RedirectUrl", url), JANE) == outlook.Redirected(
        "redirectUrl", url
    )
    assert outlook.read(error(501), JANE) == outlook.Failed(501)


def test_outlook_asks_for_a_domain_where_one_is_required() -> None:
    document = settings(protocol(DomainRequired="on", LoginName="jane"))
    assert isinstance(outlook.read(document, JANE), Refused)


# Thunderbird


@pytest.mark.parametrize(
    ("changes", "security"),
    [
        ({}, Security.TLS),
        ({"Port": "143", "Encryption": "TLS"}, Security.STARTTLS),
        # The port alone tells them apart.
        ({"Port": "143", "Encryption": "SSL"}, Security.STARTTLS),
        ({"Port": "1143", "Encryption": "TLS"}, Security.TLS),
        ({"SSL": "OFF"}, Security.PLAIN),
        ({"Encryption": "none"}, Security.PLAIN),
        ({"SSL": None, "Encryption": None}, Security.TLS),
    ],
)
def test_thunderbird_tells_starttls_by_the_port(changes: dict[str, str | None], security: Security) -> None:
    result = thunderbird_autodiscover.read(settings(protocol(**changes), SMTP), JANE)
    assert incoming(result).security is security


@pytest.mark.parametrize("name", ["SSL", "SPA", "Encryption", "LoginName"])
def test_thunderbird_drops_a_protocol_over_an_empty_or_boolean_element(name: str) -> None:
    for text in ("", "true"):
        result = thunderbird_autodiscover.read(settings(protocol(**{name: text}), SMTP), JANE)
        if name == "LoginName":
            assert incoming(result).username == "true"
        else:
            assert isinstance(result, Refused)


def test_thunderbird_takes_ews_from_exch_only_and_the_web_only_with_an_attribute() -> None:
    config = thunderbird_autodiscover.read_config(settings(EXCH, WEB))
    assert (config.incoming.ews_url, config.incoming.owa_url) == (EWS, "https://owa.example:444/")
    assert (config.incoming.hostname, config.incoming.port) == ("owa.example", 444)
    for broken in (
        EXCH.replace("EwsUrl", "Other"),
        EXCH.replace("EXCH", "EXPR"),
        WEB.replace(' AuthenticationMethod="Basic"', ""),
        WEB.replace("External", "Outer"),
    ):
        assert isinstance(thunderbird_autodiscover.read(settings(broken), JANE), Refused)


def test_thunderbird_mixes_up_an_exchange_protocol_behind_imap() -> None:
    first = thunderbird_autodiscover.read(settings(EXCH, IMAP, SMTP), JANE)
    assert isinstance(first, Configured)
    assert [server.type for server in first.incoming] == ["imap", "exchange"]
    mixed = thunderbird_autodiscover.read(settings(IMAP, SMTP, EXCH), JANE)
    assert isinstance(mixed, Configured)
    assert [(server.type, server.hostname, server.port) for server in mixed.incoming] == [
        ("exchange", "a.example", 993)
    ]


@pytest.mark.parametrize(
    "document",
    [
        error(),
        settings(),
        settings(SMTP),
        redirect("redirectUrl", "RedirectUrl", "https://a.example/"),
        settings(IMAP)
        .replace(b"<Autodiscover xmlns", b"<a:Autodiscover xmlns:a")
        .replace(b"</Auto", b"</a:Auto"),
        b"<html/>",
    ],
)
def test_thunderbird_finds_nothing_elsewhere(document: bytes) -> None:
    assert isinstance(thunderbird_autodiscover.read(document, JANE), Refused)


# Delta Chat, FairEmail, GNOME


@pytest.mark.parametrize("document", [error(), settings(), b"<html><body/></html>"])
def test_delta_chat_takes_any_xml_for_a_success(document: bytes) -> None:
    assert delta_chat_autodiscover.read(document, JANE) == Configured()


def test_delta_chat_follows_a_redirect_wherever_it_stands_and_reads_ssl_in_lower_case() -> None:
    document = settings(IMAP, "<RedirectUrl> https://a.example/ </RedirectUrl>")
    assert delta_chat_autodiscover.read(document, JANE) == delta_chat_autodiscover.Redirected(
        "https://a.example/"
    )
    for ssl, security in {"off": Security.PLAIN, "Off": Security.UNSTATED, None: Security.UNSTATED}.items():
        document = settings(protocol(SSL=ssl))
        assert incoming(delta_chat_autodiscover.read(document, JANE)).security is security
    incomplete = delta_chat_autodiscover.read(settings(protocol(Port=None)), JANE)
    assert incomplete == Configured()
    assert isinstance(delta_chat_autodiscover.read(b"<a>", JANE), Refused)


def test_fairemail_takes_the_last_of_a_type_behind_account_type_and_action() -> None:
    last = IMAP.replace("imap.provider", "last.provider")
    assert (
        incoming(fairemail_autodiscover.read(settings(IMAP, last, SMTP), JANE)).hostname
        == "last.provider.example"
    )
    late = response(f"<Account>{IMAP}{SMTP}{SETTINGS}</Account>")
    assert isinstance(fairemail_autodiscover.read(late, JANE), Refused)
    lower = settings(IMAP.replace("IMAP", "imap"), SMTP)
    assert isinstance(fairemail_autodiscover.read(lower, JANE), Refused)
    assert isinstance(fairemail_autodiscover.read(error(), JANE), Refused)


def test_fairemail_survives_exchange_protocols() -> None:
    inner = (
        f"<External><OWAUrl>x</OWAUrl><Protocol><Type>EXPR</Type><ASUrl>{EWS}</ASUrl></Protocol></External>"
    )
    assert (
        incoming(fairemail_autodiscover.read(settings(EXCH, exchange("WEB", inner), IMAP, SMTP), JANE)).port
        == 993
    )


def test_evolution_prefers_expr_and_gnome_takes_the_first() -> None:
    expr = exchange("EXPR", "<ASUrl>https://b.example/ews</ASUrl>", "<OABUrl>https://b.example/oab</OABUrl>")
    document = settings(EXCH, expr, IMAP)
    assert exchange_web_services.read_evolution(document) == Found(
        "https://b.example/ews", "https://b.example/oab"
    )
    assert exchange_web_services.read_gnome(document) == Found(EWS)
    for read in (exchange_web_services.read_evolution, exchange_web_services.read_gnome):
        assert isinstance(read(settings(IMAP, SMTP)), Refused)
        assert isinstance(read(error()), Refused)
        assert isinstance(read(b"<a>"), Refused)


# The checker


WELL_FORMED = {
    "mail": settings(IMAP, SMTP),
    "Exchange": settings(EXCH, WEB, IMAP),
    "redirectUrl": redirect("redirectUrl", "RedirectUrl", "https://a.example/x"),
    "redirectUrl without a user": response(
        "<Account><AccountType>email</AccountType><Action>redirectUrl</Action>"
        "<RedirectUrl>https://a.example/x</RedirectUrl></Account>",
        user="",
    ),
    "redirectAddr": redirect("redirectAddr", "RedirectAddr", "new@b.example"),
    "error": error(),
    "MobileSync": response(
        f"<Culture>en:us</Culture><User><EMailAddress>{JANE}</EMailAddress></User><Action><Settings><Server>"
        f"<Type>MobileSync</Type><Url>{EWS}</Url><Name>{EWS}</Name></Server></Settings></Action>",
        namespace=MOBILESYNC,
        user="",
    ),
    "MobileSync redirect": response(
        f"<User><EMailAddress>{JANE}</EMailAddress></User><Action><Redirect>new@b.example</Redirect></Action>",
        namespace=MOBILESYNC,
        user="",
    ),
}


@pytest.mark.parametrize("name", WELL_FORMED)
def test_the_checker_passes_what_microsoft_publishes(name: str) -> None:
    check_pox(WELL_FORMED[name])


MOBILE = WELL_FORMED["MobileSync"]
BROKEN = {
    "https namespaces": settings(IMAP).replace(b"http://", b"https://"),
    "a prefix": settings(IMAP).replace(b"<Response xmlns=", b"<Response xmlns:a='urn:a' xmlns="),
    "a BOM": b"\xef\xbb\xbf" + settings(IMAP),
    "a comment": settings(IMAP).replace(b"<Account>", b"<!-- a --><Account>"),
    "text between elements": settings(IMAP).replace(b"<Account>", b"x<Account>"),
    "the error's namespace": error(namespace=OUTLOOK),
    "no user": response(f"<Account>{SETTINGS}{IMAP}</Account>", user=""),
    "no protocol": settings(),
    "no account type": response(f"<Account><Action>settings</Action>{IMAP}</Account>"),
    "another order": response(f"<Account>{IMAP}{SETTINGS}</Account>"),
    "two of a type": settings(IMAP, IMAP),
    "mail before Exchange": settings(IMAP, EXCH),
    "POP": settings(protocol(Type="POP")),
    "a TLS element": settings(protocol(TLS="on")),
    "SSL true": settings(protocol(SSL="true")),
    "SSL On": settings(protocol(SSL="On")),
    "an empty login": settings(protocol(LoginName="")),
    "no login": settings(protocol(LoginName=None)),
    "Encryption STARTTLS": settings(protocol(Encryption="STARTTLS")),
    "STARTTLS as SSL off": settings(protocol(SSL="off", Encryption="TLS")),
    "a URL as server": settings(protocol(Server="imaps://imap.provider.example")),
    "port 0": settings(protocol(Port="0")),
    "UsePOPAuth for IMAP": settings(protocol(UsePOPAuth="on")),
    "no UsePOPAuth": settings(SMTP.replace("<UsePOPAuth>on</UsePOPAuth>", "")),
    "Encryption before SSL": settings(
        IMAP.replace("<Encryption>SSL</Encryption>", "").replace("<SSL>", "<Encryption>SSL</Encryption><SSL>")
    ),
    "an OWA URL without a method": settings(WEB.replace(' AuthenticationMethod="Basic"', "")),
    "a method of nobody's": settings(WEB.replace('"Basic"', '"OAuth"')),
    "EXHTTP unasked": settings(exchange("EXHTTP", "<Server>a.example</Server>", f"<ASUrl>{EWS}</ASUrl>")),
    "mapiHttp unasked": settings('<Protocol Type="mapiHttp" Version="1"/>'),
    "settings and redirect": response(
        f"<Account>{SETTINGS}<RedirectUrl>https://a/</RedirectUrl>{IMAP}</Account>"
    ),
    "a redirect to http": redirect("redirectUrl", "RedirectUrl", "http://a.example/"),
    "a redirect behind its target": response(
        "<Account><AccountType>email</AccountType><RedirectUrl>https://a.example/x</RedirectUrl>"
        "<Action>redirectUrl</Action></Account>"
    ),
    "a redirect without a target": redirect("redirectUrl", "Image", "https://a.example/"),
    "an action of nobody's": redirect("redirect", "RedirectUrl", "https://a.example/"),
    "a code of nobody's": error(404),
    "DebugData with text": error().replace(b"<DebugData/>", b"<DebugData>x</DebugData>"),
    "no time": error().replace(b' Time="21:25:04.8897083"', b""),
    "a bad time": error().replace(b"21:25", b"25:25"),
    "an Id that is too large": error().replace(b"4130155072", b"4294967296"),
    "MobileSync without an address": MOBILE.replace(b"EMailAddress", b"DisplayName"),
    "MobileSync with another name": MOBILE.replace(f"<Name>{EWS}".encode(), b"<Name>x"),
    "MobileSync in another order": MOBILE.replace(b"<Culture>en:us</Culture>", b"").replace(
        b"</Action>", b"</Action><Culture>en:us</Culture>"
    ),
    "MobileSync with two actions": MOBILE.replace(b"</Action>", b"<Redirect>a@b.example</Redirect></Action>"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_the_checker_refuses(name: str) -> None:
    with pytest.raises(BrokenRuleError):
        check_pox(BROKEN[name])


@pytest.mark.parametrize(
    ("document", "status"),
    [
        (b'{"Protocol": "AutodiscoverV1", "Url": "http://a.example/"}', 200),
        (b'{"Protocol": "Autodiscoverv1", "Url": "https://a.example/"}', 200),
        (b'{"Protocol": "Ews", "Url": "https://a.example/", "More": "x"}', 200),
        (b'{"ErrorCode": "InvalidProtocol", "ErrorMessage": "x"}', 404),
        (b'{"ErrorCode": "Unknown", "ErrorMessage": "x"}', 400),
        (b'["x"]', 200),
    ],
)
def test_the_checker_refuses_json(document: bytes, status: int) -> None:
    with pytest.raises(BrokenRuleError):
        check_json(document, status)
