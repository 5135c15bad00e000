"""Outlook Express and Windows Live Mail: programs that nobody maintains any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.core.servers import SocketType
from app.instructions.client import Client
from app.instructions.guide import Note, NoteKind
from app.instructions.phrases import label, same, say
from app.instructions.program import SignIn, Words
from app.instructions.situation import (
    address_entry,
    name_entry,
    protocol_entry,
    server_entries,
)
from app.instructions.steps import choose, enter, enter_under, open_app, press
from app.instructions.values import ValueKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.core.servers import Server
    from app.instructions.guide import Step
    from app.instructions.situation import Situation

_SSL: Final = label("This server requires a secure connection (SSL)")
_WORDS: Final = Words(
    hostname=label("Incoming mail server"),
    port=label("Incoming server"),
    security=_SSL,
    # They upgrade a connection on port 25 only, so STARTTLS cannot be said.
    socket_types={SocketType.TLS: label("On"), SocketType.PLAIN: label("Off")},
    username=label("Account name"),
)
_OUTGOING: Final = Words(
    hostname=label("Outgoing mail server (SMTP)"),
    port=label("Outgoing server (SMTP)"),
    security=_SSL,
    socket_types=_WORDS.socket_types,
    username=label("Account name"),
)
_LATER: Final = (ValueKind.PORT, ValueKind.SOCKET_TYPE)
_HOST: Final = (ValueKind.HOSTNAME,)


def _manual(situation: Situation, server: Server) -> Iterator[Step]:
    outgoing = situation.outgoing
    yield open_app("Outlook Express / Windows Live Mail")
    yield choose(label("Tools"), label("Accounts"), label("Add"), label("Mail"))
    yield enter(name_entry(), address_entry(situation))
    yield press(label("Next"))
    yield enter(
        protocol_entry(server, label("My incoming mail server")),
        *server_entries(situation, server, _WORDS, _HOST),
        *(() if outgoing is None else server_entries(situation, outgoing, _OUTGOING, _HOST)),
    )
    yield press(label("Next"))
    yield enter(*server_entries(situation, server, _WORDS, (ValueKind.USERNAME, ValueKind.PASSWORD)))
    yield press(label("Finish"))
    yield choose(label("Properties"), label("Servers"), label("My server requires authentication"))
    yield enter_under(label("Advanced"), *server_entries(situation, server, _WORDS, _LATER))
    if outgoing is not None:
        yield enter(*server_entries(situation, outgoing, _OUTGOING, _LATER))
    yield press(same("OK"))


def _notes(_situation: Situation) -> Iterator[Note]:
    text = say(
        "These programs have had no security updates for years, and many servers no longer accept their old "
        "encryption. Please move to a program that is maintained."
    )
    yield Note(kind=NoteKind.WARNING, code="client-not-maintained", text=text)


CLIENTS: Final = (
    Client(
        slug="outlook-express",
        name="Outlook Express, Windows Live Mail",
        platforms=("Windows",),
        words=_WORDS,
        sign_in=SignIn.NEVER,
        manual=_manual,
        notes=_notes,
    ),
)
