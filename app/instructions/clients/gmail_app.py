"""The Gmail app on Android, with mailboxes of other providers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.instructions.client import Client
from app.instructions.phrases import label, same, say
from app.instructions.program import SSL_TLS_WORDS, Basis, SignIn, Words
from app.instructions.situation import address_entry, server_entries, sign_in
from app.instructions.steps import choose, enter, enter_if_shown, enter_under, open_app, press
from app.instructions.values import ValueKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.core.servers import Server
    from app.instructions.guide import Step
    from app.instructions.situation import Situation

_NAME: Final = "Gmail"
_WORDS: Final = Words(
    security=label("Security type"),
    socket_types=SSL_TLS_WORDS,
    username=label("Username"),
)
_OUTGOING: Final = Words(
    hostname=label("SMTP server"),
    socket_types=_WORDS.socket_types,
    security=_WORDS.security,
    username=_WORDS.username,
)
_FIRST: Final = (ValueKind.USERNAME, ValueKind.PASSWORD, ValueKind.HOSTNAME)
_LATER: Final = (ValueKind.PORT, ValueKind.SOCKET_TYPE)


def _begin(situation: Situation) -> Iterator[Step]:
    yield open_app(_NAME)
    yield choose(same("≡"), label("Settings"), label("Add account"), label("Other"))
    yield enter(address_entry(situation))


def _manual(situation: Situation, server: Server) -> Iterator[Step]:
    yield from _begin(situation)
    is_imap = server is situation.choice.imap
    yield choose(label("Personal (IMAP)") if is_imap else label("Personal (POP3)"))
    yield from sign_in(situation)
    yield enter_under(label("Incoming server settings"), *server_entries(situation, server, _WORDS, _FIRST))
    yield enter_if_shown(*server_entries(situation, server, _WORDS, _LATER))
    outgoing = situation.outgoing
    if outgoing is not None:
        entries = server_entries(situation, outgoing, _OUTGOING, _FIRST)
        yield enter_under(label("Outgoing server settings"), *entries)
        yield enter_if_shown(*server_entries(situation, outgoing, _OUTGOING, _LATER))
    yield press(label("Next"))


CLIENTS: Final = (
    Client(
        slug="gmail-app",
        name=say("Gmail app (Android)"),
        platforms=("Android",),
        basis=Basis(
            source=say("OVHcloud's guide to Gmail on Android 13"),
            url="https://github.com/ovh/docs",
            read="2026-11",
            version="2023-12",
        ),
        words=_WORDS,
        sign_in=SignIn.KNOWN_PROVIDERS,
        manual=_manual,
    ),
)
