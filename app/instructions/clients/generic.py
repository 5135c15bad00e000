"""Every other program: the values alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.core.servers import Authentication
from app.instructions.client import Client
from app.instructions.phrases import label, same, say
from app.instructions.program import SSL_TLS_WORDS, Words
from app.instructions.situation import (
    address_entry,
    exchange_username_entry,
    name_entry,
    opens_page,
    password_entries,
    protocol_entry,
    server_entries,
    sign_in,
    url_entry,
)
from app.instructions.steps import do, enter, enter_under

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.core.servers import Server
    from app.instructions.guide import Step
    from app.instructions.situation import Situation

_WORDS: Final = Words(
    security=label("Encryption"),
    socket_types=SSL_TLS_WORDS,
    methods={
        Authentication.PASSWORD_CLEARTEXT: label("Password"),
        Authentication.PASSWORD_ENCRYPTED: label("Encrypted password"),
        Authentication.GSSAPI: same("Kerberos / GSSAPI"),
        Authentication.NTLM: same("NTLM"),
        Authentication.TLS_CLIENT_CERTIFICATE: label("TLS Certificate"),
        Authentication.OAUTH2: same("OAuth2"),
    },
    path_prefix=label("IMAP path prefix"),
)
_SERVICES: Final = {
    "activesync": same("Exchange ActiveSync"),
    "ews": same("Exchange Web Services"),
    "mapi": same("MAPI over HTTP"),
    "owa": label("Outlook on the web"),
}


def _automatic(situation: Situation) -> Iterator[Step]:
    yield do(say("Add an account in the program, and enter no more than this:"))
    yield enter(name_entry(), address_entry(situation), *password_entries(situation))
    yield do(say("Many programs find everything else by themselves."))
    if opens_page(situation):
        yield from sign_in(situation)


def _exchange(situation: Situation) -> Iterator[Step]:
    services = {name: text for name, text in _SERVICES.items() if name in situation.exchange}
    if not services:
        return
    yield do(say("Add an account of the type Exchange, and enter what the program asks for:"))
    for name, text in services.items():
        yield enter_under(
            text,
            url_entry(name, situation.exchange[name], same("URL")),
            exchange_username_entry(situation, name, label("User name")),
        )
    yield from sign_in(situation, next(iter(services)))


def _manual(situation: Situation, server: Server) -> Iterator[Step]:
    yield do(say("Look for “add account” in the program, and for a way to set it up by hand."))
    yield enter(name_entry(), address_entry(situation))
    incoming = server_entries(situation, server, _WORDS)
    yield enter_under(label("Incoming server"), protocol_entry(server, label("Protocol")), *incoming)
    if situation.outgoing is not None:
        outgoing = server_entries(situation, situation.outgoing, _WORDS)
        yield enter_under(label("Outgoing server (SMTP)"), *outgoing)


CLIENTS: Final = (
    Client(
        slug="generic",
        name=say("Another program"),
        platforms=(),
        words=_WORDS,
        reads="autoconfig",
        always_finds=False,
        automatic=_automatic,
        exchange=_exchange,
        manual=_manual,
    ),
)
