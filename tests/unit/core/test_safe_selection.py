from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from app.core.resolving import resolve
from app.core.safe_selection import select_safely
from app.core.servers import Authentication, LoginForm, Server, ServerType, SocketType, WebmailOptions

from builders import (
    a_domain,
    a_pop3_server,
    a_provider,
    a_url_server,
    an_account,
    an_imap_server,
    an_smtp_server,
)

CLEARTEXT = Authentication.PASSWORD_CLEARTEXT
PLAIN: dict[str, Any] = {"socket_type": SocketType.PLAIN}
KERBEROS: dict[str, Any] = {"authentication": (Authentication.GSSAPI,)}
MISPRINT: dict[str, Any] = {"username": "%EMAILADDRESS"}


def chosen(*servers: Server, **asked: Any) -> list[str]:
    selection = select_safely(an_account(*servers, **asked))
    return [server.key for server in (*selection.incoming, *selection.outgoing)]


def told(*servers: Server, **asked: Any) -> dict[str | None, str]:
    selection = select_safely(an_account(*servers, **asked))
    return {omission.server: omission.reason for omission in selection.omissions}


def test_imap_is_first_whatever_the_stored_order() -> None:
    assert chosen(an_smtp_server(), a_pop3_server(), an_imap_server()) == ["imap", "pop3", "smtp"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [(PLAIN, "plain-socket"), (KERBEROS, "authentication-unknown"), (MISPRINT, "username-broken")],
)
def test_what_makes_a_client_drop_the_file_is_left_out_for_something_better(
    changes: dict[str, Any], reason: str
) -> None:
    worse = [
        an_imap_server(key="worse-imap", **changes),
        a_pop3_server(key="worse-pop3", **changes),
        an_smtp_server(key="worse-smtp", **changes),
    ]
    better = [an_imap_server(), a_pop3_server(), an_smtp_server()]
    assert chosen(*worse, *better) == ["imap", "pop3", "smtp"]
    assert told(*worse, *better) == dict.fromkeys(["worse-imap", "worse-pop3", "worse-smtp"], reason)


@pytest.mark.parametrize("changes", [PLAIN, KERBEROS, MISPRINT])
def test_what_makes_a_client_drop_the_file_is_kept_where_there_is_nothing_else(
    changes: dict[str, Any],
) -> None:
    servers = [an_imap_server(**changes), an_smtp_server(**changes)]
    assert chosen(*servers) == ["imap", "smtp"]
    assert told(*servers) == {}


def test_an_encrypted_pop3_is_better_than_a_plain_imap() -> None:
    servers = [an_imap_server(**PLAIN), a_pop3_server(), an_smtp_server()]
    assert chosen(*servers) == ["pop3", "smtp"]
    assert told(*servers) == {"imap": "plain-socket"}


def test_a_plain_pop3_does_not_come_along() -> None:
    servers = [an_imap_server(), a_pop3_server(**PLAIN), an_smtp_server()]
    assert chosen(*servers) == ["imap", "smtp"]
    assert told(*servers) == {"pop3": "plain-socket"}


def test_one_server_of_a_type_is_published() -> None:
    servers = [
        an_imap_server(key="a"),
        an_imap_server(key="b"),
        an_smtp_server(key="c"),
        an_smtp_server(key="d"),
    ]
    assert chosen(*servers) == ["a", "c"]
    assert told(*servers) == {"b": "further-server", "d": "further-server"}


def test_methods_that_not_every_client_knows_go_while_one_is_left() -> None:
    everything = tuple(Authentication)
    selection = select_safely(an_account(an_imap_server(authentication=everything), an_smtp_server()))
    assert selection.incoming[0].authentication == (
        CLEARTEXT,
        Authentication.PASSWORD_ENCRYPTED,
        Authentication.OAUTH2,
    )


def test_one_user_name_is_used_throughout() -> None:
    other: dict[str, Any] = {"username": "%EMAILLOCALPART%"}
    servers = [
        an_imap_server(),
        a_pop3_server(**other),
        an_smtp_server(key="other", **other),
        an_smtp_server(),
        a_url_server(ServerType.EWS, **other),
        a_url_server(ServerType.OWA),
    ]
    assert chosen(*servers) == ["imap", "owa", "smtp"]
    assert told(*servers) == {
        "pop3": "username-differs",
        "other": "further-server",
        "ews": "username-differs",
    }


def test_an_outgoing_server_with_another_user_name_is_better_than_none() -> None:
    servers = [an_imap_server(), an_smtp_server(username="%EMAILLOCALPART%")]
    assert chosen(*servers) == ["imap", "smtp"]
    assert told(*servers) == {}


@pytest.mark.parametrize(
    ("incoming", "expected"),
    [([an_imap_server(username="%EMAILLOCALPART%")], "%EMAILLOCALPART%"), ([], "%EMAILADDRESS%")],
)
def test_a_user_name_is_given_where_none_is_needed(incoming: list[Server], expected: str) -> None:
    nameless = an_smtp_server(username=None, authentication=(Authentication.NONE,))
    selection = select_safely(an_account(*incoming, nameless))
    assert selection.outgoing[0].username == expected


def test_services_beside_mail_follow_and_the_others_have_no_place() -> None:
    nameless: dict[str, Any] = {"username": None}
    servers = [
        a_url_server(ServerType.JMAP, **nameless),
        a_url_server(ServerType.EWS, key="ews-1"),
        a_url_server(ServerType.EWS, key="ews-2"),
        a_url_server(ServerType.GRAPH, **MISPRINT),
        an_imap_server(key="ldap", type=ServerType.LDAP),
        an_imap_server(key="exchange", type=ServerType.EXCHANGE),
        an_imap_server(),
        an_smtp_server(),
    ]
    assert chosen(*servers) == ["imap", "ews-1", "exchange", "jmap", "smtp"]
    assert told(*servers) == {
        "ews-2": "further-server",
        "graph": "username-broken",
        "ldap": "not-in-format",
    }


def services_of(*servers: Server) -> list[str]:
    selection = select_safely(an_account(an_imap_server(), an_smtp_server(), *servers))
    return [server.key for server in selection.services]


def test_a_service_has_the_mails_user_name_or_is_left_out() -> None:
    calendar = a_url_server(ServerType.CALDAV, key="other", username="%EMAILLOCALPART%")
    servers = [
        calendar,
        a_url_server(ServerType.CALDAV, username=None),
        a_url_server(ServerType.CALDAV, key="third"),
        a_url_server(ServerType.WEBDAV, username=None, authentication=(Authentication.NONE,)),
        a_url_server(ServerType.MATRIX, **MISPRINT),
    ]
    assert services_of(*servers) == ["caldav", "webdav"]
    selection = select_safely(an_account(an_imap_server(), an_smtp_server(), *servers))
    assert [server.username for server in selection.services] == ["%EMAILADDRESS%", None]
    assert {omission.server: omission.reason for omission in selection.omissions} == {
        "other": "username-differs",
        "third": "further-server",
        "matrix": "username-broken",
    }


def test_xmpp_over_tcp_and_over_websocket_are_two_services() -> None:
    tcp = an_imap_server(key="tcp", type=ServerType.XMPP, port=5223)
    servers = [tcp, replace(tcp, key="tcp-2"), a_url_server(ServerType.XMPP, url="wss://a.example/")]
    assert services_of(*servers) == ["tcp", "xmpp"]


def test_no_service_is_published_without_encryption() -> None:
    plain = {"socket_type": SocketType.PLAIN, "port": 4190}
    assert services_of(an_imap_server(key="sieve", type=ServerType.MANAGESIEVE, **plain)) == []
    exchange = an_imap_server(key="exchange", type=ServerType.EXCHANGE, **plain)
    assert chosen(an_imap_server(), an_smtp_server(), exchange) == ["imap", "smtp"]


def test_a_web_service_keeps_its_ways_to_log_in() -> None:
    methods = (Authentication.OAUTH2, Authentication.HTTP_BASIC)
    selection = select_safely(
        an_account(
            an_imap_server(authentication=(Authentication.GSSAPI, Authentication.PASSWORD_CLEARTEXT)),
            an_smtp_server(),
            a_url_server(ServerType.CALDAV, authentication=methods),
            a_url_server(ServerType.JMAP, authentication=methods),
        )
    )
    assert selection.services[0].authentication == methods
    assert selection.incoming[0].authentication == (Authentication.PASSWORD_CLEARTEXT,)
    assert selection.incoming[1].authentication == methods


@pytest.mark.parametrize("server_type", [ServerType.EWS, ServerType.OWA])
def test_thunderbird_is_told_of_a_password_in_its_own_word(server_type: ServerType) -> None:
    selection = select_safely(an_account(an_imap_server(), an_smtp_server(), a_url_server(server_type)))
    assert selection.incoming[1].authentication == (
        Authentication.HTTP_BASIC,
        Authentication.PASSWORD_CLEARTEXT,
    )


def test_a_service_without_a_user_name_anywhere_is_left_out() -> None:
    servers = [a_url_server(ServerType.JMAP, username=None), an_smtp_server()]
    assert chosen(*servers) == ["smtp"]
    assert told(*servers) == {"jmap": "username-broken"}


def a_webmail(username: str) -> Server:
    form = LoginForm(url="https://webmail.example/login", username=username)
    options = WebmailOptions(login_form=form)
    return Server(key="webmail", type=ServerType.WEBMAIL, url="https://webmail.example/", options=options)


def test_a_login_form_with_another_user_name_is_left_out_and_the_webmail_stays() -> None:
    for username, is_kept in (("%EMAILADDRESS%", True), ("%EMAILLOCALPART%", False)):
        account = an_account(an_imap_server(), an_smtp_server(), a_webmail(username))
        selection = select_safely(account)
        assert selection.webmail is not None
        assert (selection.webmail.options is not None) is is_kept
        reasons = [omission.reason for omission in selection.omissions]
        assert reasons == ([] if is_kept else ["login-form-username-differs"])


def test_a_login_form_stays_where_there_is_no_mailbox_to_read() -> None:
    selection = select_safely(an_account(an_smtp_server(), a_webmail("%EMAILLOCALPART%")))
    assert selection.webmail is not None
    assert selection.webmail.options is not None


USERNAMES = [
    ("%EMAILADDRESS%", None, "%EMAILADDRESS%"),
    ("%EMAILLOCALPART%.%EMAILDOMAIN%", None, "%EMAILLOCALPART%.%EMAILDOMAIN%"),
    ("%EMAILADDRESS%", "jane", "%EMAILADDRESS%"),
    ("%EMAILLOCALPART%", "jane", "%EMAILLOCALPART%"),
    ("%EMAILDOMAIN%", "jane", "%EMAILDOMAIN%"),
    ("%EMAILLOCALPART%@%EMAILDOMAIN%", "jane", "%EMAILADDRESS%"),
    ("%EMAILLOCALPART%.%EMAILDOMAIN%", "jane", "jane.customer.example"),
    ("jane@customer.example", "jane", "%EMAILADDRESS%"),
    ("jane", "jane", "%EMAILLOCALPART%"),
    ("00123", "00123", "%EMAILLOCALPART%"),
    ("c1047-jane", "jane", "c1047-jane"),
]


@pytest.mark.parametrize(("pattern", "local_part", "published"), USERNAMES)
def test_a_user_name_is_written_in_its_simplest_form(
    pattern: str, local_part: str | None, published: str
) -> None:
    address = None if local_part is None else f"{local_part}@customer.example"
    account = an_account(an_imap_server(username=pattern), an_smtp_server(username=pattern), address=address)
    selection = select_safely(account)
    assert {server.username for server in (*selection.incoming, *selection.outgoing)} == {published}


@pytest.mark.parametrize(
    ("pattern", "published"),
    [
        ("%EMAILADDRESS%", "jane@customer.example"),
        ("%EMAILLOCALPART%", "jane"),
        ("%EMAILDOMAIN%", "customer.example"),
    ],
)
def test_a_login_that_is_not_the_address_as_typed_is_written_out(pattern: str, published: str) -> None:
    account = an_account(
        an_imap_server(username=pattern),
        an_smtp_server(username=pattern),
        address="Jane+news@customer.example",
        lowercase_login=True,
        subaddress_separator="+",
    )
    assert select_safely(account).incoming[0].username == published


def test_what_no_format_can_publish_is_told_too() -> None:
    account = resolve(a_provider(servers=(an_imap_server(hostname="%NODE%.example"),)), a_domain())
    selection = select_safely(account)
    assert (selection.incoming, selection.outgoing, selection.webmail) == ((), (), None)
    assert [omission.reason for omission in selection.omissions] == ["variable-missing"]
