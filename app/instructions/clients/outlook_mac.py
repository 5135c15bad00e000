"""Outlook for Mac."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.instructions.client import Client
from app.instructions.phrases import label, same, say
from app.instructions.program import SWITCH_WORDS, Basis, SignIn, Words
from app.instructions.situation import address_entry, first_service, protocol_entry, server_entries, sign_in
from app.instructions.steps import choose, enter, open_app, press
from app.instructions.values import ValueKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.core.servers import Server
    from app.instructions.guide import Step
    from app.instructions.situation import Situation

_NAME: Final = "Outlook"
_SOCKET: Final = (ValueKind.HOSTNAME, ValueKind.PORT, ValueKind.SOCKET_TYPE)
_INCOMING: Final = Words(
    hostname=label("Incoming server"),
    security=label("Use SSL to connect"),
    socket_types=SWITCH_WORDS,
    username=label("Username"),
    password=label("Password", context="outlook"),
    fields=(ValueKind.USERNAME, ValueKind.PASSWORD, *_SOCKET),
)
_OUTGOING: Final = Words(
    hostname=label("Outgoing server"),
    security=label("Use SSL to connect"),
    socket_types=SWITCH_WORDS,
    username=label("Username"),
    fields=_SOCKET,
)


def _begin(situation: Situation) -> Iterator[Step]:
    yield open_app(_NAME)
    yield choose(label("Tools"), label("Accounts"), same("+"), label("New Account"))
    yield enter(address_entry(situation))
    yield press(label("Continue"))


def _exchange(situation: Situation) -> Iterator[Step]:
    service = first_service(situation, "ews", "autodiscover")
    if service is None:
        return
    yield from _begin(situation)
    yield from sign_in(situation, service)
    yield press(label("Continue"))


def _manual(situation: Situation, server: Server) -> Iterator[Step]:
    yield from _begin(situation)
    yield choose(same("IMAP/POP"))
    outgoing = situation.outgoing
    yield enter(
        protocol_entry(server, label("Type")),
        *server_entries(situation, server, _INCOMING),
        *(() if outgoing is None else server_entries(situation, outgoing, _OUTGOING)),
    )
    yield press(label("Add Account"))


CLIENTS: Final = (
    Client(
        slug="outlook-mac",
        name=say("Outlook for Mac"),
        platforms=("macOS",),
        basis=Basis(
            source=say("OVHcloud's guide to Outlook for Mac"),
            url="https://github.com/ovh/docs",
            read="2026-11",
            version="2024-10",
        ),
        words=_INCOMING,
        sign_in=SignIn.KNOWN_PROVIDERS,
        exchange=_exchange,
        manual=_manual,
    ),
)
