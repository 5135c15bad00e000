"""Spark, whose maker's servers fetch the mail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.core.servers import ServerType, SocketType
from app.instructions.client import Client
from app.instructions.guide import Note, NoteKind
from app.instructions.phrases import label, say
from app.instructions.program import SSL_TLS_WORDS, Words
from app.instructions.situation import address_entry, password_entries, server_entries
from app.instructions.steps import do, enter, enter_under, open_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.core.servers import Server
    from app.instructions.guide import Step
    from app.instructions.situation import Situation

_NAME: Final = "Spark"
_WORDS: Final = Words(
    # It refuses connections without encryption.
    socket_types={kind: word for kind, word in SSL_TLS_WORDS.items() if kind is not SocketType.PLAIN},
)


def _manual(situation: Situation, server: Server) -> Iterator[Step]:
    yield open_app(_NAME)
    yield do(say("Add an account: on the first start at once, later in the settings."))
    yield do(say("Choose that you want to enter the servers yourself."))
    yield enter(address_entry(situation), *password_entries(situation))
    yield enter_under(label("Incoming server"), *server_entries(situation, server, _WORDS))
    if situation.outgoing is not None:
        outgoing = server_entries(situation, situation.outgoing, _WORDS)
        yield enter_under(label("Outgoing server"), *outgoing)


def _notes(_situation: Situation) -> Iterator[Note]:
    text = say(
        "Spark does not fetch your mail itself: its maker's servers do, and your password is stored there. "
        "If you do not want that, use another program."
    )
    yield Note(kind=NoteKind.WARNING, code="mail-passes-through-vendor", text=text)


CLIENTS: Final = (
    Client(
        slug="spark",
        name=_NAME,
        platforms=("iOS", "Android", "macOS", "Windows"),
        words=_WORDS,
        protocols=(ServerType.IMAP,),
        manual=_manual,
        notes=_notes,
    ),
)
