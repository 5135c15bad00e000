"""Samsung Email."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.core.servers import ServerType, SocketType
from app.instructions.client import Client
from app.instructions.phrases import label, same, say
from app.instructions.program import SignIn, Words
from app.instructions.situation import address_entry, password_entries, server_entries
from app.instructions.steps import choose, do, enter, enter_under, open_app, press

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.core.servers import Server
    from app.instructions.guide import Step
    from app.instructions.situation import Situation

_WORDS: Final = Words(
    security=label("Security type"),
    # Its list calls STARTTLS TLS.
    socket_types={
        SocketType.TLS: same("SSL"),
        SocketType.STARTTLS: same("TLS"),
        SocketType.PLAIN: label("None"),
    },
    path_prefix=label("IMAP path prefix"),
)


def _manual(situation: Situation, server: Server) -> Iterator[Step]:
    yield open_app("Samsung Email")
    yield do(say("Add an account: on the first start at once, later in the settings."))
    yield choose(label("Other"))
    yield enter(address_entry(situation), *password_entries(situation))
    yield press(label("Manual setup"))
    is_imap = server.type is ServerType.IMAP
    yield choose(label("IMAP account") if is_imap else label("POP3 account"))
    yield enter_under(label("Incoming server"), *server_entries(situation, server, _WORDS))
    if situation.outgoing is not None:
        outgoing = server_entries(situation, situation.outgoing, _WORDS)
        yield enter_under(label("Outgoing server"), *outgoing)
    yield press(label("Sign in"))


CLIENTS: Final = (
    Client(
        slug="samsung-email",
        name="Samsung Email",
        platforms=("Android",),
        words=_WORDS,
        sign_in=SignIn.KNOWN_PROVIDERS,
        manual=_manual,
    ),
)
