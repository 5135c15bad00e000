"""PACC documents of both drafts, and what is no such document."""

from __future__ import annotations

import json
from typing import Any

import pytest
from app.core.errors import InvalidInput
from app.core.servers import Authentication, ServerType, SocketType
from app.parsers.pacc import PaccDocument, parse_pacc

PASSWORD = {"password": True}


def read(protocols: Any, authentication: Any = PASSWORD, **members: Any) -> PaccDocument:
    document = {"protocols": protocols, "authentication": authentication, **members}
    return parse_pacc(json.dumps(document).encode())


@pytest.mark.parametrize("key", ["smtp", "submit"])
def test_mail_submission_has_two_names(key: str) -> None:
    (server,) = read({key: {"host": "Smtp.Provider.Example"}}).servers
    assert (server.type, server.hostname, server.port) == (ServerType.SMTP, "smtp.provider.example", 465)


def test_both_names_beside_each_other_are_one_server() -> None:
    found = read({"smtp": {"host": "a.example"}, "submit": {"host": "a.example"}})
    assert len(found.servers) == 1


def test_what_goes_without_saying_is_filled_in() -> None:
    found = read({"imap": {"host": "a.example"}, "pop3": {"host": "b.example"}}).servers
    assert [(server.port, server.socket_type) for server in found] == [
        (993, SocketType.TLS),
        (995, SocketType.TLS),
    ]
    assert {server.username for server in found} == {"%EMAILADDRESS%"}
    (sieve,) = read({"managesieve": {"host": "a.example"}}).servers
    assert (sieve.port, sieve.socket_type) == (4190, SocketType.TLS)


@pytest.mark.parametrize(
    ("authentication", "mail", "web"),
    [
        ({"password": True}, ["password-cleartext"], ["http-basic"]),
        ({"oauth-public": {"issuer": "https://a.example"}, "password": False}, ["oauth2"], ["oauth2"]),
        (
            {"oauth-public": {"issuer": "https://a.example"}, "password": True},
            ["oauth2", "password-cleartext"],
            ["oauth2", "http-basic"],
        ),
        ({}, ["password-cleartext"], ["http-basic"]),
        (None, ["password-cleartext"], ["http-basic"]),
    ],
)
def test_how_to_log_in_is_said_once(authentication: Any, mail: list[str], web: list[str]) -> None:
    found = read({"imap": {"host": "a.example"}, "jmap": {"url": "https://j.example/"}}, authentication)
    assert [list(server.authentication) for server in found.servers] == [mail, web]


@pytest.mark.parametrize("issuer", ["http://a.example", "https://a.example/?x", "https://a.example#x", 7])
def test_an_issuer_that_is_none_is_noted(issuer: Any) -> None:
    found = read({"imap": {"host": "a.example"}}, {"oauth-public": {"issuer": issuer}, "password": True})
    assert found.issuer is None
    assert found.servers[0].authentication == (Authentication.PASSWORD_CLEARTEXT,)
    assert len(found.notices) == 1


def test_servers_that_nobody_can_log_in_to_are_noted() -> None:
    found = read({"imap": {"host": "a.example"}}, {"password": False})
    assert found.servers == ()
    assert [notice.where for notice in found.notices] == ["protocols/imap"]


@pytest.mark.parametrize(
    "value", [None, "a.example", [], {}, {"host": 7}, {"host": ""}, {"host": "a b"}, {"url": "https://a.b/"}]
)
def test_a_protocol_that_cannot_be_used_loses_no_other(value: Any) -> None:
    found = read({"imap": value, "submit": {"host": "a.example"}, "pigeon": {"host": "b.example"}})
    assert [server.type for server in found.servers] == [ServerType.SMTP]
    assert len(found.notices) == 2


def test_the_provider_s_name_is_read() -> None:
    assert read({}, info={"provider": {"name": "The Provider"}}).display_name == "The Provider"
    assert read({}, info={"provider": {"name": "\ud800"}}).display_name is None
    assert read({}, info=[]).display_name is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b'{"protocols": []}',
        b"<html>",
        b"\xff\xfe\xff",
        b"[" * 50_000,
        b" " * 70_000 + b"{}",
    ],
)
def test_what_is_no_document_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        parse_pacc(data)
