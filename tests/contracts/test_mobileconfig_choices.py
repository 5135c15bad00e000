"""What of an account goes into a profile, in Apple's words, and what stays out."""

from __future__ import annotations

from typing import Any

import pytest
from app.core.servers import Authentication, ImapOptions, LdapOptions, Server, ServerType, SocketType

from builders import a_pop3_server, a_url_server, an_imap_server
from builders import an_smtp_server as smtp
from contracts.accounts import OAUTH2
from contracts.profiles import JANE, document_of, payload_of, profile_of, reasons_of, types_of

A = Authentication


@pytest.mark.parametrize(
    ("methods", "socket", "expected"),
    [
        ((A.PASSWORD_CLEARTEXT,), SocketType.TLS, "EmailAuthPassword"),
        ((A.PASSWORD_ENCRYPTED,), SocketType.TLS, "EmailAuthCRAMMD5"),
        ((A.PASSWORD_ENCRYPTED, A.PASSWORD_CLEARTEXT), SocketType.TLS, "EmailAuthPassword"),
        ((A.PASSWORD_ENCRYPTED, A.PASSWORD_CLEARTEXT), SocketType.STARTTLS, "EmailAuthPassword"),
        ((A.PASSWORD_CLEARTEXT, A.PASSWORD_ENCRYPTED), SocketType.PLAIN, "EmailAuthCRAMMD5"),
        ((A.OAUTH2, A.PASSWORD_CLEARTEXT), SocketType.TLS, "EmailAuthPassword"),
        ((A.GSSAPI, A.PASSWORD_CLEARTEXT), SocketType.TLS, "EmailAuthPassword"),
        ((A.NTLM,), SocketType.TLS, "EmailAuthNTLM"),
        ((A.NTLM, A.PASSWORD_CLEARTEXT), SocketType.TLS, "EmailAuthNTLM"),
        ((A.HTTP_DIGEST,), SocketType.TLS, "EmailAuthHTTPMD5"),
    ],
)
def test_authentication_in_apples_words(
    methods: tuple[Authentication, ...], socket: SocketType, expected: str
) -> None:
    changes: dict[str, Any] = {"authentication": methods, "socket_type": socket}
    payload = payload_of(an_imap_server(**changes), smtp(**changes))
    assert payload["IncomingMailServerAuthentication"] == expected
    assert payload["OutgoingMailServerAuthentication"] == expected


@pytest.mark.parametrize("method", [A.NONE, A.CLIENT_IP_ADDRESS, A.SMTP_AFTER_POP])
def test_an_outgoing_server_may_need_no_authentication_and_has_a_user_name_all_the_same(
    method: Authentication,
) -> None:
    payload = payload_of(an_imap_server(), smtp(authentication=(method,), username=None))
    assert payload["OutgoingMailServerAuthentication"] == "EmailAuthNone"
    assert payload["OutgoingMailServerUsername"] == JANE
    assert payload["OutgoingPasswordSameAsIncomingPassword"] is True


@pytest.mark.parametrize(
    ("socket", "expected"), [(SocketType.TLS, True), (SocketType.STARTTLS, True), (SocketType.PLAIN, False)]
)
def test_one_switch_says_both_kinds_of_tls(socket: SocketType, expected: bool) -> None:  # noqa: FBT001
    payload = payload_of(an_imap_server(socket_type=socket, port=143), smtp(socket_type=socket, port=587))
    assert payload["IncomingMailServerUseSSL"] is expected
    assert payload["OutgoingMailServerUseSSL"] is expected


def test_a_second_password_is_asked_for_where_the_outgoing_login_is_another() -> None:
    same = payload_of(an_imap_server(username="%EMAILLOCALPART%@%EMAILDOMAIN%"), smtp())
    assert same["OutgoingPasswordSameAsIncomingPassword"] is True
    other = payload_of(an_imap_server(), smtp(username="relay-%EMAILLOCALPART%"))
    assert other["OutgoingPasswordSameAsIncomingPassword"] is False
    assert other["OutgoingMailServerUsername"] == "relay-jane"


def test_the_owners_name_is_the_senders() -> None:
    assert payload_of(person="Jane Doe")["EmailAccountName"] == "Jane Doe"
    assert "EmailAccountName" not in payload_of()


def test_smime_is_off_and_the_owners_to_switch_on() -> None:
    payload = payload_of()
    assert payload["SMIMESigningEnabled"] is False
    assert payload["SMIMEEncryptByDefault"] is False
    overrideable = [key for key in payload if key.endswith("UserOverrideable")]
    assert len(overrideable) == 4
    assert all(payload[key] is True for key in overrideable)


@pytest.mark.parametrize("key", ["PreventMove", "PreventAppSheet", "disableMailRecentsSyncing"])
def test_no_freedom_is_taken_from_the_owner(key: str) -> None:
    assert key not in payload_of()
    profile = profile_of()
    assert "PayloadRemovalDisallowed" not in profile


@pytest.mark.parametrize(("prefix", "expected"), [("INBOX.", "INBOX"), ("mail/", "mail"), ("INBOX", "INBOX")])
def test_a_path_prefix_is_the_folder_without_its_delimiter(prefix: str, expected: str) -> None:
    payload = payload_of(an_imap_server(options=ImapOptions(path_prefix=prefix)), smtp())
    assert payload["IncomingMailServerIMAPPathPrefix"] == expected


def test_pop3_is_set_up_where_it_is_all_there_is() -> None:
    payload = payload_of(a_pop3_server(), smtp())
    assert payload["EmailAccountType"] == "EmailTypePOP"
    assert payload_of(a_pop3_server(), an_imap_server(), smtp())["EmailAccountType"] == "EmailTypeIMAP"
    assert reasons_of(a_pop3_server(), an_imap_server(), smtp()) == {"pop3": "double-account"}


OAUTH2_ONLY = (A.OAUTH2,)


@pytest.mark.parametrize(
    ("servers", "reasons"),
    [
        (
            (an_imap_server(authentication=OAUTH2_ONLY), smtp()),
            {"imap": "oauth2-only", "smtp": "no-counterpart"},
        ),
        (
            (an_imap_server(), smtp(authentication=OAUTH2_ONLY)),
            {"imap": "no-counterpart", "smtp": "oauth2-only"},
        ),
        ((an_imap_server(),), {"imap": "no-counterpart"}),
        ((smtp(),), {"smtp": "no-counterpart"}),
        (
            (an_imap_server(authentication=(A.GSSAPI,)), smtp()),
            {"imap": "authentication-unknown", "smtp": "no-counterpart"},
        ),
        (
            (an_imap_server(authentication=(A.NONE,)), smtp()),
            {"imap": "authentication-unknown", "smtp": "no-counterpart"},
        ),
        (
            (an_imap_server(username="%EMAILADDRESS"), smtp(username="%EMAILADDRESS")),
            {"imap": "username-broken", "smtp": "username-broken"},
        ),
        (
            (an_imap_server(authentication=OAUTH2_ONLY), smtp(), a_url_server(ServerType.CALDAV)),
            {"imap": "oauth2-only", "smtp": "no-counterpart", "caldav": "mailbox-missing"},
        ),
        ((a_url_server(ServerType.JMAP),), {"jmap": "not-in-format"}),
    ],
)
def test_without_a_mailbox_that_can_be_said_there_is_no_profile(
    servers: tuple[Server, ...], reasons: dict[str, str]
) -> None:
    assert not document_of(*servers).is_usable
    assert reasons_of(*servers) == reasons


def test_calendars_alone_are_a_profile_where_no_mail_is_stored() -> None:
    servers = (a_url_server(ServerType.CALDAV), a_url_server(ServerType.CARDDAV))
    assert types_of(*servers) == ["caldav", "carddav"]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://dav.example/", {"HostName": "dav.example", "Port": 443, "UseSSL": True}),
        ("https://dav.example", {"HostName": "dav.example", "Port": 443, "UseSSL": True}),
        (
            "http://dav.example:8008/dav/%EMAILADDRESS%",
            {"HostName": "dav.example", "Port": 8008, "UseSSL": False, "PrincipalURL": f"/dav/{JANE}"},
        ),
        (
            "https://%EMAILDOMAIN%/d/",
            {"HostName": "customer.example", "Port": 443, "UseSSL": True, "PrincipalURL": "/d/"},
        ),
    ],
)
@pytest.mark.parametrize(
    ("server_type", "prefix"), [(ServerType.CALDAV, "CalDAV"), (ServerType.CARDDAV, "CardDAV")]
)
def test_a_dav_url_comes_in_pieces(
    server_type: ServerType, prefix: str, url: str, expected: dict[str, Any]
) -> None:
    payload = payload_of(a_url_server(server_type, url=url, username=None))
    own = {key.removeprefix(prefix): value for key, value in payload.items() if key.startswith(prefix)}
    assert {key: value for key, value in own.items() if key != "AccountDescription"} == expected


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"authentication": OAUTH2_ONLY}, "oauth2-only"),
        ({"authentication": (A.TLS_CLIENT_CERTIFICATE,)}, "authentication-unknown"),
        ({"url": "https://dav.example/?user=%EMAILADDRESS%"}, "path-not-in-format"),
    ],
)
def test_calendars_that_cannot_be_said_are_left_out(changes: dict[str, Any], reason: str) -> None:
    servers = (an_imap_server(), smtp(), a_url_server(ServerType.CALDAV, **changes))
    assert types_of(*servers) == ["mail"]
    assert reasons_of(*servers) == {"caldav": reason}


def a_directory(**changes: Any) -> Server:
    values: dict[str, Any] = {"key": "ldap", "type": ServerType.LDAP, "port": 636}
    options = LdapOptions(search_base="dc=example")
    return an_imap_server(**{**values, "options": options, **changes})


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"port": 389, "socket_type": SocketType.STARTTLS}, "starttls-not-in-format"),
        ({"port": 6360}, "port-not-in-format"),
        ({"port": 636, "socket_type": SocketType.PLAIN}, "port-not-in-format"),
        ({"options": None}, "search-base-missing"),
        ({"authentication": (A.GSSAPI,)}, "authentication-unknown"),
    ],
)
def test_a_directory_that_cannot_be_said_is_left_out(changes: dict[str, Any], reason: str) -> None:
    servers = (an_imap_server(), smtp(), a_directory(**changes))
    assert types_of(*servers) == ["mail"]
    assert reasons_of(*servers) == {"ldap": reason}


def test_a_directory_for_everybody_has_no_user_name() -> None:
    plain: dict[str, Any] = {"port": 389, "socket_type": SocketType.PLAIN, "authentication": (A.NONE,)}
    payload = payload_of(a_directory(**plain))
    assert "LDAPAccountUserName" not in payload
    assert payload["LDAPAccountUseSSL"] is False


def an_exchange(*methods: Authentication) -> tuple[Server, Server]:
    host, authentication = "https://exchange.example", methods or (A.HTTP_BASIC,)
    ews = a_url_server(ServerType.EWS, url=f"{host}/EWS/Exchange.asmx", authentication=authentication)
    eas_url = f"{host}/Microsoft-Server-ActiveSync"
    return ews, a_url_server(ServerType.ACTIVESYNC, url=eas_url, authentication=authentication)


@pytest.mark.parametrize("exchange_first", [True, False])
def test_the_providers_order_decides_between_exchange_and_imap(exchange_first: bool) -> None:  # noqa: FBT001
    mail, exchange = (an_imap_server(), smtp()), an_exchange()
    servers = (*exchange, *mail) if exchange_first else (*mail, *exchange)
    left_out = mail if exchange_first else exchange
    assert types_of(*servers) == (["eas", "ews"] if exchange_first else ["mail"])
    assert reasons_of(*servers) == {server.key: "double-account" for server in left_out}


def test_exchange_for_one_kind_of_device_gives_way_to_mail_for_all() -> None:
    ews, eas = an_exchange()
    assert types_of(ews, an_imap_server(), smtp()) == ["mail"]
    assert types_of(eas, an_imap_server(), smtp()) == ["mail"]
    assert types_of(eas) == ["eas"]


def test_exchange_steps_in_where_the_mail_servers_cannot_be_said() -> None:
    mail = (an_imap_server(authentication=OAUTH2_ONLY), smtp())
    assert types_of(*mail, *an_exchange(), a_url_server(ServerType.CALDAV)) == ["eas", "ews"]


def test_exchange_signs_in_on_the_providers_page() -> None:
    profile = profile_of(*an_exchange(A.OAUTH2), oauth2=OAUTH2)
    for payload in profile["PayloadContent"]:
        assert payload["OAuth"] is True
        assert payload["OAuthSignInURL"] == OAUTH2.authorization_url
    passwords = profile_of(*an_exchange(A.OAUTH2, A.HTTP_BASIC), oauth2=OAUTH2)
    assert all("OAuth" not in payload for payload in passwords["PayloadContent"])


def test_exchange_without_a_sign_in_page_cannot_be_said() -> None:
    assert not document_of(*an_exchange(A.OAUTH2)).is_usable
    assert set(reasons_of(*an_exchange(A.OAUTH2)).values()) == {"oauth2-unknown"}


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://exchange.example:444/Microsoft-Server-ActiveSync", "port-not-in-format"),
        ("https://exchange.example/z-push", "path-not-in-format"),
        ("https://exchange.example/?a=b", "path-not-in-format"),
    ],
)
def test_active_sync_is_where_apple_looks_or_left_out(url: str, reason: str) -> None:
    server = a_url_server(ServerType.ACTIVESYNC, url=url)
    assert reasons_of(server) == {"activesync": reason}


@pytest.mark.parametrize("path", ["", "/", "/Microsoft-Server-ActiveSync/", "/microsoft-server-activesync"])
def test_active_sync_is_a_host(path: str) -> None:
    payload = payload_of(a_url_server(ServerType.ACTIVESYNC, url=f"https://exchange.example{path}"))
    assert payload["Host"] == "exchange.example"
    assert payload["SSL"] is True
