"""Evolution, the mail program of GNOME."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.core.servers import Authentication, SocketType
from app.instructions.client import Client
from app.instructions.phrases import label, same, say
from app.instructions.program import Words
from app.instructions.situation import (
    address_entry,
    exchange_username_entry,
    name_entry,
    protocol_entry,
    server_entries,
    sign_in,
    url_entry,
)
from app.instructions.steps import choose, do, enter, enter_under, open_app, press
from app.instructions.values import ValueKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.core.servers import Server
    from app.instructions.guide import Step
    from app.instructions.situation import Situation

_NAME: Final = "Evolution"
_WORDS: Final = Words(
    security=label("Encryption method"),
    socket_types={
        SocketType.TLS: label("TLS on a dedicated port"),
        SocketType.STARTTLS: label("STARTTLS after connecting"),
        SocketType.PLAIN: label("No encryption"),
    },
    authentication=label("Authentication type"),
    methods={
        Authentication.PASSWORD_CLEARTEXT: label("Password"),
        Authentication.PASSWORD_ENCRYPTED: same("CRAM-MD5"),
        Authentication.GSSAPI: same("GSSAPI"),
        Authentication.NTLM: same("NTLM / SPA"),
        Authentication.OAUTH2: same("OAuth2"),
    },
    username=label("Username"),
)


def _begin(situation: Situation) -> Iterator[Step]:
    yield open_app(_NAME)
    yield choose(label("File"), label("New"), label("Mail Account"))
    yield enter_under(label("Identity"), name_entry(label("Full name")), address_entry(situation))


def _automatic(situation: Situation) -> Iterator[Step]:
    yield from _begin(situation)
    yield do(say("Leave it switched on that the server details are looked up."))
    yield press(label("Next"))
    yield do(say("Go on to the last page; all fields have been filled in."))
    yield press(label("Apply"))
    yield from sign_in(situation)


def _exchange(situation: Situation) -> Iterator[Step]:
    if "ews" not in situation.exchange:
        return
    yield from _begin(situation)
    yield choose(label("Server type"), same("Exchange Web Services"))
    yield enter(
        exchange_username_entry(situation, "ews", label("Username")),
        url_entry("ews", situation.exchange["ews"], label("Host URL")),
    )
    yield press(label("Apply"))
    yield from sign_in(situation, "ews")


def _manual(situation: Situation, server: Server) -> Iterator[Step]:
    yield from _begin(situation)
    yield do(say("Switch off that the server details are looked up."))
    incoming = server_entries(situation, server, _WORDS)
    yield enter_under(
        label("Receiving Email"),
        protocol_entry(server, label("Server type")),
        *(entry for entry in incoming if entry.kind is not ValueKind.PASSWORD),
    )
    if situation.outgoing is not None:
        outgoing = server_entries(situation, situation.outgoing, _WORDS)
        yield enter_under(
            label("Sending Email"),
            protocol_entry(situation.outgoing, label("Server type")),
            *(entry for entry in outgoing if entry.kind is not ValueKind.PASSWORD),
        )
    yield press(label("Apply"))
    yield from sign_in(situation)


CLIENTS: Final = (
    Client(
        slug="evolution",
        name=_NAME,
        platforms=("Linux",),
        words=_WORDS,
        reads="autoconfig",
        automatic=_automatic,
        exchange=_exchange,
        manual=_manual,
    ),
)
