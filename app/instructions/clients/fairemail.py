"""FairEmail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.instructions.client import Client
from app.instructions.phrases import label, say
from app.instructions.program import SSL_TLS_WORDS, Basis, Words
from app.instructions.situation import (
    PROTOCOL_NAMES,
    address_entry,
    name_entry,
    password_entries,
    server_entries,
)
from app.instructions.steps import choose, do, enter, enter_under, open_app, press

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.core.servers import Server
    from app.instructions.guide import Step
    from app.instructions.situation import Situation

_NAME: Final = "FairEmail"
_WORDS: Final = Words(
    hostname=label("Host name"),
    port=label("Port number"),
    security=label("Encryption"),
    socket_types=SSL_TLS_WORDS,
)


def _automatic(situation: Situation) -> Iterator[Step]:
    yield open_app(_NAME)
    yield choose(label("Quick setup"), label("Other provider"))
    yield enter(name_entry(), address_entry(situation), *password_entries(situation))
    yield press(label("Check"))
    yield press(label("Save"))


def _manual(situation: Situation, server: Server) -> Iterator[Step]:
    yield open_app(_NAME)
    yield do(
        say("In the settings add an account by hand, for {protocol}.", protocol=PROTOCOL_NAMES[server.type])
    )
    yield enter_under(label("Accounts"), *server_entries(situation, server, _WORDS))
    yield press(label("Check"))
    yield press(label("Save"))
    if situation.outgoing is not None:
        yield do(say("In the settings add an identity by hand: with it mail is sent."))
        outgoing = server_entries(situation, situation.outgoing, _WORDS)
        yield enter_under(label("Identities"), name_entry(), address_entry(situation), *outgoing)
        yield press(label("Save"))


CLIENTS: Final = (
    Client(
        slug="fairemail",
        name=_NAME,
        platforms=("Android",),
        basis=Basis(
            source=say("FairEmail's SETUP.md, an old edition and the German one of the app"),
            url="https://github.com/M66B/FairEmail",
            read="2026-11",
        ),
        words=_WORDS,
        reads="autoconfig",
        automatic=_automatic,
        manual=_manual,
    ),
)
