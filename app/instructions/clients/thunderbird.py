"""Thunderbird on computers: its account hub."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.core.servers import Authentication
from app.instructions.client import Client
from app.instructions.phrases import label, same, say
from app.instructions.program import LOGIN_FIELDS, SOCKET_FIELDS, SSL_TLS_WORDS, Basis, Words
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

_NAME: Final = "Thunderbird"
_WORDS: Final = Words(
    hostname=label("Hostname"),
    security=label("Connection security"),
    socket_types=SSL_TLS_WORDS,
    authentication=label("Authentication method"),
    methods={
        Authentication.PASSWORD_CLEARTEXT: label("Normal password"),
        Authentication.PASSWORD_ENCRYPTED: label("Encrypted password"),
        Authentication.GSSAPI: same("Kerberos / GSSAPI"),
        Authentication.NTLM: same("NTLM"),
        Authentication.TLS_CLIENT_CERTIFICATE: label("TLS Certificate"),
        Authentication.OAUTH2: same("OAuth2"),
        Authentication.NONE: label("No authentication"),
    },
    # The password has a page of its own.
    fields=tuple(kind for kind in (*SOCKET_FIELDS, *LOGIN_FIELDS) if kind is not ValueKind.PASSWORD),
)


def _begin(situation: Situation) -> Iterator[Step]:
    yield open_app(_NAME)
    yield choose(same("≡"), label("New Account"), label("Email"))
    yield enter(name_entry(label("Full name")), address_entry(situation))
    yield press(label("Continue"))


def _finish(situation: Situation, service: str | None = None) -> Iterator[Step]:
    yield from sign_in(situation, service)
    yield press(label("Continue"))


def _automatic(situation: Situation) -> Iterator[Step]:
    yield from _begin(situation)
    yield do(say("Wait until the settings have been found."))
    if len(situation.incoming) > 1:
        yield do(say("Choose how to fetch mail; the differences are explained here."))
    yield press(label("Continue"))
    yield from _finish(situation)


def _manual(situation: Situation, server: Server) -> Iterator[Step]:
    yield from _begin(situation)
    yield press(label("Configure Manually"))
    incoming = server_entries(situation, server, _WORDS)
    yield enter_under(label("Incoming server settings"), protocol_entry(server, label("Protocol")), *incoming)
    if situation.outgoing is not None:
        yield press(label("Continue"))
        outgoing = server_entries(situation, situation.outgoing, _WORDS)
        yield enter_under(label("Outgoing server settings"), *outgoing)
    yield press(label("Test"))
    yield press(label("Continue"))
    yield from _finish(situation)


def _exchange(situation: Situation) -> Iterator[Step]:
    if "ews" not in situation.exchange:
        return
    yield from _begin(situation)
    yield press(label("Configure Manually"))
    yield enter(
        url_entry("ews", situation.exchange["ews"], label("Exchange endpoint URL")),
        exchange_username_entry(situation, "ews", label("Username")),
    )
    yield press(label("Continue"))
    yield from _finish(situation, "ews")


CLIENTS: Final = (
    Client(
        slug="thunderbird",
        name=_NAME,
        platforms=("Windows", "macOS", "Linux"),
        basis=Basis(
            source=say("Thunderbird's own texts (accountHub.ftl) in English and German"),
            url="https://github.com/thunderbird/thunderbird-desktop",
            read="2026-11",
        ),
        words=_WORDS,
        reads="autoconfig",
        automatic=_automatic,
        exchange=_exchange,
        manual=_manual,
        outcome=say("Thunderbird says that the account was connected, and shows your inbox."),
    ),
)
