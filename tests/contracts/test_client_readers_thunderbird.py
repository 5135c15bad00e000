"""The readers of both Thunderbirds do what protocol brief §1.3 says that the programs do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from contracts.clients import thunderbird, thunderbird_android
from contracts.clients.samples import IMAP, POP3, SMTP, config, section
from contracts.clients.settings import Configured, Refused, Result, Security, Server

if TYPE_CHECKING:
    from contracts.clients.settings import Reader

ADDRESS = "jane@customer.example"
EWS_URL = "<url>https://ews.provider.example/ews/</url>"


def configured(result: Result) -> Configured:
    assert isinstance(result, Configured), result
    return result


def desktop(*sections: str) -> Configured:
    return configured(thunderbird.read(config(*sections), ADDRESS))


def types(servers: tuple[Server, ...]) -> list[str]:
    return [server.type for server in servers]


@pytest.mark.parametrize("read", [thunderbird.read, thunderbird_android.read])
def test_a_minimal_document_is_read(read: Reader) -> None:
    result = read(config(IMAP, SMTP), ADDRESS)
    imap = Server(
        type="imap",
        hostname="imap.provider.example",
        port=993,
        security=Security.TLS,
        username=ADDRESS,
        authentication=("password-cleartext",),
    )
    smtp = replace(imap, type="smtp", hostname="smtp.provider.example", port=465)
    assert result == Configured(incoming=(imap,), outgoing=(smtp,))


WHOLE_FILE_LOST = {
    "another root": (b"<html><body/></html>", "no clientConfig"),
    "no provider": (b"<clientConfig/>", "no clientConfig"),
    "not well-formed": (config(IMAP, SMTP)[:-9], "not well-formed"),
    "a prefix on every name": (
        b'<a:clientConfig xmlns:a="urn:a"><a:emailProvider id="x.example"/></a:clientConfig>',
        "no clientConfig",
    ),
    "no id": (config(IMAP, SMTP, provider_id=""), "id"),
    "an id with an underscore": (config(IMAP, SMTP, provider_id=' id="my_provider"'), "id"),
    "an id with a space": (config(IMAP, SMTP, provider_id=' id="My Provider"'), "id"),
    "an id that is not ASCII": (config(IMAP, SMTP, provider_id=' id="bücher.example"'), "id"),
    "an id that is too long": (config(IMAP, SMTP, provider_id=f' id="{"a." * 128}de"'), "id"),
    "no domain": (config(IMAP, SMTP, domain=""), "domain"),
    "an IDN domain in U-labels": (config(IMAP, SMTP, domain="<domain>bücher.example</domain>"), "domain"),
    "an empty file": (config(), ""),
    "no outgoing server": (config(IMAP), "outgoingServer"),
    "no incoming server": (config(SMTP), "incomingServer"),
    "an outgoing server of another type": (
        config(IMAP, SMTP.replace('"smtp"', '"lmtp"')),
        "smtp",
    ),
}


@pytest.mark.parametrize("case", WHOLE_FILE_LOST)
@pytest.mark.parametrize("read", [thunderbird.read, thunderbird_android.read])
def test_the_whole_file_is_lost(read: Reader, case: str) -> None:
    document, reason = WHOLE_FILE_LOST[case]
    result = read(document, ADDRESS)
    assert isinstance(result, Refused)
    assert reason in result.reason


@pytest.mark.parametrize("read", [thunderbird.read, thunderbird_android.read])
def test_one_valid_domain_is_enough_and_need_not_be_the_address_s(read: Reader) -> None:
    domain = "<domain>under_score.example</domain><domain>another.example</domain>"
    result = read(config(IMAP, SMTP, domain=domain), ADDRESS)
    assert isinstance(result, Configured)


def test_desktop_loses_a_domain_with_an_attribute() -> None:
    marked = '<domain purpose="mx">customer.example</domain>'
    assert isinstance(thunderbird.read(config(IMAP, SMTP, domain=marked), ADDRESS), Refused)
    beside = f"{marked}<domain>customer.example</domain>"
    assert isinstance(thunderbird.read(config(IMAP, SMTP, domain=beside), ADDRESS), Configured)


SECTION_LOST: dict[str, dict[str, str | tuple[str, ...] | None]] = {
    "an illegal host name": {"hostname": "imap_1.provider.example"},
    "no host name": {"hostname": None},
    "a host name with an attribute": {
        "hostname": None,
        "extra": '<hostname a="b">imap.provider.example</hostname>',
    },
    "a prefixed host name": {
        "hostname": None,
        "extra": '<a:hostname xmlns:a="urn:a">imap.provider.example</a:hostname>',
    },
    "port 0": {"port": "0"},
    "a port too high": {"port": "65536"},
    "a port that is no number": {"port": "imaps"},
    "an unknown socket type": {"socketType": "TLS"},
    "a socket type in lower case": {"socketType": "ssl"},
    "a socket type with blanks": {"socketType": " SSL "},
    "a socket type with an attribute": {"socketType": None, "extra": '<socketType a="b">SSL</socketType>'},
    "no socket type": {"socketType": None},
    "no authentication": {"authentication": None},
    "an unknown authentication": {"authentication": "SCRAM-SHA-256"},
    "a client certificate": {"authentication": "TLS-client-cert"},
    "an authentication with blanks": {"authentication": "\n  password-cleartext\n"},
    "an authentication with an attribute": {
        "authentication": None,
        "extra": '<authentication system="sasl">PLAIN</authentication>',
    },
    "OAuth2 at a host of its own": {"authentication": "OAuth2"},
}


@pytest.mark.parametrize("case", SECTION_LOST)
def test_desktop_loses_a_section_alone(case: str) -> None:
    assert types(desktop(section("imap", **SECTION_LOST[case]), POP3, SMTP).incoming) == ["pop3"]
    assert isinstance(thunderbird.read(config(section("imap", **SECTION_LOST[case]), SMTP), ADDRESS), Refused)


@pytest.mark.parametrize("case", SECTION_LOST)
def test_desktop_loses_an_outgoing_section_alone(case: str) -> None:
    good = section("smtp", hostname="good.provider.example")
    result = desktop(IMAP, section("smtp", **SECTION_LOST[case]), good)
    assert [server.hostname for server in result.outgoing] == ["good.provider.example"]


@pytest.mark.parametrize("server_type", ["jmap", "graph", "activeSync", "IMAP"])
def test_desktop_skips_types_that_it_does_not_know(server_type: str) -> None:
    assert types(desktop(section(server_type), POP3, SMTP).incoming) == ["pop3"]


def test_desktop_takes_the_first_valid_section_and_keeps_the_others() -> None:
    result = desktop(section("imap", port="0"), POP3, IMAP, SMTP)
    assert types(result.incoming) == ["pop3", "imap"]


def test_desktop_takes_the_first_known_socket_type_and_authentication() -> None:
    result = desktop(
        section(
            "imap", socketType=("TLS", "STARTTLS", "SSL"), authentication=("OAuth2", "X", "secure", "plain")
        ),
        SMTP,
    )
    assert result.incoming[0].security is Security.STARTTLS
    assert result.incoming[0].authentication == ("password-encrypted",)


def test_desktop_reads_plain_sockets() -> None:
    assert desktop(section("imap", socketType="plain"), SMTP).incoming[0].security is Security.PLAIN


@pytest.mark.parametrize("method", ["password-cleartext", "password-encrypted", "NTLM", "GSSAPI"])
def test_desktop_knows_these_methods(method: str) -> None:
    assert desktop(section("imap", authentication=method), SMTP).incoming[0].authentication == (method,)


@pytest.mark.parametrize("method", ["none", "client-IP-address", "smtp-after-pop"])
def test_desktop_sends_without_a_login_but_never_receives_so(method: str) -> None:
    result = desktop(IMAP, section("smtp", authentication=method, username=None))
    assert result.outgoing[0].authentication == ("none",)
    assert result.outgoing[0].username is None
    assert isinstance(
        thunderbird.read(config(section("imap", authentication=method), SMTP), ADDRESS), Refused
    )


def test_desktop_uses_oauth2_at_the_hosts_that_it_knows() -> None:
    methods = ("OAuth2", "password-cleartext")
    known = section("imap", hostname="imap.gmail.com", authentication=methods)
    own = section("smtp", authentication=methods)
    result = desktop(known, own)
    assert result.incoming[0].authentication == ("OAuth2",)
    assert result.outgoing[0].authentication == ("password-cleartext",)


def test_desktop_needs_a_port_for_sending_only() -> None:
    assert desktop(section("imap", port=None), SMTP).incoming[0].port is None
    assert isinstance(thunderbird.read(config(IMAP, section("smtp", port=None)), ADDRESS), Refused)


USERNAMES = {
    "<username>%EMAILLOCALPART%</username>": "jane",
    "<username>%EMAILLOCALPART%.%EMAILDOMAIN%</username>": "jane.customer.example",
    "<username>c1047-jane</username>": "c1047-jane",
    "<username>%emailaddress%</username>": "%emailaddress%",
    "": "undefined",
    "<username/>": "true",
    "<username></username>": "true",
    "<username>00123</username>": "123",
    "<username>1e5</username>": "100000",
    "<username>12345678901234567890</username>": "12345678901234567000",
    "<username>1e21</username>": "1e+21",
    "<username>0.0000001</username>": "1e-7",
    "<username>1.50</username>": "1.5",
    "<username>0x1F</username>": "0",
    "<username>-0</username>": "0",
    "<username> </username>": "NaN",
    "<username>TRUE</username>": "true",
    "<username>false</username>": "false",
    '<username a="b">jane</username>': "[object Object]",
}


@pytest.mark.parametrize("markup", USERNAMES)
def test_desktop_converts_user_names(markup: str) -> None:
    imap = section("imap", username=None, extra=markup)
    smtp = section("smtp", username=None, extra=markup)
    result = desktop(imap, smtp)
    assert result.incoming[0].username == USERNAMES[markup]
    assert result.outgoing[0].username == USERNAMES[markup]


def test_desktop_keeps_a_numeric_local_part_that_a_placeholder_stands_for() -> None:
    document = config(section("imap", username="%EMAILLOCALPART%"), SMTP)
    result = configured(thunderbird.read(document, "00123@customer.example"))
    assert result.incoming[0].username == "00123"


def test_desktop_trims_and_lowers_host_names_and_fills_in_placeholders() -> None:
    trimmed = desktop(section("imap", hostname=" IMAP.Provider.Example "), SMTP)
    assert trimmed.incoming[0].hostname == "imap.provider.example"
    filled = desktop(section("imap", hostname="mail.%EMAILDOMAIN%"), SMTP)
    assert filled.incoming[0].hostname == "mail.customer.example"


def test_desktop_derives_the_host_of_ews_from_its_url() -> None:
    ews = section("ews", hostname=None, port=None, socketType=None, extra=EWS_URL)
    server = desktop(ews, SMTP).incoming[0]
    assert (server.hostname, server.port, server.security) == ("ews.provider.example", 443, Security.TLS)
    plain = desktop(ews.replace("https:", "http:"), SMTP).incoming[0]
    assert (plain.port, plain.security) == (80, Security.PLAIN)
    assert types(desktop(ews.replace(EWS_URL, "<url>ews</url>"), IMAP, SMTP).incoming) == ["imap"]


def test_desktop_drops_ews_whose_only_method_is_of_http() -> None:
    ews = section("ews", authentication="http-basic", extra=EWS_URL)
    assert types(desktop(ews, IMAP, SMTP).incoming) == ["imap"]


def test_desktop_needs_an_smtp_section_beside_exchange_even_if_it_does_not_use_it() -> None:
    exchange = section("exchange", extra="<useGlobalPreferredServer>true</useGlobalPreferredServer>")
    assert isinstance(thunderbird.read(config(exchange), ADDRESS), Refused)
    assert desktop(exchange, SMTP).outgoing == ()
    assert types(desktop(IMAP, exchange, SMTP).outgoing) == ["smtp"]


FILE_LOST_BY: dict[str, dict[str, str | tuple[str, ...] | None]] = {
    "no host name": {"hostname": None},
    "an illegal host name": {"hostname": "imap_1.provider.example"},
    "no port": {"port": None},
    "a port too high": {"port": "65536"},
    "a port that is no number": {"port": "imaps"},
    "no user name": {"username": None},
    "no socket type": {"socketType": None},
    "a plain socket": {"socketType": "plain"},
    "a socket type with blanks": {"socketType": " SSL"},
    "no authentication": {"authentication": None},
    "NTLM only": {"authentication": "NTLM"},
    "GSSAPI only": {"authentication": "GSSAPI"},
    "no login only": {"authentication": "none"},
    "an element where text belongs": {"username": "<b>jane</b>"},
}


@pytest.mark.parametrize("position", ["only", "last"])
@pytest.mark.parametrize("kind", ["imap", "smtp"])
@pytest.mark.parametrize("case", FILE_LOST_BY)
def test_android_loses_the_file_over_any_defect(case: str, kind: str, position: str) -> None:
    bad = section(kind, **FILE_LOST_BY[case])
    good = {"imap": IMAP, "smtp": SMTP}
    if position == "only":
        good[kind] = ""
    assert isinstance(thunderbird_android.read(config(*good.values(), bad), ADDRESS), Refused)


@pytest.mark.parametrize("server_type", ["pop3", "jmap", "ews", "exchange"])
def test_android_skips_other_types_whole(server_type: str) -> None:
    broken = section(server_type, hostname=None, port="x", socketType="plain", username="<b/>")
    result = configured(thunderbird_android.read(config(broken, IMAP, SMTP), ADDRESS))
    assert types(result.incoming) == ["imap"]


def test_android_uses_the_first_of_each() -> None:
    document = config(IMAP, section("imap", port="1"), SMTP, section("smtp", port="2"))
    result = configured(thunderbird_android.read(document, ADDRESS))
    assert [server.port for server in (*result.incoming, *result.outgoing)] == [993, 465]


def test_android_takes_port_0_and_an_empty_user_name() -> None:
    document = config(section("imap", port="0", username=""), SMTP)
    server = configured(thunderbird_android.read(document, ADDRESS)).incoming[0]
    assert (server.port, server.username) == (0, "")


def test_android_has_oauth2_where_it_is_registered() -> None:
    own = config(section("imap", authentication="OAuth2"), SMTP)
    assert isinstance(thunderbird_android.read(own, ADDRESS), Refused)
    both = config(section("imap", authentication=("OAuth2", "password-cleartext")), SMTP)
    server = configured(thunderbird_android.read(both, ADDRESS)).incoming[0]
    assert server.authentication == ("password-cleartext",)
    known = config(section("imap", authentication="OAuth2", hostname="imap.gmail.com"), SMTP)
    server = configured(thunderbird_android.read(known, ADDRESS)).incoming[0]
    assert server.authentication == ("OAuth2",)


def test_android_fills_in_domains_host_names_and_user_names() -> None:
    imap = section("imap", hostname="mail.%EMAILDOMAIN%", username="%EMAILLOCALPART%.%EMAILDOMAIN%")
    document = config(imap, SMTP, domain="<domain>%EMAILDOMAIN%</domain>")
    server = configured(thunderbird_android.read(document, ADDRESS)).incoming[0]
    assert (server.hostname, server.username) == ("mail.customer.example", "jane.customer.example")
