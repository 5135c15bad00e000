"""eM Client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.core.servers import SocketType
from app.instructions.client import Client
from app.instructions.phrases import label, same, say
from app.instructions.program import Words
from app.instructions.situation import PROTOCOL_NAMES, address_entry, name_entry, server_entries, sign_in
from app.instructions.steps import choose, do, enter, enter_under, open_app, press
from app.instructions.values import ValueKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.core.servers import Server
    from app.instructions.guide import Step
    from app.instructions.situation import Situation

_NAME: Final = "eM Client"
_WORDS: Final = Words(
    hostname=label("Host"),
    security=label("Security policy"),
    socket_types={
        SocketType.TLS: label("Use SSL/TLS on special port (legacy)"),
        SocketType.STARTTLS: label("Force usage of SSL/TLS"),
        SocketType.PLAIN: label("Do not use secure connection"),
    },
    username=label("User name"),
)
_FIRST: Final = (ValueKind.HOSTNAME, ValueKind.USERNAME, ValueKind.PASSWORD)
_LATER: Final = (ValueKind.HOSTNAME, ValueKind.PORT, ValueKind.SOCKET_TYPE)


def _begin(situation: Situation) -> Iterator[Step]:
    yield open_app(_NAME)
    yield choose(label("Menu"), label("Accounts"), label("Add Account"))
    yield enter(address_entry(situation))


def _automatic(situation: Situation) -> Iterator[Step]:
    yield from _begin(situation)
    yield press(label("Start now"))
    yield from sign_in(situation)
    yield press(label("Continue"))


def _manual(situation: Situation, server: Server) -> Iterator[Step]:
    yield open_app(_NAME)
    yield choose(label("Menu"), label("Accounts"), label("Add Account"), label("Mail"), label("Other"))
    yield enter(address_entry(situation), name_entry())
    yield enter_under(label("Incoming server"), *server_entries(situation, server, _WORDS, _FIRST))
    outgoing = situation.outgoing
    if outgoing is not None:
        yield enter_under(label("Outgoing server"), *server_entries(situation, outgoing, _WORDS, _FIRST))
    yield press(label("Finish"))
    page = same(PROTOCOL_NAMES[server.type])
    yield do(say("Open the account again and compare what it says under {place}.", place=page))
    yield enter_under(page, *server_entries(situation, server, _WORDS, _LATER))
    if outgoing is not None:
        yield enter_under(same("SMTP"), *server_entries(situation, outgoing, _WORDS, _LATER))


CLIENTS: Final = (
    Client(
        slug="em-client",
        name=_NAME,
        platforms=("Windows", "macOS"),
        words=_WORDS,
        reads="autoconfig",
        always_finds=False,
        automatic=_automatic,
        manual=_manual,
    ),
)
