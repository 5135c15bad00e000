from __future__ import annotations

from typing import Any

import pytest
from app.core.errors import InvalidInput
from app.core.servers import (
    OPTIONS_BY_TYPE,
    Authentication,
    Direction,
    ExchangeOptions,
    ImapOptions,
    LdapOptions,
    Location,
    LoginForm,
    Pop3Options,
    Server,
    ServerType,
    SmtpOptions,
    SocketType,
    WebmailOptions,
    check_servers,
    next_key,
)

from builders import a_pop3_server, a_url_server, an_imap_server, an_smtp_server
from full_values import SERVERS


def issues_of(**changes: Any) -> list[tuple[str, str]]:
    with pytest.raises(InvalidInput) as refused:
        an_imap_server(**changes)
    return [(issue.field, issue.rule) for issue in refused.value.issues]


def test_servers_of_every_type_can_be_made() -> None:
    assert {server.type for server in SERVERS} == set(ServerType)


@pytest.mark.parametrize("server_type", ServerType)
def test_a_type_says_which_way_the_mail_goes_and_how_it_is_reached(server_type: ServerType) -> None:
    incoming = {"imap", "pop3", "nntp", "jmap", "ews", "owa", "graph", "exchange", "mapi", "activesync"}
    sockets = {"imap", "pop3", "smtp", "nntp", "exchange", "managesieve", "ldap"}
    expected = Direction.INCOMING if server_type in incoming else Direction.SERVICE
    assert server_type.direction is (Direction.OUTGOING if server_type == "smtp" else expected)
    location = Location.SOCKET if server_type in sockets else Location.URL
    assert server_type.location is (Location.EITHER if server_type == "xmpp" else location)


@pytest.mark.parametrize("key", ["imap", "smtp-2", "a", "0", "a" * 40])
def test_a_key_is_kept(key: str) -> None:
    assert an_imap_server(key=key).key == key


@pytest.mark.parametrize("key", ["", "IMAP", "-a", "a-", "a_b", "a b", "a.b", "a" * 41, "ü", "a\n", "a/b"])
def test_what_is_no_key_is_refused(key: str) -> None:
    assert [field for field, _ in issues_of(key=key)] == ["key"]


@pytest.mark.parametrize(
    ("changes", "field", "rule"),
    [
        ({"hostname": None}, "hostname", "is needed for a server of type imap"),
        ({"port": None}, "port", "is needed"),
        ({"socket_type": None}, "socket_type", "is needed"),
        ({"username": None}, "username", "is needed"),
        ({"port": 0}, "port", "between 1 and 65535"),
        ({"port": 65536}, "port", "between 1 and 65535"),
        ({"port": -1}, "port", "between 1 and 65535"),
        ({"hostname": "MAIL.example"}, "hostname", "lower-case A-label form"),
        ({"hostname": "mail_1.example"}, "hostname", "letters, digits and hyphens"),
        ({"hostname": "<b>.example"}, "hostname", "letters, digits and hyphens"),
        ({"shared_hostname": "mail.example."}, "shared_hostname", "lower-case A-label form"),
        ({"username": " a"}, "username", "start or end with a space"),
        ({"username": "a\nb"}, "username", "single line"),
        ({"username": ""}, "username", "empty"),
        ({"authentication": ()}, "authentication", "at least one method"),
        ({"authentication": (Authentication.NTLM,) * 2}, "authentication", "a method twice"),
        ({"options": Pop3Options()}, "options", "type imap"),
    ],
)
def test_a_broken_rule_is_named_with_its_field(changes: dict[str, Any], field: str, rule: str) -> None:
    ((found_field, found_rule),) = issues_of(**changes)
    assert found_field == field
    assert rule in found_rule


def test_all_broken_rules_are_told_at_once() -> None:
    found = issues_of(key="", hostname="-", port=0, username="", authentication=())
    assert [field for field, _ in found] == ["key", "port", "hostname", "username", "authentication"]


@pytest.mark.parametrize(
    "changes", [{"port": 1}, {"port": 65535}, {"hostname": "192.0.2.1"}, {"hostname": "mx"}]
)
def test_limits_are_within(changes: dict[str, Any]) -> None:
    server = an_imap_server(**changes)
    assert {name: getattr(server, name) for name in changes} == changes


def test_an_outgoing_server_needs_no_user_name() -> None:
    assert an_smtp_server(username=None, authentication=(Authentication.NONE,)).username is None
    with pytest.raises(InvalidInput, match="username"):
        a_pop3_server(username=None)


def test_a_server_with_a_url_has_no_socket_and_the_other_way_round() -> None:
    with pytest.raises(InvalidInput, match="url: must not be set for a server of type imap"):
        an_imap_server(url="https://host.example/")
    with pytest.raises(InvalidInput, match="url: is needed for a server of type ews"):
        a_url_server(url=None)
    with pytest.raises(InvalidInput) as refused:
        a_url_server(hostname="host.example", port=1, socket_type=SocketType.TLS, shared_hostname="a.example")
    fields = [issue.field for issue in refused.value.issues]
    assert fields == ["hostname", "port", "socket_type", "shared_hostname"]
    with pytest.raises(InvalidInput, match="url: must start with"):
        a_url_server(url="ftp://host.example/")


def test_xmpp_has_a_url_or_a_socket() -> None:
    assert a_url_server(ServerType.XMPP).url
    assert an_imap_server(type=ServerType.XMPP, username=None).hostname
    with pytest.raises(InvalidInput) as refused:
        a_url_server(ServerType.XMPP, url=None)
    assert [issue.field for issue in refused.value.issues] == ["hostname", "port", "socket_type"]


def test_a_webmail_needs_no_authentication() -> None:
    webmail = Server(key="webmail", type=ServerType.WEBMAIL, url="https://webmail.example/")
    assert webmail.authentication == ()


@pytest.mark.parametrize("server_type", ServerType)
def test_options_belong_to_their_type(server_type: ServerType) -> None:
    server = next(server for server in SERVERS if server.type is server_type)
    for other, options_type in OPTIONS_BY_TYPE.items():
        options = next(s.options for s in SERVERS if type(s.options) is options_type)
        values = {name: getattr(server, name) for name in server.__slots__} | {"options": options}
        if other is server_type:
            assert Server(**values).options == options
        else:
            with pytest.raises(InvalidInput, match=f"options that a server of type {server_type} has"):
                Server(**values)


FORM = {"url": "https://webmail.example/", "username": "%EMAILADDRESS%"}


@pytest.mark.parametrize(
    ("options_type", "values", "field"),
    [
        (Pop3Options, {"days_to_leave_messages_on_server": 0}, "days_to_leave_messages_on_server"),
        (Pop3Options, {"days_to_leave_messages_on_server": 3651}, "days_to_leave_messages_on_server"),
        (Pop3Options, {"check_interval_minutes": 0}, "check_interval_minutes"),
        (Pop3Options, {"check_interval_minutes": 1441}, "check_interval_minutes"),
        (ImapOptions, {"path_prefix": ""}, None),
        (ImapOptions, {"path_prefix": " INBOX."}, "path_prefix"),
        (ImapOptions, {"path_prefix": "a" * 101}, None),
        (SmtpOptions, {"restriction": "a\nb"}, None),
        (LdapOptions, {"search_base": ""}, None),
        (LdapOptions, {"search_base": "dc=a "}, "search_base"),
        (ExchangeOptions, {"owa_url": "host"}, "owa_url"),
        (ExchangeOptions, {"ews_url": "host"}, "ews_url"),
        (ExchangeOptions, {"eas_url": "host"}, "eas_url"),
        (ExchangeOptions, {"autodiscover_url": "http://a.example/autodiscover.xml"}, "autodiscover_url"),
        (LoginForm, {**FORM, "url": "host"}, "url"),
        (LoginForm, {**FORM, "redirection_prefix": "host"}, "redirection_prefix"),
        (LoginForm, {**FORM, "username": ""}, "username"),
        (LoginForm, {**FORM, "username_field_id": ""}, "username_field_id"),
        (LoginForm, {**FORM, "username_field_name": "a\tb"}, "username_field_name"),
        (LoginForm, {**FORM, "password_field_id": "\x00"}, "password_field_id"),
        (LoginForm, {**FORM, "password_field_name": "a" * 101}, "password_field_name"),
        (LoginForm, {**FORM, "button_id": ""}, "button_id"),
        (LoginForm, {**FORM, "button_name": ""}, "button_name"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    options_type: type[Any], values: dict[str, Any], field: str | None
) -> None:
    with pytest.raises(InvalidInput) as refused:
        options_type(**values)
    (issue,) = refused.value.issues
    assert issue.path == (() if field is None else (field,))


def test_options_may_say_as_little_as_nothing() -> None:
    for options_type in (Pop3Options, SmtpOptions, ExchangeOptions):
        options_type()
    longest = Pop3Options(days_to_leave_messages_on_server=3650, check_interval_minutes=1440)
    assert longest.leave_messages_on_server is None
    assert WebmailOptions(login_form=LoginForm(**FORM)).login_form.button_id is None


def test_a_server_knows_all_its_patterns_and_variables() -> None:
    webmail = next(server for server in SERVERS if isinstance(server.options, WebmailOptions))
    assert webmail.patterns == (
        "https://%NODE%.provider.example/webmail?q=%EMAILDOMAIN%",
        "%EMAILADDRESS%",
        "https://webmail.provider.example/login?d=%EMAILDOMAIN%",
        "https://webmail.provider.example/inbox",
        "%EMAILADDRESS%",
    )
    exchange = next(server for server in SERVERS if isinstance(server.options, ExchangeOptions))
    assert exchange.variables == {"NODE"}
    assert an_imap_server(hostname="%A%.%B%.example", username="%C%-%EMAILADDRESS%").variables == {
        "A",
        "B",
        "C",
    }
    assert an_imap_server().variables == set()


def test_keys_are_used_once_in_a_list_and_a_list_has_an_end() -> None:
    check_servers((an_imap_server(), a_pop3_server()))
    with pytest.raises(InvalidInput) as refused:
        check_servers((an_imap_server(), a_pop3_server(), an_imap_server(), a_pop3_server()))
    assert [issue.field for issue in refused.value.issues] == ["servers.2.key", "servers.3.key"]
    many = tuple(an_imap_server(key=f"imap-{number}") for number in range(65))
    check_servers(many[:64])
    with pytest.raises(InvalidInput, match="servers: must be at most 64 servers"):
        check_servers(many)


def test_the_next_key_is_free() -> None:
    taken: set[str] = set()
    for expected in ("imap", "imap-2", "imap-3"):
        assert next_key(ServerType.IMAP, taken) == expected
        taken.add(expected)
    assert next_key(ServerType.IMAP, {"imap", "imap-3"}) == "imap-2"
    assert next_key(ServerType.IMAP, {"imap", *(f"imap-{number}" for number in range(1200))}) == "imap-1200"
