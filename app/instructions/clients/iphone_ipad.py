"""Mail on iPhone and iPad."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from app.core.servers import Authentication
from app.instructions.apple import open_profile
from app.instructions.client import Client
from app.instructions.guide import Entry
from app.instructions.phrases import label, same, say
from app.instructions.program import SWITCH_WORDS, Basis, Words
from app.instructions.situation import (
    PROTOCOL_NAMES,
    address_entry,
    exchange_username_entry,
    name_entry,
    opens_page,
    password_entries,
    protocol_entry,
    server_entries,
    sign_in,
)
from app.instructions.steps import choose, do, enter, enter_under, open_app, press
from app.instructions.values import ValueKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.core.servers import Server
    from app.instructions.guide import Step
    from app.instructions.situation import Situation

_WORDS: Final = Words(
    hostname=label("Host Name"),
    port=label("Server Port"),
    security=label("Use SSL"),
    socket_types=SWITCH_WORDS,
    methods={
        Authentication.PASSWORD_CLEARTEXT: label("Password"),
        Authentication.PASSWORD_ENCRYPTED: label("MD5 Challenge-Response"),
        Authentication.NTLM: same("NTLM"),
        Authentication.NONE: label("None"),
    },
    username=label("User Name"),
    path_prefix=label("IMAP Path Prefix"),
    adds_delimiter=True,
)
_FIRST: Final = (ValueKind.HOSTNAME, ValueKind.USERNAME, ValueKind.PASSWORD)
_LATER: Final = (ValueKind.SOCKET_TYPE, ValueKind.AUTHENTICATION, ValueKind.PATH_PREFIX, ValueKind.PORT)


def _to_accounts() -> Iterator[Step]:
    yield open_app(label("Settings"))
    yield choose(label("Apps"), label("Mail"), label("Mail Accounts"), label("Add Account", context="apple"))


def _profile(situation: Situation) -> Iterator[Step]:
    yield open_profile(situation)
    yield open_app(label("Settings"))
    yield choose(label("General"), label("VPN & Device Management"))
    yield do(say("Open the downloaded profile, look at it, and install it."))
    yield from sign_in(situation)


def _exchange(situation: Situation) -> Iterator[Step]:
    found = situation.exchange.get("activesync")
    hostname = None if found is None else urlsplit(found.url).hostname
    if found is None or hostname is None:
        return
    yield from _to_accounts()
    yield choose(same("Microsoft Exchange"))
    yield enter(address_entry(situation))
    yield press(label("Next"))
    server = Entry(
        label=label("Server"),
        kind=ValueKind.HOSTNAME,
        text=hostname,
        value=hostname,
        service="activesync",
        server=found.server.key,
    )
    username = exchange_username_entry(situation, "activesync", label("Username"))
    yield enter(server, username, *password_entries(situation, "activesync"))
    yield press(label("Next"))
    if opens_page(situation, "activesync"):
        yield from sign_in(situation, "activesync")


def _manual(situation: Situation, server: Server) -> Iterator[Step]:
    yield from _to_accounts()
    yield choose(label("Other"), label("Add Mail Account"))
    yield enter(name_entry(label("Name")), address_entry(situation), *password_entries(situation))
    yield press(label("Next"))
    yield enter(protocol_entry(server, label("Protocol"), PROTOCOL_NAMES[server.type].removesuffix("3")))
    yield enter_under(label("Incoming Mail Server"), *server_entries(situation, server, _WORDS, _FIRST))
    outgoing = situation.outgoing
    if outgoing is not None:
        yield do(say("Fill in the outgoing server too, even where it says “optional”."))
        yield enter_under(label("Outgoing Mail Server"), *server_entries(situation, outgoing, _WORDS, _FIRST))
    yield press(label("Next"))
    yield press(label("Save", context="apple"))
    yield do(say("Open the account again and compare what it says under {place}.", place=label("Advanced")))
    yield enter_under(label("Advanced"), *server_entries(situation, server, _WORDS, _LATER))
    if outgoing is not None:
        yield enter_under(same("SMTP"), *server_entries(situation, outgoing, _WORDS, _LATER))


CLIENTS: Final = (
    Client(
        slug="iphone-ipad",
        name=say("iPhone and iPad"),
        platforms=("iOS", "iPadOS"),
        basis=Basis(
            source=say(
                "OVHcloud's guide to Mail for iOS, and a report on iPadOS 18 for where accounts are; the "
                "profile's steps are not checked"
            ),
            url="https://github.com/ovh/docs",
            read="2026-11",
            version="2024-10",
        ),
        words=_WORDS,
        reads="mobileconfig",
        profile=_profile,
        exchange=_exchange,
        manual=_manual,
    ),
)
