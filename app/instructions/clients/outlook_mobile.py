"""Outlook on phones and tablets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.instructions.client import Client
from app.instructions.guide import Note, NoteKind
from app.instructions.phrases import label, same, say
from app.instructions.program import SSL_TLS_WORDS, Basis, SignIn, Words
from app.instructions.situation import (
    PROTOCOL_NAMES,
    address_entry,
    name_entry,
    protocol_entry,
    server_entries,
    sign_in,
)
from app.instructions.steps import choose, do, enter, enter_under, open_app, press

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.core.servers import Server
    from app.instructions.guide import Step
    from app.instructions.situation import Situation

_NAME: Final = "Outlook"


def _words(protocol: str) -> Words:
    return Words(
        hostname=label("{protocol} Host Name", protocol=protocol),
        security=label("Security Type"),
        socket_types=SSL_TLS_WORDS,
        username=label("{protocol} Username", protocol=protocol),
        password=label("{protocol} Password", protocol=protocol),
    )


def _begin(situation: Situation) -> Iterator[Step]:
    yield open_app(_NAME)
    yield do(say("Add an account: on the first start at once, later in the settings."))
    yield enter(address_entry(situation))
    yield press(label("Continue"))


def _exchange(situation: Situation) -> Iterator[Step]:
    if "activesync" not in situation.exchange:
        return
    yield from _begin(situation)
    yield from sign_in(situation, "activesync")


def _manual(situation: Situation, server: Server) -> Iterator[Step]:
    yield from _begin(situation)
    yield do(
        say(
            "If you are not asked for the protocol, press {help} and choose {change}.",
            help=same("?"),
            change=label("Change account provider"),
        )
    )
    yield enter(protocol_entry(server, label("Protocol")))
    yield choose(label("Advanced settings"))
    incoming = server_entries(situation, server, _words(PROTOCOL_NAMES[server.type]))
    yield enter(name_entry(label("Display name")))
    yield enter_under(label("Incoming mail server"), *incoming)
    if situation.outgoing is not None:
        outgoing = server_entries(situation, situation.outgoing, _words("SMTP"))
        yield enter_under(label("Outgoing mail server"), *outgoing)
    yield press(same("✓"))


def _notes(_situation: Situation) -> Iterator[Note]:
    text = say(
        "Outlook for phones adds accounts through Microsoft's servers. If you do not want your password to "
        "pass through them, use another app."
    )
    yield Note(kind=NoteKind.WARNING, code="mail-passes-through-vendor", text=text)


CLIENTS: Final = (
    Client(
        slug="outlook-mobile",
        name=say("Outlook for Android and iOS"),
        platforms=("Android", "iOS", "iPadOS"),
        basis=Basis(
            source=say("OVHcloud's guide to Outlook for Android"),
            url="https://github.com/ovh/docs",
            read="2026-11",
            version="2024-11",
        ),
        # In a step without fields, nothing says of which protocol the password is.
        words=Words(socket_types=SSL_TLS_WORDS, password=label("Password", context="outlook")),
        sign_in=SignIn.KNOWN_PROVIDERS,
        exchange=_exchange,
        manual=_manual,
        notes=_notes,
    ),
)
