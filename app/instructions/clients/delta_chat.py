"""Delta Chat, which speaks IMAP only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.core.servers import ServerType, SocketType
from app.instructions.client import Client
from app.instructions.phrases import label, same, say
from app.instructions.program import LOGIN_FIELDS, SOCKET_FIELDS, SignIn, Words
from app.instructions.situation import address_entry, password_entries, server_entries
from app.instructions.steps import do, enter, enter_under, open_app, press
from app.instructions.values import ValueKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.core.servers import Server
    from app.instructions.guide import Step
    from app.instructions.situation import Situation

_NAME: Final = "Delta Chat"
_FIELDS: Final = (ValueKind.USERNAME, ValueKind.PASSWORD, *SOCKET_FIELDS, LOGIN_FIELDS[0])


def _words(protocol: str) -> Words:
    return Words(
        hostname=label("{protocol} server", protocol=protocol),
        port=label("{protocol} port", protocol=protocol),
        security=label("{protocol} security", protocol=protocol),
        socket_types={
            SocketType.TLS: same("SSL/TLS"),
            SocketType.STARTTLS: same("STARTTLS"),
            SocketType.PLAIN: label("Off"),
        },
        username=label("{protocol} login name", protocol=protocol),
        fields=_FIELDS,
    )


def _begin(situation: Situation) -> Iterator[Step]:
    yield open_app(_NAME)
    yield do(say("Create a profile, or add one, and choose to use a mail address that you have already."))
    yield enter(address_entry(situation), *password_entries(situation))


def _automatic(situation: Situation) -> Iterator[Step]:
    yield from _begin(situation)
    yield press(same("✓"))


def _manual(situation: Situation, server: Server) -> Iterator[Step]:
    yield from _begin(situation)
    yield press(label("Advanced"))
    yield enter_under(label("Inbox"), *server_entries(situation, server, _words("IMAP")))
    if situation.outgoing is not None:
        yield enter_under(label("Outbox"), *server_entries(situation, situation.outgoing, _words("SMTP")))
    yield press(same("✓"))


CLIENTS: Final = (
    Client(
        slug="delta-chat",
        name=_NAME,
        platforms=("Android", "iOS", "Windows", "macOS", "Linux"),
        words=_words("IMAP"),
        protocols=(ServerType.IMAP,),
        sign_in=SignIn.NEVER,
        reads="autoconfig",
        needs_universal=True,
        automatic=_automatic,
        manual=_manual,
        outcome=say("Your chats appear. Delta Chat shows messages as chats, not as an inbox."),
    ),
)
