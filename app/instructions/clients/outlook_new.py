"""The new Outlook for Windows, which fetches other providers' mail through Microsoft's servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.instructions.client import Client
from app.instructions.guide import Note, NoteKind
from app.instructions.phrases import label, same, say
from app.instructions.program import SSL_TLS_WORDS, SignIn, Words
from app.instructions.situation import address_entry, first_service, server_entries, sign_in
from app.instructions.steps import choose, do, enter, enter_under, open_app, press

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.core.servers import Server
    from app.instructions.guide import Step
    from app.instructions.situation import Situation

_NAME: Final = "Outlook"
_WORDS: Final = Words(
    security=label("Secure connection type"),
    socket_types=SSL_TLS_WORDS,
    password=label("Password", context="outlook"),
)


def _begin(situation: Situation) -> Iterator[Step]:
    yield open_app(_NAME)
    yield choose(label("Settings"), label("Accounts"), label("Your accounts"), label("Add account"))
    yield enter(address_entry(situation))
    yield press(label("Continue"))


def _exchange(situation: Situation) -> Iterator[Step]:
    service = first_service(situation, "ews", "mapi", "autodiscover", "activesync")
    if service is None:
        return
    yield from _begin(situation)
    yield from sign_in(situation, service)
    yield press(label("Continue"))


def _manual(situation: Situation, server: Server) -> Iterator[Step]:
    yield from _begin(situation)
    protocol = same("IMAP") if server is situation.choice.imap else same("POP")
    yield do(say("If Outlook asks for the provider or the protocol, choose {protocol}.", protocol=protocol))
    yield do(say("Switch on {button} to see all fields.", button=label("Show more")))
    yield enter_under(label("Incoming server"), *server_entries(situation, server, _WORDS))
    if situation.outgoing is not None:
        outgoing = server_entries(situation, situation.outgoing, _WORDS)
        yield enter_under(label("Outgoing server (SMTP)"), *outgoing)
    yield press(label("Continue"))


def _notes(_situation: Situation) -> Iterator[Note]:
    text = say(
        "The new Outlook does not fetch your mail itself: Microsoft's servers do, and your password and your "
        "messages are stored there. If you do not want that, use another program."
    )
    yield Note(kind=NoteKind.WARNING, code="mail-passes-through-vendor", text=text)


CLIENTS: Final = (
    Client(
        slug="outlook-new",
        name=say("Outlook (new) for Windows"),
        platforms=("Windows",),
        words=_WORDS,
        sign_in=SignIn.KNOWN_PROVIDERS,
        exchange=_exchange,
        manual=_manual,
        notes=_notes,
    ),
)
