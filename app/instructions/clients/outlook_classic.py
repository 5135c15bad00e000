"""Classic Outlook for Windows, 2016 to 2024: two dialogs, of which one knows no user name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.core.servers import ServerType
from app.instructions.client import Client
from app.instructions.phrases import label, same, say
from app.instructions.program import SOCKET_FIELDS, SSL_TLS_WORDS, Basis, SignIn, Words
from app.instructions.situation import (
    address_entry,
    first_service,
    name_entry,
    protocol_entry,
    server_entries,
    sign_in,
)
from app.instructions.steps import choose, do, enter, enter_under, open_app, press
from app.instructions.values import ValueKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.core.servers import Server
    from app.instructions.guide import Entry, Step
    from app.instructions.situation import Situation

_NAME: Final = "Outlook"
_WORDS: Final = Words(
    security=label("Encryption method"),
    socket_types=SSL_TLS_WORDS,
    username=label("User Name"),
    password=label("Password", context="outlook"),
    fields=SOCKET_FIELDS,
)
_INCOMING_HOST: Final = Words(hostname=label("Incoming mail server"), socket_types=SSL_TLS_WORDS)
_OUTGOING_HOST: Final = Words(hostname=label("Outgoing mail server (SMTP)"), socket_types=SSL_TLS_WORDS)
_LOGIN: Final = (ValueKind.USERNAME, ValueKind.PASSWORD)
_ADVANCED: Final = (ValueKind.PORT, ValueKind.SOCKET_TYPE)


def _begin(situation: Situation) -> Iterator[Step]:
    yield open_app(_NAME)
    yield choose(label("File"), label("Add Account"))
    yield enter(address_entry(situation))


def _automatic(situation: Situation) -> Iterator[Step]:
    yield from _begin(situation)
    yield press(label("Connect"))
    yield from sign_in(situation)
    yield press(label("Connect"))
    yield do(say("If Outlook asks for server names instead, set up the account by hand."))


def _exchange(situation: Situation) -> Iterator[Step]:
    # Outlook learns of Exchange from Autodiscover only; it has no field for the URLs.
    service = first_service(situation, "mapi", "ews", "autodiscover")
    if service is None:
        return
    yield from _begin(situation)
    yield press(label("Connect"))
    yield from sign_in(situation, service)


def _manual(situation: Situation, server: Server) -> Iterator[Step]:
    if situation.has_plain_login:
        yield from _by_address(situation, server)
    else:
        yield from _by_control_panel(situation, server)


def _by_address(situation: Situation, server: Server) -> Iterator[Step]:
    """Take the simple dialog, which logs in with the address."""
    yield from _begin(situation)
    yield choose(label("Advanced options"), label("Let me set up my account manually"))
    yield press(label("Connect"))
    yield choose(same("IMAP") if server.type is ServerType.IMAP else same("POP"))
    yield enter_under(label("Incoming mail"), *server_entries(situation, server, _WORDS))
    if situation.outgoing is not None:
        outgoing = server_entries(situation, situation.outgoing, _WORDS)
        yield enter_under(label("Outgoing mail"), *outgoing)
    yield press(label("Next"))
    yield from sign_in(situation)
    yield press(label("Connect"))


def _by_control_panel(situation: Situation, server: Server) -> Iterator[Step]:
    yield do(say("Close Outlook: its own dialog cannot take your user name, which is not your address."))
    yield open_app(label("Control Panel"))
    yield choose(label("Mail"), label("Email Accounts…"), label("New…"))
    yield choose(label("Manual setup or additional server types"), label("POP or IMAP"))
    hosts = [*server_entries(situation, server, _INCOMING_HOST, (ValueKind.HOSTNAME,))]
    outgoing = situation.outgoing
    if outgoing is not None:
        hosts += server_entries(situation, outgoing, _OUTGOING_HOST, (ValueKind.HOSTNAME,))
    yield enter(
        name_entry(),
        address_entry(situation),
        protocol_entry(server, label("Account Type")),
        *hosts,
        *server_entries(situation, server, _WORDS, _LOGIN),
    )
    yield press(label("More Settings…"))
    if outgoing is not None:
        yield from _outgoing_login(situation, server, outgoing)
    yield enter_under(label("Advanced"), *_ports(situation, server, outgoing))
    yield press(same("OK"))
    yield press(label("Next"))


def _outgoing_login(situation: Situation, server: Server, outgoing: Server) -> Iterator[Step]:
    entries = server_entries(situation, outgoing, _WORDS, _LOGIN)
    if not entries:
        return
    yield choose(label("Outgoing Server"), label("My outgoing server (SMTP) requires authentication"))
    if situation.username(server) == situation.username(outgoing):
        yield choose(label("Use same settings as my incoming mail server"))
    else:
        yield enter_under(label("Log on using"), *entries)


def _ports(situation: Situation, server: Server, outgoing: Server | None) -> Iterator[Entry]:
    security = label("Use the following type of encrypted connection")
    incoming = Words(port=label("Incoming server"), security=security, socket_types=SSL_TLS_WORDS)
    yield from server_entries(situation, server, incoming, _ADVANCED)
    if outgoing is not None:
        words = Words(port=label("Outgoing server (SMTP)"), security=security, socket_types=SSL_TLS_WORDS)
        yield from server_entries(situation, outgoing, words, _ADVANCED)


CLIENTS: Final = (
    Client(
        slug="outlook-classic",
        name=say("Outlook (classic, 2016 to 2024)"),
        platforms=("Windows",),
        basis=Basis(
            source=say("OVHcloud's guide to classic Outlook"),
            url="https://github.com/ovh/docs",
            read="2026-11",
            version="2026-01",
        ),
        words=_WORDS,
        sign_in=SignIn.NEVER,
        reads="autodiscover",
        always_finds=False,
        automatic=_automatic,
        exchange=_exchange,
        manual=_manual,
    ),
)
