"""KMail, the mail program of KDE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.core.servers import ServerType
from app.instructions.client import Client
from app.instructions.phrases import label, same, say
from app.instructions.program import SSL_TLS_WORDS, Words
from app.instructions.situation import address_entry, name_entry, password_entries, server_entries
from app.instructions.steps import choose, do, enter, enter_under, open_app, press

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.core.servers import Server
    from app.instructions.guide import Step
    from app.instructions.situation import Situation

_NAME: Final = "KMail"
_WORDS: Final = Words(security=label("Encryption"), socket_types=SSL_TLS_WORDS, username=label("Username"))


def _automatic(situation: Situation) -> Iterator[Step]:
    yield open_app(_NAME)
    yield choose(label("Tools"), label("Account Wizard…"))
    yield enter(name_entry(label("Full name")), address_entry(situation), *password_entries(situation))
    yield press(label("Next"))
    yield do(say("Wait until the settings have been found."))
    yield press(label("Finish"))


def _manual(situation: Situation, server: Server) -> Iterator[Step]:
    yield open_app(_NAME)
    is_imap = server.type is ServerType.IMAP
    kind = label("IMAP E-Mail Server") if is_imap else label("POP3 E-Mail Server")
    yield choose(
        label("Settings"),
        label("Configure KMail…"),
        label("Accounts"),
        label("Receiving"),
        label("Add"),
        kind,
    )
    yield enter(*server_entries(situation, server, _WORDS))
    if situation.outgoing is not None:
        yield choose(label("Sending"), label("Add"), same("SMTP"))
        yield enter(*server_entries(situation, situation.outgoing, _WORDS))
    yield choose(label("Identities"), label("Add"))
    yield enter_under(label("General"), name_entry(), address_entry(situation))


CLIENTS: Final = (
    Client(
        slug="kmail",
        name=_NAME,
        platforms=("Linux",),
        words=_WORDS,
        reads="autoconfig",
        automatic=_automatic,
        manual=_manual,
    ),
)
