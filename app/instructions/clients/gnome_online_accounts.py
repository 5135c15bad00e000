"""GNOME's own settings, from which Evolution, Geary and others take accounts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from app.core.servers import ServerType, SocketType
from app.instructions.client import Client
from app.instructions.phrases import label, say
from app.instructions.program import Basis, SignIn, Words
from app.instructions.situation import address_entry, name_entry, password_entries, server_entries
from app.instructions.steps import choose, do, enter, enter_under, open_app, press
from app.instructions.values import ValueKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.core.servers import Server
    from app.instructions.guide import Step
    from app.instructions.phrases import Phrase
    from app.instructions.situation import Situation

_NAME: Final = say("GNOME Online Accounts")
_WORDS: Final = Words(
    port_follows_hostname=True,
    security=label("Encryption"),
    # It has no way to connect without.
    socket_types={
        SocketType.TLS: label("SSL on a dedicated port"),
        SocketType.STARTTLS: label("STARTTLS after connecting"),
    },
    fields=(ValueKind.HOSTNAME, ValueKind.USERNAME, ValueKind.PASSWORD, ValueKind.SOCKET_TYPE),
)


def _words(hostname: Phrase) -> Words:
    return replace(_WORDS, hostname=hostname)


def _begin(situation: Situation) -> Iterator[Step]:
    yield open_app(say("Settings"))
    yield choose(label("Online Accounts"), label("Email"))
    yield enter(
        name_entry(label("Name")), address_entry(situation, label("Email")), *password_entries(situation)
    )


def _automatic(situation: Situation) -> Iterator[Step]:
    yield from _begin(situation)
    yield do(say("Wait until the settings have been found."))
    yield press(label("Sign In"))


def _manual(situation: Situation, server: Server) -> Iterator[Step]:
    yield from _begin(situation)
    yield enter_under(
        label("IMAP Settings"), *server_entries(situation, server, _words(label("IMAP Server")))
    )
    if situation.outgoing is not None:
        outgoing = server_entries(situation, situation.outgoing, _words(label("SMTP Server")))
        yield enter_under(label("SMTP Settings"), *outgoing)
    yield press(label("Sign In"))


CLIENTS: Final = (
    Client(
        slug="gnome-online-accounts",
        name=_NAME,
        platforms=("Linux",),
        basis=Basis(
            source=say("GNOME Online Accounts' source code, the English texts"),
            url="https://gitlab.gnome.org/GNOME/gnome-online-accounts",
            read="2026-11",
            version="3.58.1",
        ),
        words=_WORDS,
        protocols=(ServerType.IMAP,),
        sign_in=SignIn.KNOWN_PROVIDERS,
        reads="autoconfig",
        automatic=_automatic,
        manual=_manual,
        outcome=say("The account is in the list; your mail program shows it by itself."),
    ),
)
