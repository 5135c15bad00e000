"""Autoconfig files as they really are: historic spellings, options, and what is not taken."""

from __future__ import annotations

from collections import Counter
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from app.core.account import ListedDomain
from app.core.errors import InvalidInput
from app.core.names import DomainName
from app.core.provider import InputField, LocalisedText, OAuth2, Page
from app.core.servers import (
    Authentication,
    ExchangeOptions,
    LoginForm,
    Pop3Options,
    Server,
    ServerType,
    SmtpOptions,
    SocketType,
    WebmailOptions,
)
from app.parsers.autoconfig import AutoconfigFile, parse_autoconfig

from contracts import ispdb
from contracts.clients.samples import IMAP, SMTP, config, section


def parsed(*sections: str, **changes: str) -> AutoconfigFile:
    return parse_autoconfig(config(*sections, **changes), "provider")


def only_server(markup: str) -> Server:
    file = parsed(markup)
    assert file.notices == ()
    (server,) = file.provider.servers
    return server


def noted(*sections: str, **changes: str) -> list[tuple[str, str]]:
    return [(notice.where, notice.reason) for notice in parsed(*sections, **changes).notices]


def test_a_minimal_file_is_a_provider_and_its_domain() -> None:
    file = parsed(IMAP, SMTP)
    provider = file.provider
    assert (provider.slug, provider.identifier) == ("provider", "provider.example")
    # Without names of its own it is called by its id.
    assert (provider.display_name, provider.short_name) == ("provider.example", "provider.example")
    assert provider.list_domains
    assert [server.key for server in provider.servers] == ["imap", "smtp"]
    assert file.domains == (ListedDomain(name=DomainName("customer.example")),)
    assert file.notices == ()


@pytest.mark.parametrize(
    ("markup", "display_name", "short_name"),
    [
        ("<displayName> The Provider </displayName>", "The Provider", "The Provider"),
        ("<displayName>P</displayName><displayShortName>S</displayShortName>", "P", "S"),
        ("<displayName>P</displayName><displayNameShort>S</displayNameShort>", "P", "S"),
        ("<displayName/><displayShortName/>", "provider.example", "provider.example"),
    ],
)
def test_names_are_read_in_either_spelling(markup: str, display_name: str, short_name: str) -> None:
    provider = parsed(IMAP, SMTP, markup).provider
    assert (provider.display_name, provider.short_name) == (display_name, short_name)


TYPES = {
    "imap": ServerType.IMAP,
    "IMAP": ServerType.IMAP,
    "pop3": ServerType.POP3,
    "nntp": ServerType.NNTP,
    "exchange": ServerType.EXCHANGE,
}


@pytest.mark.parametrize("name", TYPES)
def test_types_are_read_in_any_case(name: str) -> None:
    assert only_server(section("imap").replace('"imap"', f'"{name}"')).type is TYPES[name]


@pytest.mark.parametrize("name", ["jmap", "ews", "owa", "graph", "activeSync", "activesync"])
def test_types_with_a_url_are_read(name: str) -> None:
    server = only_server(
        f'<incomingServer type="{name}"><url>https://a.example/x</url><username>%EMAILADDRESS%</username>'
        "<authentication>OAuth2</authentication></incomingServer>"
    )
    assert (server.type.value, server.url) == (name.lower(), "https://a.example/x")


SOCKET_TYPES = {
    "SSL": SocketType.TLS,
    "ssl": SocketType.TLS,
    "TLS": SocketType.TLS,
    "STARTTLS": SocketType.STARTTLS,
    "StartTLS": SocketType.STARTTLS,
    "plain": SocketType.PLAIN,
    " SSL ": SocketType.TLS,
}


@pytest.mark.parametrize("text", SOCKET_TYPES)
def test_socket_types_are_read_in_every_spelling(text: str) -> None:
    assert only_server(section("imap", socketType=text)).socket_type is SOCKET_TYPES[text]


METHODS = {
    "password-cleartext": Authentication.PASSWORD_CLEARTEXT,
    "plain": Authentication.PASSWORD_CLEARTEXT,
    "password-encrypted": Authentication.PASSWORD_ENCRYPTED,
    "secure": Authentication.PASSWORD_ENCRYPTED,
    "OAuth2": Authentication.OAUTH2,
    "oauth2": Authentication.OAUTH2,
    "OAuth": Authentication.OAUTH2,
    "NTLM": Authentication.NTLM,
    "GSSAPI": Authentication.GSSAPI,
    "TLS-client-cert": Authentication.TLS_CLIENT_CERTIFICATE,
    "client-IP-address": Authentication.CLIENT_IP_ADDRESS,
    "smtp-after-pop": Authentication.SMTP_AFTER_POP,
    "http-basic": Authentication.HTTP_BASIC,
    "http-digest": Authentication.HTTP_DIGEST,
    "none": Authentication.NONE,
}


@pytest.mark.parametrize("text", METHODS)
def test_methods_are_read_in_every_spelling(text: str) -> None:
    assert only_server(section("imap", authentication=text)).authentication == (METHODS[text],)


def test_methods_keep_their_order_and_stand_once() -> None:
    server = only_server(section("imap", authentication=("OAuth2", "plain", "secure", "password-cleartext")))
    assert server.authentication == (
        Authentication.OAUTH2,
        Authentication.PASSWORD_CLEARTEXT,
        Authentication.PASSWORD_ENCRYPTED,
    )


@pytest.mark.parametrize(
    ("markup", "method"),
    [
        ('<authentication system="http">Basic</authentication>', Authentication.HTTP_BASIC),
        ('<authentication system="http">Digest</authentication>', Authentication.HTTP_DIGEST),
    ],
)
def test_methods_of_http_are_read_in_the_drafts_form(markup: str, method: Authentication) -> None:
    assert only_server(section("imap", authentication=None, extra=markup)).authentication == (method,)


def test_a_sasl_mechanism_is_told_and_the_generic_method_taken() -> None:
    file = parsed(section("imap", extra='<authentication system="sasl">SCRAM-SHA-256</authentication>'))
    assert file.provider.servers[0].authentication == (Authentication.PASSWORD_CLEARTEXT,)
    (notice,) = file.notices
    assert "SASL mechanism SCRAM-SHA-256" in notice.reason


def test_servers_of_a_type_have_keys_of_their_own_in_the_files_order() -> None:
    file = parsed(
        section("pop3"),
        section("imap"),
        section("imap", port="143"),
        section("smtp"),
        section("smtp", port="25"),
    )
    found = [(server.key, server.port) for server in file.provider.servers]
    assert found == [("pop3", 995), ("imap", 993), ("imap-2", 143), ("smtp", 465), ("smtp-2", 25)]


POP3 = {
    "": None,
    "<pop3/>": None,
    "<pop3><leaveMessagesOnServer>true</leaveMessagesOnServer></pop3>": Pop3Options(
        leave_messages_on_server=True
    ),
    "<pop3><leaveMessagesOnServer> FALSE </leaveMessagesOnServer></pop3>": Pop3Options(
        leave_messages_on_server=False
    ),
    "<pop3><daysToLeaveMessagesOnServer>14</daysToLeaveMessagesOnServer></pop3>": Pop3Options(
        days_to_leave_messages_on_server=14
    ),
    "<pop3><downloadOnBiff>true</downloadOnBiff></pop3>": Pop3Options(download_on_biff=True),
    '<pop3><checkInterval minutes="15"/></pop3>': Pop3Options(check_interval_minutes=15),
    "<pop3><checkInterval/></pop3>": None,
}


@pytest.mark.parametrize("markup", POP3)
def test_pop3_options_are_read(markup: str) -> None:
    assert only_server(section("pop3", extra=markup)).options == POP3[markup]


def test_options_of_outgoing_servers_are_read() -> None:
    extra = (
        "<restriction>clientIPAddress</restriction><addThisServer>true</addThisServer>"
        "<useGlobalPreferredServer>false</useGlobalPreferredServer>"
    )
    expected = SmtpOptions(
        restriction="clientIPAddress", add_this_server=True, use_global_preferred_server=False
    )
    assert only_server(section("smtp", extra=extra)).options == expected
    assert only_server(section("smtp", username=None)).username is None


def test_the_exchange_entry_of_old_thunderbird_is_read() -> None:
    extra = (
        "<owaURL>https://a.example/owa</owaURL><ewsURL>https://a.example/ews</ewsURL>"
        "<easURL>https://a.example/eas</easURL><useGlobalPreferredServer>true</useGlobalPreferredServer>"
    )
    markup = section("imap", extra=extra).replace('"imap"', '"exchange"')
    assert only_server(markup).options == ExchangeOptions(
        owa_url="https://a.example/owa",
        ews_url="https://a.example/ews",
        eas_url="https://a.example/eas",
        use_global_preferred_server=True,
    )
    assert only_server(section("imap").replace('"imap"', '"exchange"')).options is None


LOGIN = (
    '<loginPageInfo url="https://a.example/in" waitForRedirectionURLPrefix="https://a.example/box">'
    "<username>%EMAILADDRESS%</username>"
    '<usernameField id="u" name="user"/><passwordField name="pass"/><loginButton id="go"/></loginPageInfo>'
)


def webmail_of(markup: str) -> Server:
    return next(s for s in parsed(IMAP, SMTP, after=markup).provider.servers if s.type is ServerType.WEBMAIL)


def test_a_webmail_is_read_with_its_log_in_form() -> None:
    webmail = webmail_of(f'<webMail><loginPage url="https://a.example/"/>{LOGIN}</webMail>')
    assert (webmail.key, webmail.url) == ("webmail", "https://a.example/")
    assert webmail.options == WebmailOptions(
        login_form=LoginForm(
            url="https://a.example/in",
            redirection_prefix="https://a.example/box",
            username="%EMAILADDRESS%",
            username_field_id="u",
            username_field_name="user",
            password_field_name="pass",
            button_id="go",
        )
    )
    assert webmail_of('<webMail><loginPage url="https://a.example/"/></webMail>').options is None
    # The page of the form is the page where there is no other.
    assert webmail_of(f"<webMail>{LOGIN}</webMail>").url == "https://a.example/in"


def test_a_webmail_inside_of_the_provider_is_read_too() -> None:
    file = parsed(IMAP, SMTP, '<webMail><loginPage url="https://a.example/"/></webMail>')
    assert file.provider.servers[-1].url == "https://a.example/"


OAUTH2_FIELDS = (
    "<issuer>a.example</issuer><scope>a b</scope><authURL>https://a.example/a</authURL>"
    "<tokenURL>https://a.example/t</tokenURL>"
)


@pytest.mark.parametrize(("extra", "client_id"), [("", None), ("<clientID>c</clientID>", "c")])
def test_oauth2_is_read(extra: str, client_id: str | None) -> None:
    expected = OAuth2(
        issuer="a.example",
        scope="a b",
        authorization_url="https://a.example/a",
        token_url="https://a.example/t",
        client_id=client_id,
    )
    markup = f"<oAuth2>{OAUTH2_FIELDS}{extra}</oAuth2>"
    assert parsed(IMAP, SMTP, after=markup).provider.oauth2 == expected
    assert parsed(IMAP, SMTP, markup).provider.oauth2 == expected


def test_pages_are_read_with_their_languages_inside_and_beside_the_provider() -> None:
    inside = (
        '<documentation url="https://a.example/1"><descr lang="de"> Hilfe </descr><descr>Help</descr>'
        "</documentation>"
        '<instruction url="https://a.example/2"><descr>How</descr></instruction>'
        '<enable visiturl="https://a.example/3"><instruction lang="en">Switch it on</instruction></enable>'
    )
    beside = (
        '<documentation url="https://a.example/4"/>'
        '<enable visiturl="https://a.example/5"><instruction>And this</instruction></enable>'
    )
    provider = parsed(IMAP, SMTP, inside, after=beside).provider
    german, english = LocalisedText(text="Hilfe", language="de"), LocalisedText(text="Help")
    assert provider.documentation == (
        Page(url="https://a.example/1", descriptions=(german, english)),
        Page(url="https://a.example/4"),
    )
    assert provider.instructions == (
        Page(url="https://a.example/2", descriptions=(LocalisedText(text="How"),)),
    )
    assert provider.enable == (
        Page(url="https://a.example/3", descriptions=(LocalisedText(text="Switch it on", language="en"),)),
        Page(url="https://a.example/5", descriptions=(LocalisedText(text="And this"),)),
    )


def test_input_fields_are_read() -> None:
    markup = '<inputField key="A" label="Number">47</inputField><inputField key="B" label="Name"/>'
    assert parsed(IMAP, SMTP, markup).provider.input_fields == (
        InputField(key="A", label="Number", example="47"),
        InputField(key="B", label="Name"),
    )


@pytest.mark.parametrize(
    ("markup", "domains"),
    [
        ("<domain>A.example</domain><domain>b.example.</domain>", {"a.example": False, "b.example": False}),
        ('<domain>a.example</domain><domain purpose="mx">a.example</domain>', {"a.example": True}),
        ('<domain purpose="mx">a.example</domain><domain>a.example</domain>', {"a.example": True}),
        ('<domain purpose="mx">a.example</domain>', {"a.example": True}),
        ("<domain>bücher.example</domain>", {"xn--bcher-kva.example": False}),
    ],
)
def test_domains_are_read_with_whether_they_are_for_mx(markup: str, domains: dict[str, bool]) -> None:
    file = parsed(IMAP, SMTP, domain=markup)
    assert {domain.name.ascii: domain.serves_mx for domain in file.domains} == domains
    assert file.notices == ()


NOTED: dict[str, tuple[dict[str, Any], tuple[str, str]]] = {
    "an unknown element of the provider": (
        {"sections": (IMAP, "<identity/>")},
        ("emailProvider/identity", "is not read"),
    ),
    "an unknown element beside it": (
        {"after": '<clientConfigUpdate url="x"/>'},
        ("clientConfig/clientConfigUpdate", "is not read"),
    ),
    "an unknown element of a server": (
        {"sections": (section("imap", extra="<password>x</password>"),)},
        ("emailProvider/incomingServer[1]/password", "is not read"),
    ),
    "an unknown option of POP3": (
        {"sections": (section("pop3", extra="<pop3><x/></pop3>"),)},
        ("emailProvider/incomingServer[1]/pop3/x", "is not read"),
    ),
    "a second host name": (
        {"sections": (section("imap", extra="<hostname>b.example</hostname>"),)},
        ("emailProvider/incomingServer[1]/hostname", "is read once, and stands here again"),
    ),
    "a second name": (
        {"sections": (IMAP, "<displayName>A</displayName><displayName>B</displayName>")},
        ("emailProvider/displayName", "is read once, and stands here again"),
    ),
    "an unknown type": (
        {"sections": (IMAP, '<incomingServer type="gopher"/>')},
        ("emailProvider/incomingServer[2]", "type: must be one of imap, pop3, nntp"),
    ),
    "no type": (
        {"sections": (IMAP, "<outgoingServer/>")},
        ("emailProvider/outgoingServer[1]", "type: must be one of smtp, not ''"),
    ),
    "an unknown socket type": (
        {"sections": (section("imap", socketType="x"),)},
        ("emailProvider/incomingServer[1]", "socketType: must be one of ssl, tls, starttls, plain, not 'x'"),
    ),
    "an unknown method": (
        {"sections": (section("imap", extra="<authentication>magic</authentication>"),)},
        (
            "emailProvider/incomingServer[1]/authentication",
            "authentication: must be one of password-cleartext",
        ),
    ),
    "no method at all": (
        {"sections": (section("imap", authentication=None),)},
        ("emailProvider/incomingServer[1]", "authentication: must name at least one method"),
    ),
    "no host name": (
        {"sections": (section("imap", hostname=None),)},
        ("emailProvider/incomingServer[1]", "hostname: is needed for a server of type imap"),
    ),
    "an illegal host name": (
        {"sections": (section("imap", hostname="a_b.example"),)},
        ("emailProvider/incomingServer[1]", "hostname: must consist of letters"),
    ),
    "a port that is none": (
        {"sections": (section("imap", port="imaps"),)},
        ("emailProvider/incomingServer[1]", "port: must be a number, not 'imaps'"),
    ),
    "a port with many digits": (
        {"sections": (section("imap", port="9" * 5000),)},
        ("emailProvider/incomingServer[1]", "port: must be a number, not '9999"),
    ),
    "a port out of range": (
        {"sections": (section("imap", port="65536"),)},
        ("emailProvider/incomingServer[1]", "port: must be between 1 and 65535"),
    ),
    "a boolean that is none": (
        {"sections": (section("smtp", extra="<addThisServer>yes</addThisServer>"),)},
        ("emailProvider/outgoingServer[1]", "addThisServer: must be one of true, false, not 'yes'"),
    ),
    "days that are none": (
        {
            "sections": (
                section(
                    "pop3", extra="<pop3><daysToLeaveMessagesOnServer>-1</daysToLeaveMessagesOnServer></pop3>"
                ),
            )
        },
        ("emailProvider/incomingServer[1]", "days: must be a number, not '-1'"),
    ),
    "a truncated placeholder": (
        {"sections": (section("imap", username="%EMAILADDRESS"),)},
        ("emailProvider/incomingServer[1]/username", "%EMAILADDRESS lacks a percent sign"),
    ),
    "a variable": (
        {"sections": (section("imap", username="%CUSTOMER%"),)},
        ("emailProvider/incomingServer[1]", "needs the variable CUSTOMER"),
    ),
    "a host name beside a URL": (
        {"sections": (section("ews", port=None, socketType=None, extra="<url>https://a.example/</url>"),)},
        ("emailProvider/incomingServer[1]/hostname", "is not read beside a url"),
    ),
    "a page without a URL": (
        {"sections": (IMAP, "<documentation><descr>x</descr></documentation>")},
        ("documentation[1]", "url: must be a URL"),
    ),
    "an empty description": (
        {"sections": (IMAP, '<documentation url="https://a.example/"><descr/></documentation>')},
        ("documentation[1]/descr", "text: must not be empty"),
    ),
    "an unknown element of a page": (
        {"sections": (IMAP, '<enable visiturl="https://a.example/"><descr>x</descr></enable>')},
        ("enable[1]/descr", "is not read"),
    ),
    "an input field without a label": (
        {"sections": (IMAP, '<inputField key="A"/>')},
        ("emailProvider/inputField", "label: must not be empty"),
    ),
    "OAuth2 without URLs": (
        {"after": "<oAuth2><issuer>a.example</issuer><scope>a</scope></oAuth2>"},
        ("oAuth2", "authorization_url: must be a URL"),
    ),
    "a client secret": (
        {"after": f"<oAuth2>{OAUTH2_FIELDS}<clientSecret>x</clientSecret></oAuth2>"},
        ("oAuth2/clientSecret", "secrets are not stored"),
    ),
    "an unknown element of OAuth2": (
        {"after": f"<oAuth2>{OAUTH2_FIELDS}<deviceURL>x</deviceURL></oAuth2>"},
        ("oAuth2/deviceURL", "is not read"),
    ),
    "a webmail without a page": ({"after": "<webMail/>"}, ("webMail", "url: is needed")),
    "an unknown element of a log-in form": (
        {"after": f"<webMail>{LOGIN.replace('<usernameField', '<captcha/><usernameField')}</webMail>"},
        ("webMail/loginPageInfo/captcha", "is not read"),
    ),
    "a domain that is none": (
        {"domain": "<domain>a.example</domain><domain>a_b</domain>"},
        ("emailProvider/domain[2]", "input: must consist of letters"),
    ),
    "a domain twice": (
        {"domain": "<domain>a.example</domain><domain>A.example</domain>"},
        ("emailProvider/domain[2]", "a.example is listed twice"),
    ),
    "a domain for MX twice": (
        {"domain": '<domain purpose="mx">a.example</domain><domain purpose="mx">a.example</domain>'},
        ("emailProvider/domain[2]", "a.example is listed twice"),
    ),
}


@pytest.mark.parametrize("case", NOTED)
def test_what_is_not_taken_is_told_with_its_place(case: str) -> None:
    file, (where, reason) = NOTED[case]
    rest = {name: text for name, text in file.items() if name != "sections"}
    ((found_where, found_reason),) = noted(*file.get("sections", (IMAP,)), **rest)
    assert found_where == where
    assert found_reason.startswith(reason)


@pytest.mark.parametrize(
    ("document", "rule"),
    [
        (b"<html/>", "must be a clientConfig document"),
        (b'<clientConfig xmlns="urn:x"/>', "without an XML namespace"),
        (b"<clientConfig/>", "clientConfig: must have an emailProvider"),
        (config(IMAP, domain=""), "emailProvider.domain: must have a valid domain"),
        (config(IMAP, domain="<domain>localhost</domain>"), "must have a valid domain"),
        (config(IMAP, provider_id=' id="My Provider"'), "emailProvider.identifier: must be letters"),
        (
            config(IMAP, f"<displayName>{'a' * 61}</displayName>"),
            "emailProvider.display_name: must be at most 60",
        ),
        (config(*[IMAP] * 65), "emailProvider.incomingServer: must be at most 64 servers"),
        (config(*[IMAP] * 40, *[SMTP] * 40), "emailProvider.servers: must be at most 64 servers"),
    ],
)
def test_a_file_that_makes_no_provider_is_refused(document: bytes, rule: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_autoconfig(document, "provider")
    assert rule in str(refused.value)


def test_without_an_id_the_first_domain_names_the_provider() -> None:
    provider = parsed(IMAP, provider_id="").provider
    assert (provider.identifier, provider.display_name) == (None, "customer.example")


def test_every_word_of_all_files_of_the_ispdb_is_taken() -> None:
    """Nothing of the real files is lost but what is told: their words in, our words out, are as many."""
    words: Counter[str] = Counter()
    ours: Counter[str] = Counter()
    for name, data in ispdb.files().items():
        root = ET.fromstring(data)  # noqa: S314 - trusted files
        for tag in ("incomingServer", "outgoingServer", "documentation", "enable", "descr", "authentication"):
            words[tag] += len(root.findall(f".//{tag}"))
        provider = parse_autoconfig(data, name.removesuffix(".xml").lower()).provider
        servers = [server for server in provider.servers if server.type is not ServerType.WEBMAIL]
        ours["incomingServer"] += sum(server.type is not ServerType.SMTP for server in servers)
        ours["outgoingServer"] += sum(server.type is ServerType.SMTP for server in servers)
        ours["documentation"] += len(provider.documentation)
        ours["enable"] += len(provider.enable)
        pages = (*provider.documentation, *provider.instructions)
        ours["descr"] += sum(len(page.descriptions) for page in pages)
        ours["authentication"] += sum(len(server.authentication) for server in servers)
    assert ours == words
