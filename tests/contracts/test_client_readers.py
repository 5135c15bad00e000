"""Readers do what protocol brief §1.3 says of the programs; both Thunderbirds have their own file."""

from __future__ import annotations

import pytest

from contracts.clients import (
    delta_chat,
    evolution,
    fairemail,
    gnome_online_accounts,
    horde,
    kmail,
    nextcloud,
)
from contracts.clients.readers import READERS, is_served
from contracts.clients.samples import IMAP, POP3, SMTP, config, section
from contracts.clients.settings import Configured, Reader, Refused, Result, Security, Server

ADDRESS = "jane@customer.example"
COMPOSED = "%EMAILLOCALPART%.%EMAILDOMAIN%"


def configured(result: Result) -> Configured:
    assert isinstance(result, Configured), result
    return result


def incoming(read: Reader, *sections: str) -> Server:
    return configured(read(config(*sections), ADDRESS)).incoming[0]


@pytest.mark.parametrize("name", READERS)
def test_every_client_is_served_by_a_minimal_document(name: str) -> None:
    result = configured(READERS[name](config(IMAP, SMTP), ADDRESS))
    assert is_served(result)
    for server, kind, port in ((result.incoming[0], "imap", 993), (result.outgoing[0], "smtp", 465)):
        assert (server.type, server.hostname, server.port) == (kind, f"{kind}.provider.example", port)
        assert (server.security, server.username) == (Security.TLS, ADDRESS)


@pytest.mark.parametrize("name", READERS)
def test_every_client_refuses_what_is_not_well_formed(name: str) -> None:
    broken = config(IMAP, SMTP).replace(b"</domain>", b"</domian>")
    assert isinstance(READERS[name](broken, ADDRESS), Refused)


@pytest.mark.parametrize("name", READERS)
def test_only_a_guessing_client_goes_on_with_an_empty_document(name: str) -> None:
    result = READERS[name](config(), ADDRESS)
    assert isinstance(result, Configured if name == "delta_chat" else Refused)


# Who reads which sections: the summary of §1.3.
POP3_ALONE = {"thunderbird", "evolution", "gnome_online_accounts", "kmail", "horde"}
IMAP_SECOND = set(READERS) - {"fairemail"}
WITHOUT_SMTP = set(READERS) - {"thunderbird", "thunderbird_android", "fairemail"}
PLAIN = set(READERS) - {"thunderbird_android"}


@pytest.mark.parametrize("name", READERS)
def test_who_receives_by_pop3(name: str) -> None:
    assert is_served(READERS[name](config(POP3, SMTP), ADDRESS)) is (name in POP3_ALONE)


@pytest.mark.parametrize("name", READERS)
def test_who_finds_an_imap_section_that_is_not_the_first(name: str) -> None:
    result = READERS[name](config(POP3, IMAP, SMTP), ADDRESS)
    assert isinstance(result, Configured) is (name in IMAP_SECOND)
    if isinstance(result, Configured):
        assert "imap" in [server.type for server in result.incoming]


@pytest.mark.parametrize("name", READERS)
def test_who_goes_on_without_an_smtp_section(name: str) -> None:
    assert isinstance(READERS[name](config(IMAP), ADDRESS), Configured) is (name in WITHOUT_SMTP)


@pytest.mark.parametrize("name", READERS)
def test_who_survives_a_plain_socket(name: str) -> None:
    document = config(section("imap", socketType="plain"), section("smtp", socketType="plain"))
    assert is_served(READERS[name](document, ADDRESS)) is (name in PLAIN)


HOSTNAME_PLACEHOLDERS = {"thunderbird", "thunderbird_android", "delta_chat", "kmail", "evolution"}
LITERAL_LOGINS = set(READERS) - {"gnome_online_accounts"}
COMPOSED_LOGINS = set(READERS) - {"gnome_online_accounts", "fairemail", "horde"}


@pytest.mark.parametrize("name", READERS)
def test_who_fills_in_placeholders_of_host_names(name: str) -> None:
    found = incoming(READERS[name], section("imap", hostname="mail.%EMAILDOMAIN%"), SMTP)
    assert (found.hostname == "mail.customer.example") is (name in HOSTNAME_PLACEHOLDERS)


@pytest.mark.parametrize("name", READERS)
def test_who_takes_a_literal_user_name(name: str) -> None:
    imap, smtp = section("imap", username="c1047"), section("smtp", username="c1047")
    # Thunderbird's number prints as it was, having no leading zero.
    assert (incoming(READERS[name], imap, smtp).username == "c1047") is (name in LITERAL_LOGINS)


@pytest.mark.parametrize("name", READERS)
def test_who_takes_a_composed_user_name(name: str) -> None:
    imap, smtp = section("imap", username=COMPOSED), section("smtp", username=COMPOSED)
    found = incoming(READERS[name], imap, smtp)
    assert (found.username == "jane.customer.example") is (name in COMPOSED_LOGINS)


@pytest.mark.parametrize("name", READERS)
def test_every_client_fills_in_the_local_part(name: str) -> None:
    imap, smtp = (section(kind, username="%EMAILLOCALPART%") for kind in ("imap", "smtp"))
    assert incoming(READERS[name], imap, smtp).username == "jane"


# Delta Chat


@pytest.mark.parametrize("body", [b"Not found", b"<html><body><p>Hello<br/></p></body></html>", b""])
def test_delta_chat_takes_any_page_for_an_empty_configuration(body: bytes) -> None:
    assert delta_chat.read(body, ADDRESS) == Configured()


def test_delta_chat_refuses_an_end_tag_that_closes_nothing() -> None:
    assert isinstance(delta_chat.read(b"<html><br></html>", ADDRESS), Refused)
    assert isinstance(delta_chat.read(b"<html", ADDRESS), Refused)


def test_delta_chat_reads_names_in_any_case() -> None:
    upper = section("imap").replace("incomingServer", "INCOMINGSERVER").replace("hostname", "HostName")
    found = incoming(delta_chat.read, upper.replace('type="imap"', "TYPE='IMAP'"), SMTP)
    assert (found.type, found.hostname) == ("imap", "imap.provider.example")


@pytest.mark.parametrize(
    "markup",
    [section("imap", **{name: None}) for name in ("hostname", "port", "username")]
    + [section("imap", username=None, extra="<username/>"), section("imap", username="")],
)
def test_delta_chat_drops_an_incomplete_section(markup: str) -> None:
    assert configured(delta_chat.read(config(markup, SMTP), ADDRESS)).incoming == ()


@pytest.mark.parametrize("port", ["imaps", "65536", "-1"])
def test_delta_chat_takes_a_bad_port_for_0(port: str) -> None:
    assert incoming(delta_chat.read, section("imap", port=port), SMTP).port == 0


SOCKET_TYPES = {
    "ssl": Security.TLS,
    "StartTLS": Security.STARTTLS,
    "PLAIN": Security.PLAIN,
    "TLS": Security.UNSTATED,
    None: Security.UNSTATED,
}


@pytest.mark.parametrize("socket_type", SOCKET_TYPES)
def test_delta_chat_reads_socket_types_in_any_case_and_tries_otherwise(socket_type: str | None) -> None:
    found = incoming(delta_chat.read, section("imap", socketType=socket_type), SMTP)
    assert found.security is SOCKET_TYPES[socket_type]


def test_delta_chat_reads_no_authentication_and_keeps_all_servers() -> None:
    second = section("imap", hostname=" b.provider.example ", authentication="GSSAPI")
    result = configured(delta_chat.read(config(IMAP, POP3, second, SMTP), ADDRESS))
    assert [server.hostname for server in result.incoming] == ["imap.provider.example", "b.provider.example"]
    assert result.incoming[1].authentication == ()


# Evolution


@pytest.mark.parametrize("kind", ["imap", "pop3", "jmap", "smtp"])
def test_evolution_loses_the_file_over_an_attribute_of_a_server(kind: str) -> None:
    marked = section(kind, attributes=' id="1"')
    assert isinstance(evolution.read(config(IMAP, marked, SMTP), ADDRESS), Refused)


def test_evolution_loses_the_file_over_a_server_without_a_type() -> None:
    assert isinstance(evolution.read(config(IMAP.replace(' type="imap"', ""), SMTP), ADDRESS), Refused)


def test_evolution_reads_attributes_elsewhere() -> None:
    imap = section("imap", hostname=None, extra='<hostname a="b">imap.provider.example</hostname>')
    assert incoming(evolution.read, imap, SMTP).hostname == "imap.provider.example"


def test_evolution_reads_utf_8_only() -> None:
    latin = config(IMAP, SMTP).replace(b"UTF-8", b"ISO-8859-1").replace(b"</domain>", b"\xfc</domain>")
    assert evolution.read(latin, ADDRESS) == Refused("not UTF-8")


def test_evolution_takes_the_last_of_a_type_and_mixes_in_what_it_omits() -> None:
    last = section("imap", hostname="last.provider.example", port=None, username=None, socketType="STARTTLS")
    first = section("imap", port="1993", username="%EMAILLOCALPART%")
    found = incoming(evolution.read, first, last, SMTP)
    assert found.hostname == "last.provider.example"
    assert found.security is Security.STARTTLS
    assert (found.port, found.username) == (1993, "jane")


EVOLUTION_AUTHENTICATION: dict[tuple[str, ...], tuple[str, ...]] = {
    ("password-cleartext",): ("native",),
    ("plain",): ("native",),
    ("password-encrypted",): ("CRAM-MD5",),
    ("password-cleartext", "password-encrypted"): ("CRAM-MD5",),
    ("password-encrypted", "password-cleartext", "GSSAPI"): ("native",),
    ("OAuth2", "NTLM", "secure"): (),
}


@pytest.mark.parametrize("methods", EVOLUTION_AUTHENTICATION)
def test_evolution_takes_the_last_method_that_it_knows(methods: tuple[str, ...]) -> None:
    found = incoming(evolution.read, section("imap", authentication=methods), SMTP)
    assert found.authentication == EVOLUTION_AUTHENTICATION[methods]


def test_evolution_sends_with_login() -> None:
    assert configured(evolution.read(config(IMAP, SMTP), ADDRESS)).outgoing[0].authentication == ("LOGIN",)


def test_evolution_trims_nothing() -> None:
    found = incoming(evolution.read, section("imap", hostname=" a ", socketType=" SSL "), SMTP)
    assert (found.hostname, found.security) == (" a ", Security.PLAIN)


def test_evolution_reads_no_user_name_outside_a_server() -> None:
    form = "<webMail><loginPageInfo><username>other</username></loginPageInfo></webMail>"
    result = configured(evolution.read(config(IMAP, SMTP, after=form), ADDRESS))
    assert result.outgoing[0].username == ADDRESS


# GNOME Online Accounts


@pytest.mark.parametrize("username", ["%emailaddress%", COMPOSED, "jane", " %EMAILLOCALPART%", ""])
def test_gnome_logs_in_with_the_address_unless_there_is_one_placeholder(username: str) -> None:
    assert incoming(gnome_online_accounts.read, section("imap", username=username), SMTP).username == ADDRESS


def test_gnome_reads_placeholders_and_socket_types_in_any_case() -> None:
    imap = section("imap", username="%emailLocalPart%", socketType="StartTLS")
    found = incoming(gnome_online_accounts.read, imap, SMTP)
    assert (found.username, found.security) == ("jane", Security.STARTTLS)


@pytest.mark.parametrize("port", ["0", "65535", "imaps", None])
def test_gnome_drops_a_section_over_its_port(port: str | None) -> None:
    document = config(section("imap", port=port), SMTP)
    assert configured(gnome_online_accounts.read(document, ADDRESS)).incoming == ()


def test_gnome_knows_pop3_and_jmap() -> None:
    jmap = section("jmap", hostname=None, port=None, extra="<url>https://jmap.provider.example/</url>")
    result = configured(gnome_online_accounts.read(config(section("ews"), POP3, jmap, SMTP), ADDRESS))
    assert [server.type for server in result.incoming] == ["pop3", "jmap"]
    assert result.incoming[1].hostname == "jmap.provider.example"


# KMail


def test_kmail_drops_a_section_without_a_port() -> None:
    result = configured(kmail.read(config(section("imap", port=None), POP3, SMTP), ADDRESS))
    assert [server.type for server in result.incoming] == ["pop3"]


def test_kmail_takes_tls_and_a_password_for_granted() -> None:
    found = incoming(kmail.read, section("imap", socketType=None, authentication=None), SMTP)
    assert (found.security, found.authentication) == (Security.TLS, ("PLAIN",))


KMAIL_AUTHENTICATION: dict[tuple[str, ...], str] = {
    ("password-cleartext",): "PLAIN",
    ("password-cleartext", "OAuth2"): "OAuth2",
    ("OAuth2", "password-cleartext"): "OAuth2",
    ("password-encrypted", "OAuth2"): "CRAM-MD5",
    ("secure",): "CRAM-MD5",
    ("NTLM",): "NTLM",
    ("GSSAPI",): "GSSAPI",
    ("client-ip-based",): "ANONYMOUS",
    ("none",): "ANONYMOUS",
    ("client-IP-address",): "PLAIN",
}


@pytest.mark.parametrize("methods", KMAIL_AUTHENTICATION)
def test_kmail_goes_on_to_the_first_method_that_is_no_plain_password(methods: tuple[str, ...]) -> None:
    found = incoming(kmail.read, section("imap", authentication=methods), SMTP)
    assert found.authentication == (KMAIL_AUTHENTICATION[methods],)


def test_kmail_prefers_starttls_for_sending() -> None:
    servers = [section("smtp", socketType=kind, port=port) for kind, port in (
        ("plain", "25"), ("SSL", "465"), ("STARTTLS", "587"), ("SSL", "466"),
    )]  # fmt: skip
    result = configured(kmail.read(config(IMAP, *servers), ADDRESS))
    assert [server.port for server in result.outgoing] == [587]


def test_kmail_needs_neither_id_nor_domain() -> None:
    document = config(IMAP, SMTP, provider_id="", domain="")
    assert is_served(kmail.read(document, ADDRESS))


# FairEmail


@pytest.mark.parametrize("kind", ["imap", "smtp"])
def test_fairemail_reads_the_first_section_of_each_kind_only(kind: str) -> None:
    other = section(kind).replace(f'type="{kind}"', 'type="other"')
    document = config(*([other, IMAP, SMTP] if kind == "imap" else [IMAP, other, SMTP]))
    assert isinstance(fairemail.read(document, ADDRESS), Refused)
    second = section(kind, hostname="second.provider.example")
    result = configured(fairemail.read(config(IMAP, SMTP, second), ADDRESS))
    assert "second.provider.example" not in {result.incoming[0].hostname, result.outgoing[0].hostname}


FORM = "<webMail><loginPageInfo><username>other</username></loginPageInfo></webMail>"


@pytest.mark.parametrize(
    "document",
    [
        config(IMAP, section("smtp", username="other")),
        config(IMAP, SMTP, section("pop3", username="other")),
        config(IMAP, SMTP, after=FORM),
        config(IMAP, SMTP, after="<calendar><username>other</username></calendar>"),
    ],
)
def test_fairemail_takes_the_last_user_name_for_everything(document: bytes) -> None:
    result = configured(fairemail.read(document, ADDRESS))
    assert {result.incoming[0].username, result.outgoing[0].username} == {"other"}


def test_fairemail_takes_a_composed_user_name_as_it_is() -> None:
    found = configured(fairemail.read(config(IMAP, section("smtp", username=COMPOSED)), ADDRESS))
    assert found.incoming[0].username == COMPOSED


FAIREMAIL_SECURITY = {
    ("143", None): Security.STARTTLS,
    ("993", None): Security.TLS,
    ("143", "SSL"): Security.TLS,
    ("993", "STARTTLS"): Security.STARTTLS,
    ("143", "plain"): Security.STARTTLS,
    ("993", "plain"): Security.TLS,
    ("993", "starttls"): Security.TLS,
}


@pytest.mark.parametrize(("port", "socket_type"), FAIREMAIL_SECURITY)
def test_fairemail_derives_starttls_from_the_port_and_then_from_the_socket_type(
    port: str, socket_type: str | None
) -> None:
    found = incoming(fairemail.read, section("imap", port=port, socketType=socket_type), SMTP)
    assert found.security is FAIREMAIL_SECURITY[port, socket_type]


def test_fairemail_lets_a_port_behind_the_socket_type_win() -> None:
    late = section("imap", port=None, extra="<port>143</port>")
    assert incoming(fairemail.read, late, SMTP).security is Security.STARTTLS


def test_fairemail_refuses_a_port_that_is_no_number() -> None:
    assert isinstance(fairemail.read(config(section("imap", port="imaps"), SMTP), ADDRESS), Refused)


def test_fairemail_shows_the_short_name() -> None:
    assert fairemail.account_name(config(IMAP, "<displayShortName>Short</displayShortName>")) == "Short"


# Nextcloud Mail and Horde


def test_nextcloud_takes_the_first_of_each_and_misses_neither() -> None:
    result = configured(nextcloud.read(config(POP3, IMAP, section("imap", port="1")), ADDRESS))
    assert (result.incoming[0].port, result.outgoing) == (993, ())
    assert configured(nextcloud.read(config(POP3, SMTP), ADDRESS)).incoming == ()


@pytest.mark.parametrize(
    ("socket_type", "security"),
    [
        ("SSL", Security.TLS),
        ("starttls", Security.STARTTLS),
        ("TLS", Security.STARTTLS),
        ("plain", Security.PLAIN),
        ("other", Security.PLAIN),
    ],
)
def test_nextcloud_reads_socket_types_in_any_case(socket_type: str, security: Security) -> None:
    assert incoming(nextcloud.read, section("imap", socketType=socket_type), SMTP).security is security


@pytest.mark.parametrize("socket_type", ["STARTTLS", "plain"])
def test_horde_knows_tls_and_tries_otherwise(socket_type: str) -> None:
    assert incoming(horde.read, IMAP, SMTP).security is Security.TLS
    found = incoming(horde.read, section("imap", socketType=socket_type), SMTP)
    assert found.security is Security.UNSTATED


def test_horde_reads_all_sections() -> None:
    result = configured(horde.read(config(POP3, IMAP, section("jmap"), SMTP, SMTP), ADDRESS))
    assert [server.type for server in result.incoming] == ["pop3", "imap"]
    assert len(result.outgoing) == 2
