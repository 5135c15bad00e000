"""Geary, GNOME's small mail program."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from app.core.servers import ServerType, SocketType
from app.instructions.client import Client
from app.instructions.phrases import label, same, say
from app.instructions.program import Basis, Words
from app.instructions.situation import address_entry, name_entry, server_entries
from app.instructions.steps import choose, do, enter, enter_under, open_app, press
from app.instructions.values import ValueKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.core.servers import Server
    from app.instructions.guide import Step
    from app.instructions.situation import Situation

_NAME: Final = "Geary"
_WORDS: Final = Words(
    port_follows_hostname=True,
    security=label("Connection security"),
    socket_types={
        SocketType.TLS: same("TLS"),
        SocketType.STARTTLS: same("StartTLS"),
        SocketType.PLAIN: label("None"),
    },
    username=label("Login name"),
)
_LOGIN: Final = (ValueKind.USERNAME, ValueKind.PASSWORD)
_IMAP: Final = replace(_WORDS, hostname=label("IMAP server"))
_SMTP: Final = replace(_WORDS, hostname=label("SMTP server"))
# It shows the choice of encryption only once a connection has failed.
_SECURITY: Final = (ValueKind.SOCKET_TYPE,)


def _begin(situation: Situation) -> Iterator[Step]:
    yield open_app(_NAME)
    yield choose(label("Menu"), label("Accounts"), label("Add"))
    yield enter(name_entry(), address_entry(situation))
    yield press(label("Next"))


def _automatic(situation: Situation) -> Iterator[Step]:
    yield from _begin(situation)
    incoming, outgoing = situation.incoming[0], situation.outgoing
    yield enter_under(label("Receiving"), *server_entries(situation, incoming, _IMAP, _LOGIN))
    if outgoing is not None:
        yield from _outgoing_login(situation, incoming, outgoing)
    yield press(label("Create"))


def _outgoing_login(situation: Situation, incoming: Server, outgoing: Server) -> Iterator[Step]:
    login = server_entries(situation, outgoing, _SMTP, _LOGIN)
    if not login:
        yield choose(label("Sending"), label("Login"), label("No login needed"))
    elif situation.username(outgoing) == situation.username(incoming):
        yield choose(label("Sending"), label("Login"), label("Use same login as receiving"))
    else:
        yield choose(label("Sending"), label("Login"), label("Use a different login"))
        yield enter_under(label("Sending"), *login)


def _manual(situation: Situation, server: Server) -> Iterator[Step]:
    yield from _begin(situation)
    first = (ValueKind.HOSTNAME, *_LOGIN)
    yield enter_under(label("Receiving"), *server_entries(situation, server, _IMAP, first))
    outgoing = situation.outgoing
    if outgoing is not None:
        hostname = server_entries(situation, outgoing, _SMTP, (ValueKind.HOSTNAME,))
        yield enter_under(label("Sending"), *hostname)
        yield from _outgoing_login(situation, server, outgoing)
    yield press(label("Create"))
    yield do(say("If it cannot connect, it shows how the connection is encrypted; compare that:"))
    yield enter_under(label("Receiving"), *server_entries(situation, server, _IMAP, _SECURITY))
    if outgoing is not None:
        yield enter_under(label("Sending"), *server_entries(situation, outgoing, _SMTP, _SECURITY))
    yield press(label("Create"))


CLIENTS: Final = (
    Client(
        slug="geary",
        name=_NAME,
        platforms=("Linux",),
        basis=Basis(
            source=say("Geary's source code, the English texts"),
            url="https://gitlab.gnome.org/GNOME/geary",
            read="2026-11",
            version="46.0",
        ),
        words=_WORDS,
        protocols=(ServerType.IMAP,),
        reads="autoconfig",
        automatic=_automatic,
        manual=_manual,
    ),
)
