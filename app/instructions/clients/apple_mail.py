"""Mail on the Mac."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.core.servers import Authentication
from app.instructions.apple import open_profile
from app.instructions.client import Client
from app.instructions.phrases import label, same, say
from app.instructions.program import SWITCH_WORDS, Basis, Words
from app.instructions.situation import (
    address_entry,
    name_entry,
    password_entries,
    protocol_entry,
    server_entries,
    sign_in,
    url_entry,
)
from app.instructions.steps import choose, do, enter, enter_under, open_app, press
from app.instructions.values import ValueKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.core.servers import Server
    from app.instructions.guide import Step
    from app.instructions.situation import Situation

_NAME: Final = "Mail"
_METHODS: Final = {
    Authentication.PASSWORD_CLEARTEXT: label("Password"),
    Authentication.PASSWORD_ENCRYPTED: label("MD5 Challenge-Response"),
    Authentication.NTLM: same("NTLM"),
    Authentication.GSSAPI: same("Kerberos"),
    Authentication.TLS_CLIENT_CERTIFICATE: label("External (TLS Client Certificate)"),
    Authentication.NONE: label("None"),
}
_WORDS: Final = Words(
    hostname=label("Incoming Mail Server"),
    security=label("Use TLS/SSL"),
    socket_types=SWITCH_WORDS,
    methods=_METHODS,
    username=label("User Name"),
    path_prefix=label("IMAP Path Prefix"),
    adds_delimiter=True,
)
_OUTGOING: Final = Words(
    hostname=label("Outgoing Mail Server"),
    socket_types=SWITCH_WORDS,
    username=label("User Name"),
    methods=_METHODS,
)
_LATER: Final = (ValueKind.PORT, ValueKind.SOCKET_TYPE, ValueKind.AUTHENTICATION, ValueKind.PATH_PREFIX)


def _profile(situation: Situation) -> Iterator[Step]:
    yield open_profile(situation)
    yield open_app(label("System Settings"))
    yield choose(label("General"), label("Device Management"))
    yield do(say("Open the downloaded profile, look at it, and install it."))
    yield from sign_in(situation)


def _exchange(situation: Situation) -> Iterator[Step]:
    if "ews" not in situation.exchange:
        return
    yield open_app(_NAME)
    yield choose(label("Mail"), label("Add Account…"), same("Microsoft Exchange"))
    yield enter(name_entry(label("Name")), address_entry(situation))
    yield from sign_in(situation, "ews")
    yield do(say("If the server is asked for, enter this:"))
    yield enter(url_entry("ews", situation.exchange["ews"], label("Internal URL")))


def _manual(situation: Situation, server: Server) -> Iterator[Step]:
    yield open_app(_NAME)
    yield choose(label("Mail"), label("Add Account…"), label("Other Mail Account…"))
    yield enter(name_entry(label("Name")), address_entry(situation), *password_entries(situation))
    yield press(label("Sign In"))
    yield do(say("Mail says that it cannot verify the account: that is normal here, and more fields appear."))
    entries = server_entries(situation, server, _WORDS, (ValueKind.USERNAME, ValueKind.HOSTNAME))
    outgoing = situation.outgoing
    sending = (
        () if outgoing is None else server_entries(situation, outgoing, _OUTGOING, (ValueKind.HOSTNAME,))
    )
    yield enter(protocol_entry(server, label("Account Type")), *entries, *sending)
    yield press(label("Sign In"))
    yield choose(
        label("Mail"), label("Settings…"), label("Accounts", context="apple"), label("Server Settings")
    )
    yield do(
        say(
            "Switch off {switch} to see all fields.", switch=label("Automatically manage connection settings")
        )
    )
    yield enter_under(label("Incoming Mail Server"), *server_entries(situation, server, _WORDS, _LATER))
    if outgoing is not None:
        fields = (*_LATER, ValueKind.USERNAME)
        yield enter_under(label("Outgoing Mail Server"), *server_entries(situation, outgoing, _WORDS, fields))
    yield press(label("Save", context="apple"))


CLIENTS: Final = (
    Client(
        slug="apple-mail",
        name="Apple Mail (Mac)",
        platforms=("macOS",),
        basis=Basis(
            source=say("OVHcloud's guide to Mail for macOS; the profile's steps are not checked"),
            url="https://github.com/ovh/docs",
            read="2026-11",
            version="2024-10",
        ),
        words=_WORDS,
        reads="mobileconfig",
        profile=_profile,
        exchange=_exchange,
        manual=_manual,
    ),
)
