"""Thunderbird for Android and K-9 Mail, which are one program under two names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.core.servers import Authentication, SocketType
from app.instructions.client import Client
from app.instructions.phrases import label, same, say
from app.instructions.program import Basis, Words
from app.instructions.situation import address_entry, name_entry, protocol_entry, server_entries, sign_in
from app.instructions.steps import do, enter, enter_under, open_app, press

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.core.servers import Server
    from app.instructions.guide import Step
    from app.instructions.situation import Situation

_WORDS: Final = Words(
    socket_types={
        SocketType.TLS: same("SSL/TLS"),
        SocketType.STARTTLS: same("StartTLS"),
        SocketType.PLAIN: label("None"),
    },
    methods={
        Authentication.PASSWORD_CLEARTEXT: label("Normal password"),
        Authentication.PASSWORD_ENCRYPTED: label("Encrypted password"),
        Authentication.TLS_CLIENT_CERTIFICATE: label("Client certificate"),
        Authentication.OAUTH2: same("OAuth 2.0"),
        Authentication.NONE: label("None"),
    },
    username=label("Username"),
    path_prefix=label("IMAP path prefix"),
)
_APPS: Final = "Thunderbird / K-9 Mail"


def _begin(situation: Situation) -> Iterator[Step]:
    yield open_app(_APPS)
    yield do(say("Add an account: on the first start at once, later in the settings."))
    yield enter(address_entry(situation))
    yield press(label("Next"))


def _automatic(situation: Situation) -> Iterator[Step]:
    yield from _begin(situation)
    yield do(say("Wait until the settings have been found."))
    yield from sign_in(situation)
    yield press(label("Next"))
    yield enter(name_entry())


def _manual(situation: Situation, server: Server) -> Iterator[Step]:
    yield from _begin(situation)
    yield press(label("Edit configuration"))
    incoming = server_entries(situation, server, _WORDS)
    yield enter_under(label("Incoming server settings"), protocol_entry(server, label("Protocol")), *incoming)
    yield press(label("Next"))
    if situation.outgoing is not None:
        outgoing = server_entries(situation, situation.outgoing, _WORDS)
        yield enter_under(label("Outgoing server settings"), *outgoing)
        yield press(label("Next"))
    yield enter(name_entry())


CLIENTS: Final = (
    Client(
        slug="thunderbird-android",
        name=say("Thunderbird for Android, K-9 Mail"),
        platforms=("Android",),
        basis=Basis(
            source=say("the app's own texts (server settings) in English and German"),
            url="https://github.com/thunderbird/thunderbird-android",
            read="2026-11",
        ),
        words=_WORDS,
        reads="autoconfig",
        needs_universal=True,
        automatic=_automatic,
        manual=_manual,
    ),
)
